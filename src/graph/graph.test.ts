import { describe, expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { add, div, mul, neg, sub } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { exp, leakyRelu, sigmoid } from "../ops/elementwise.ts";
import { gemm } from "../ops/product.ts";
import { buildGraph, topological } from "./graph.ts";
import { print } from "./print.ts";
import { apply, constant, input, type Operator, type Tensor } from "./tensor.ts";

const x = input("x", [2, 3], "batch");
const graphOf = (...tensors: Tensor[]) => buildGraph(tensors.map((tensor, i) => ({ name: `y${i}`, tensor })));
const types = (...tensors: Tensor[]) =>
  graphOf(...tensors).tensors.map((t) => (t.kind === "application" ? t.operator.type : t.kind));

describe("a graph", () => {
  test("holds what its outputs need and nothing else", () => {
    const unused = input("unused", [2, 3], "batch");
    const dead = add(exp(x), unused);
    const graph = graphOf(neg(x));
    expect(types(neg(x), dead)).toContain("Exp");
    expect(graph.inputs).toEqual([x]);
    expect(types(neg(x))).toEqual(["input", "Neg"]);
  });

  test("lists every tensor after its inputs", () => {
    const { tensors } = graphOf(mul(sigmoid(x), add(sigmoid(x), exp(neg(x)))));
    tensors.forEach((tensor, i) => {
      if (tensor.kind !== "application") return;
      for (const source of tensor.inputs) expect(tensors.slice(0, i)).toContain(source);
    });
  });

  test("is printed as one line a tensor, then the outputs", () => {
    const w = input("generator/weight", [3, 2], "parameter");
    const y = leakyRelu(gemm(x, w, { addend: constant([1, -0.5]) }), 0.25);
    expect(print(graphOf(y, reduceSum(mul(constant(2), y), { axes: [0] }), x))).toMatchInlineSnapshot(`
      "x [2, 3] batch
      generator/weight [3, 2] parameter
      %3 = Gemm(x, generator/weight, (1,-0.5)) {transA=0 transB=0} [2, 2]
      %4 = LeakyRelu(%3) {alpha=0.25} [2, 2]
      %6 = Mul(2, %4) [2, 2]
      %7 = ReduceSum(%6) {axes=[0] keepdims=0} [2]
      -> y0 = %4
      -> y1 = %7
      -> y2 = x"
    `);
  });

  test("is the same text whenever the same source builds it", () => {
    const build = () => {
      const w = input("w", [3, 3], "parameter");
      const h = sigmoid(gemm(input("x", [2, 3], "batch"), w));
      return print(graphOf(...gradients(reduceSum(mul(h, sub(h, exp(h)))), [w]), h));
    };
    expect(build()).toBe(build());
  });

  test("takes one output under two names", () => {
    const graph = graphOf(neg(x), neg(x));
    expect(graph.outputs.map(({ name }) => name)).toEqual(["y0", "y1"]);
    expect(graph.outputs[0]!.tensor).toBe(graph.outputs[1]!.tensor);
  });
});

describe("value numbering", () => {
  test("makes equal applications one, all the way up", () => {
    const branch = () => exp(mul(constant(3), neg(input("x", [2, 3], "batch"))));
    expect(types(add(branch(), branch()))).toEqual(["constant", "input", "Neg", "Mul", "Exp", "Add"]);
  });

  test("keeps applications with different attributes apart", () => {
    expect(types(add(leakyRelu(x, 0.25), leakyRelu(x, 0.5)))).toEqual(["input", "LeakyRelu", "LeakyRelu", "Add"]);
    expect(types(reduceSum(x, { axes: [0] }), reduceSum(x, { axes: [1] }))).toHaveLength(3);
    expect(types(reduceSum(x, { axes: [0] }), reduceSum(x, { axes: [0], keepdims: true }))).toHaveLength(3);
  });

  test("keeps the order of the inputs apart", () => {
    const y = input("y", [2, 3], "batch");
    expect(types(sub(x, y), sub(y, x))).toEqual(["input", "input", "Sub", "Sub"]);
  });

  test("keeps constants of different values or shapes apart, 0 and -0 too", () => {
    const quotients = (...constants: Tensor[]) => types(...constants.map((c) => div(x, c))).length - 1;
    expect(quotients(constant(2), constant(2))).toBe(2);
    expect(quotients(constant(2), constant(3))).toBe(4);
    expect(quotients(constant(2), constant([2]))).toBe(4);
    expect(quotients(constant(0), constant(-0))).toBe(4);
    expect(quotients(constant([1, 2, 3]), constant([1, 2, 3]))).toBe(2);
    expect(quotients(constant([1, 2, 3], [3]), constant([1, 2, 3], [1, 3]))).toBe(4);
  });
});

describe("a broken promise", () => {
  test("of two different inputs with one name is reported", () => {
    const clash = (other: Tensor) => () => graphOf(neg(x), neg(other));
    expect(clash(input("x", [2, 3], "batch"))).not.toThrow();
    expect(clash(input("x", [3, 2], "batch"))).toThrowErrorMatchingInlineSnapshot(
      `[Error: internal: two different inputs or outputs are named x.]`,
    );
    expect(clash(input("x", [2, 3], "parameter"))).toThrow("internal: two different inputs or outputs are named x.");
  });

  test("of an output that takes the name of an input, or one kept for unnamed tensors, is reported", () => {
    expect(() => buildGraph([{ name: "x", tensor: neg(x) }])).toThrow(
      "internal: two different inputs or outputs are named x.",
    );
    expect(() => buildGraph([{ name: "#1/Neg", tensor: neg(x) }])).toThrow(
      'internal: an input or output is named "#1/Neg"',
    );
    expect(buildGraph([{ name: "x", tensor: x }]).outputs).toHaveLength(1);
  });

  test("of two outputs with one name is reported", () => {
    const outputs = [x, neg(x)].map((tensor) => ({ name: "y", tensor }));
    expect(() => buildGraph(outputs)).toThrowErrorMatchingInlineSnapshot(
      `[Error: internal: two different inputs or outputs are named y.]`,
    );
  });

  test("of a shape rule that gives another shape the second time is reported", () => {
    let size = 0;
    const Fickle: Operator = { type: "Fickle", shape: () => [size++] };
    const y = apply(Fickle, [add(exp(x), exp(x))]);
    expect(() => graphOf(y)).toThrowErrorMatchingInlineSnapshot(
      `[Error: internal: Fickle changed its shape from [0] to [1].]`,
    );
  });
});

describe("a chain of 50,000 applications", () => {
  const depth = 50_000;
  const start = input("x", [], "batch");
  let end: Tensor = start;
  for (let i = 0; i < depth; i++) end = sigmoid(end);

  test("is walked, built and printed without overflowing the stack", () => {
    expect(topological([end])).toHaveLength(depth + 1);
    const graph = graphOf(end);
    expect(graph.tensors).toHaveLength(depth + 1);
    expect(print(graph).split("\n")).toHaveLength(depth + 2);
  });

  test("is differentiated without overflowing the stack", () => {
    const [slope] = gradients(end, [start]);
    // per link y = sigmoid(x): y * y, y - y * y and the product with what comes from above; the last has nothing above
    expect(graphOf(slope!).tensors).toHaveLength(4 * depth);
  });
});
