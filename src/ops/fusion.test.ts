import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  binaryRule,
  constantTwin,
  evaluated,
  expectEqualTwins,
  inputTwins,
  type Rule,
  randomTwins,
  unaryRule,
} from "../../test/support/twins.ts";
import { gradients } from "../autodiff/gradients.ts";
import { buildGraph } from "../graph/graph.ts";
import { print } from "../graph/print.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { add, mul, neg, sub } from "./arithmetic.ts";
import { reduceSum } from "./broadcasting.ts";
import { sigmoid } from "./elementwise.ts";
import { fuse } from "./fusion.ts";
import { gemm } from "./product.ts";

const a = input("a", [2, 3], "batch");
const b = input("b", [3, 4], "batch");
const c = input("c", [2, 4], "batch");
const rate = input("rate", [], "hyper");
const text = (...tensors: Tensor[]) =>
  print(buildGraph(fuse(buildGraph(tensors.map((tensor, i) => ({ name: `y${i}`, tensor }))).outputs)));
const unfused = (...tensors: Tensor[]) => print(buildGraph(tensors.map((tensor, i) => ({ name: `y${i}`, tensor }))));

describe("fuse", () => {
  test("makes one product of a gradient step W - lr * A'E", () => {
    const inputs = input("A", [8, 3], "batch");
    const errors = input("E", [8, 4], "batch");
    const weight = input("W", [3, 4], "parameter");
    const slope = gemm(inputs, errors, { transA: true });
    expect(text(add(weight, mul(neg(rate), slope)))).toMatchInlineSnapshot(`
      "rate [] hyper
      %1 = Neg(rate) []
      A [8, 3] batch
      %3 = Mul(%1, A) [8, 3]
      E [8, 4] batch
      W [3, 4] parameter
      %6 = Gemm(%3, E, W) {transA=1 transB=0} [3, 4]
      -> y0 = %6"
    `);
  });

  test("makes one product of a gradient step whose gradient was derived", () => {
    const weight = input("W", [3, 4], "parameter");
    const [slope] = gradients(reduceSum(sigmoid(gemm(a, weight))), [weight]);
    const step = text(add(weight, mul(neg(rate), slope!)));
    expect(step.match(/Gemm/g)).toHaveLength(2);
    expect(step).toMatch(/= Gemm\(%\d+, %\d+, W\) \{transA=1 transB=0\} \[3, 4\]\n-> y0/);
  });

  test("scales the smaller factor of a product", () => {
    expect(text(mul(rate, gemm(a, b)))).toMatchInlineSnapshot(`
      "rate [] hyper
      a [2, 3] batch
      %2 = Mul(rate, a) [2, 3]
      b [3, 4] batch
      %4 = Gemm(%2, b) {transA=0 transB=0} [2, 4]
      -> y0 = %4"
    `);
    expect(text(mul(constant(3), gemm(input("tall", [9, 3], "batch"), b)))).toMatchInlineSnapshot(`
      "tall [9, 3] batch
      b [3, 4] batch
      %3 = Mul(3, b) [3, 4]
      %4 = Gemm(tall, %3) {transA=0 transB=0} [9, 4]
      -> y0 = %4"
    `);
  });

  test("takes an addend of a product that has none, on either side, repeated or not", () => {
    const row = input("row", [4], "parameter");
    for (const addend of [c, row, rate]) {
      const sum = text(add(addend, gemm(a, b)));
      expect(text(add(gemm(a, b), addend)).match(/Gemm.*/)).toEqual(sum.match(/Gemm.*/));
      expect(sum).toMatch(new RegExp(`Gemm\\(a, b, ${(addend as { name: string }).name}\\)`));
      expect(sum).not.toContain("Add");
    }
  });

  test("scales and increases a sum of products down to the last addend: a step along two gradients is two products", () => {
    const [d, e] = [input("d", [2, 5], "batch"), input("e", [5, 4], "batch")];
    const step = text(add(c, mul(neg(rate), add(gemm(a, b), gemm(d, e)))));
    expect(step.match(/= (\w+)/g)).toEqual(["= Neg", "= Mul", "= Mul", "= Gemm", "= Gemm"]);
    expect(step).toMatch(/= Gemm\(%\d+, \w+, c\)/);
  });

  test("adds one product to another", () => {
    const d = input("d", [3, 2], "batch");
    expect(text(add(gemm(a, b), gemm(d, b, { transA: true })))).toMatchInlineSnapshot(`
      "a [2, 3] batch
      b [3, 4] batch
      d [3, 2] batch
      %3 = Gemm(d, b) {transA=1 transB=0} [2, 4]
      %4 = Gemm(a, b, %3) {transA=0 transB=0} [2, 4]
      -> y0 = %4"
    `);
  });

  test.each<[string, Tensor[]]>([
    ["is read twice", [mul(gemm(a, b), add(gemm(a, b), c))]],
    ["is read twice by one reader", [add(gemm(a, b), gemm(a, b))]],
    ["is an output itself", [add(gemm(a, b), c), gemm(a, b)]],
    ["is an output itself, and only scaled", [mul(rate, gemm(a, b)), gemm(a, b)]],
    ["has an addend already", [add(c, gemm(a, b, { addend: input("row", [4], "parameter") }))]],
    ["would grow by its addend", [add(input("many", [5, 2, 4], "batch"), gemm(a, b))]],
    ["would grow from one row", [add(c, gemm(input("u", [1, 3], "batch"), b))]],
    [
      "has no columns, but would get rows",
      [add(input("v", [5, 1], "batch"), gemm(input("u", [1, 3], "batch"), input("n", [3, 0], "batch")))],
    ],
    ["is scaled by more than a number", [mul(input("row", [4], "parameter"), gemm(a, b))]],
    ["would grow by its scalar", [mul(constant([2], [1, 1, 1]), gemm(a, b))]],
    ["is subtracted from", [sub(gemm(a, b), c)]],
  ])("leaves a product alone that %s", (_, tensors) => {
    expect(text(...tensors)).toBe(unfused(...tensors));
  });

  test("scales a product that has an addend afterwards, not before", () => {
    expect(text(mul(rate, add(c, gemm(a, b))))).toMatchInlineSnapshot(`
      "rate [] hyper
      a [2, 3] batch
      b [3, 4] batch
      c [2, 4] batch
      %4 = Gemm(a, b, c) {transA=0 transB=0} [2, 4]
      %5 = Mul(rate, %4) [2, 4]
      -> y0 = %5"
    `);
  });
});

