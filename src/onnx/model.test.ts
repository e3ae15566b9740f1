import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluator } from "../../test/support/evaluate.ts";
import { gradients } from "../autodiff/gradients.ts";
import { buildGraph } from "../graph/graph.ts";
import { apply, constant, input, type OnnxSpelling, type Operator, type Tensor } from "../graph/tensor.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { greater, where } from "../ops/comparison.ts";
import { leakyRelu, sigmoid } from "../ops/elementwise.ts";
import { slice } from "../ops/layout.ts";
import { gemm } from "../ops/product.ts";
import { type OnnxGraph, readOnnx } from "../runtime/onnx-reader.ts";
import { compile } from "./compile.ts";
import { encodeModel, type Precision } from "./model.ts";
import { protobufWriter } from "./protobuf.ts";

const x = input("x", [2, 3], "batch");
const graphOf = (tensors: Readonly<Record<string, Tensor>>) =>
  buildGraph(Object.entries(tensors).map(([name, tensor]) => ({ name, tensor })));
const read = (tensors: Readonly<Record<string, Tensor>>, precision?: Precision): OnnxGraph =>
  readOnnx(encodeModel("test", graphOf(tensors), precision));

describe("the protobuf writer", () => {
  const hex = (write: (writer: ReturnType<typeof protobufWriter>) => void) => {
    const writer = protobufWriter();
    write(writer);
    return Buffer.from(writer.finish()).toString("hex");
  };

  test("gives the examples of the protocol buffer encoding guide", () => {
    expect(hex((w) => w.integer(1, 150))).toBe("089601");
    expect(hex((w) => w.string(2, "testing"))).toBe("120774657374696e67");
    expect(hex((w) => w.message(3, (inner) => inner.integer(1, 150)))).toBe("1a03089601");
    expect(hex((w) => w.integer(1, -2))).toBe("08feffffffffffffffff01");
  });

  test("writes field numbers above 15 in two bytes, floats in four, strings in UTF-8", () => {
    expect(hex((w) => w.integer(16, 0))).toBe("800100");
    expect(hex((w) => w.float(2, 1))).toBe("150000803f");
    expect(hex((w) => w.string(1, "Ω"))).toBe("0a02cea9");
    expect(hex(() => {})).toBe("");
  });

  test("grows past its first buffer", () => {
    const long = new Uint8Array(100_000).fill(7);
    expect(hex((w) => w.bytes(1, long))).toBe(`0aa08d06${"07".repeat(100_000)}`);
  });
});

describe("a model read back", () => {
  const spelt = (spelling: OnnxSpelling): OnnxGraph => {
    const Odd: Operator = { type: "Odd", shape: () => [], onnx: () => spelling };
    return read({ y: apply(Odd, [x]) });
  };
  const integers = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer({ min: -130, max: 130 }),
    fc.constantFrom(2 ** 31, -(2 ** 31), 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  );

  test("has the integers of its attributes and operands, whatever their sign and size", () => {
    fc.assert(
      fc.property(integers, fc.array(integers), fc.array(integers), (one, several, operand) => {
        const { nodes, initializers } = spelt({ ints: { one, several }, operands: [operand] });
        expect(nodes[0]!.attributes).toEqual({ one, several });
        const [vector] = initializers;
        expect(nodes[0]!.inputs).toEqual(["x", vector!.name]);
        expect([vector!.shape, [...vector!.values]]).toEqual([[operand.length], operand]);
      }),
    );
  });

  test("has the floats of its attributes, to the bit of float32", () => {
    fc.assert(
      fc.property(fc.float(), (float) => {
        expect(spelt({ floats: { float } }).nodes[0]!.attributes).toEqual({ float });
      }),
    );
  });

  test("has the values of its constants, to the bit of its precision", () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { minLength: 1 }), (values) => {
        const y = constant(values);
        expect([...read({ y }, "float64").initializers[0]!.values]).toEqual(values);
        expect([...read({ y }, "float32").initializers[0]!.values]).toEqual(values.map(Math.fround));
      }),
    );
  });

  test("has its nodes in an order in which they can run, each output named once", () => {
    const w = input("w", [3, 3], "parameter");
    const h = leakyRelu(gemm(x, w), 0.25);
    const loss = reduceSum(where(greater(h, constant(1)), mul(h, h), sigmoid(h)));
    const { nodes, initializers } = read({ loss, slope: gradients(loss, [w])[0]! });
    const known = new Set(["x", "w", ...initializers.map(({ name }) => name)]);
    for (const { inputs, output } of nodes) {
      for (const name of inputs) expect(known).toContain(name);
      expect(known).not.toContain(output);
      known.add(output);
    }
    expect(known).toContain("loss");
    expect(known).toContain("slope");
  });

  test("shares the operands that are equal", () => {
    const { initializers } = read({ a: slice(x, 0, 0, 1), b: slice(x, 1, 0, 1), c: slice(x, 0, 1, 2) });
    expect(initializers.map(({ name, values }) => [name, ...values]).sort()).toEqual([
      ["#int64/0", 0],
      ["#int64/1", 1],
      ["#int64/2", 2],
    ]);
  });
});