describe("any graph of products, sums and scalings", () => {
  const shapes = {
    a: [2, 3],
    b: [3, 2],
    c: [2, 2],
    d: [3, 3],
    row: [3],
    column: [2, 1],
    scalar: [],
    one: [1, 1],
    none: [1, 0],
  };
  const { twins: inputs, values } = inputTwins(shapes, -1, 1);
  const constants = [[], [1, 1], [1, 1, 1]].map((shape) => constantTwin(-0.5, shape));
  const product: Rule = (x, y, choice) => {
    const [transA, transB] = [choice % 2 === 1, choice % 4 > 1];
    const [p, q] = [x.value.shape, y.value.shape];
    if (p.length !== 2 || q.length !== 2 || p[transA ? 0 : 1] !== q[transB ? 1 : 0]) return undefined;
    return {
      tensor: gemm(x.tensor, y.tensor, { transA, transB }),
      value: evaluated("Gemm", [x.value, y.value], { transA: transA ? 1 : 0, transB: transB ? 1 : 0 }),
    };
  };
  const rules = [product, product, binaryRule("Add", add), binaryRule("Mul", mul), unaryRule("Neg", neg)];

  test("keeps its values and its shapes when it is fused", async () => {
    await fc.assert(
      fc.asyncProperty(randomTwins([...constants, ...inputs], rules), (twins) => expectEqualTwins(twins, values)),
      { numRuns: 400 },
    );
  });
});