describe("a compiled program", () => {
  test("is the same bytes whenever the same source builds it, and other bytes otherwise", () => {
    const build = (slope: number, precision?: Precision) => {
      const w = input("w", [3, 3], "parameter");
      const loss = reduceSum(leakyRelu(gemm(input("x", [2, 3], "batch"), w), slope));
      const results = [loss, ...gradients(loss, [w])].map((tensor, i) => ({
        name: `y${i}`,
        tensor,
        role: "metric" as const,
      }));
      return compile("program", results, { precision }).model;
    };
    expect(build(0.25)).toEqual(build(0.25));
    expect(build(0.25)).not.toEqual(build(0.5));
    expect(build(0.25)).not.toEqual(build(0.25, "float64"));
  });

  test("gives back an input, a constant, and one tensor under two names", async () => {
    const y = mul(x, x);
    const run = await evaluator([x, constant([1.5, -0.5]), y, y, x]);
    expect(await run({ x: [1, 2, 3, 4, 5, 6] })).toEqual([
      [1, 2, 3, 4, 5, 6],
      [1.5, -0.5],
      [1, 4, 9, 16, 25, 36],
      [1, 4, 9, 16, 25, 36],
      [1, 2, 3, 4, 5, 6],
    ]);
  });

  test("gives back an input under its own name without a node", () => {
    expect(read({ x }).nodes).toEqual([]);
  });

  test("computes in float64 where that is asked for, and rounds constants to float32 where not", async () => {
    const tiny = 1 + 2 ** -40;
    const product = mul(input("one", [], "batch"), constant(tiny));
    const results = [{ name: "y", tensor: product, role: "metric" as const }];
    const [exact, rounded] = (["float64", "float32"] as const).map(
      (precision) => readOnnx(compile("test", results, { precision }).model).initializers[0]!.values[0],
    );
    expect([exact, rounded]).toEqual([tiny, 1]);
    expect(await (await evaluator([product]))({ one: [1] })).toEqual([[tiny]]);
  });
});

describe("a manifest", () => {
  const w = input("w", [3, 4], "parameter");
  const rate = input("rate", [], "hyper");
  const loss = reduceSum(sigmoid(gemm(x, w)));
  const [slope] = gradients(loss, [w]);
  const step = {
    name: "w/next",
    tensor: add(w, mul(mul(constant(-1), rate), slope!)),
    role: "parameter",
    replaces: "w",
  } as const;
  const { manifest } = compile("step", [{ name: "loss", tensor: loss, role: "metric" }, step], { objective: loss });

  test("lists inputs and outputs with what they are for", () => {
    expect(manifest.inputs).toEqual([
      { name: "x", shape: [2, 3], role: "batch" },
      { name: "w", shape: [3, 4], role: "parameter" },
      { name: "rate", shape: [], role: "hyper" },
    ]);
    expect(manifest.outputs).toEqual([
      { name: "loss", shape: [], role: "metric" },
      { name: "w/next", shape: [3, 4], role: "parameter", replaces: "w" },
    ]);
  });

  test("counts the multiply-accumulates of the products", () => {
    // forward [2, 3] x [3, 4] and its weight gradient [3, 2] x [2, 4]
    expect(manifest.cost.macs).toBe(2 * 3 * 4 + 3 * 2 * 4);
  });

  test("counts the bytes that the backward pass reads and those that come back", () => {
    // x for the weight gradient, the sigmoid for its derivative; w comes back
    expect(manifest.cost.bytesHeld).toBe(4 * (2 * 3 + 2 * 4));
    expect(manifest.cost.bytesReturned).toBe(4 * 3 * 4);
    const silent = compile("step", [step], { objective: loss }).manifest;
    expect(silent.outputs).toHaveLength(1);
    expect(silent.cost).toEqual(manifest.cost);
  });
});
