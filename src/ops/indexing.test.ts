import { describe, expect, test } from "vitest";
import { evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { gradients } from "../autodiff/gradients.ts";
import { countMacs } from "../graph/cost.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { programGraph } from "../onnx/compile.ts";
import { sizeOf } from "../program.ts";
import { add, mul, square } from "./arithmetic.ts";
import { reduceSum } from "./broadcasting.ts";
import { addAt, detach, floor, take, takeElements, topK } from "./indexing.ts";
import { gemm } from "./product.ts";

const [B, p, q] = [5, 7, 6];
const a = input("a", [B, p], "batch");
const e = input("e", [B, q], "batch");
const index = input("index", [2], "index");
const values: Values = { a: numbers(B * p, "a"), e: numbers(B * q, "e"), index: [4, 1] };
const macsOf = (tensor: Tensor) => countMacs(programGraph([{ name: "result", tensor }]));
const run = async (...tensors: Tensor[]) => (await evaluator(tensors))(values);

describe("taking slices of a product", () => {
  const products: readonly (readonly [string, Tensor])[] = [
    ["A'E", gemm(a, e, { transA: true })],
    ["a multiple", mul(constant(-0.5), gemm(a, e, { transA: true }))],
    ["a sum", add(gemm(a, e, { transA: true }), gemm(square(a), square(e), { transA: true }))],
  ];

  test.each(products)("gives those of the whole, for the work of the slices (%s)", async (_, product) => {
    const [whole, rows, columns] = await run(product, take(product, index, 0), take(product, index, 1));
    expect(
      largestError(
        rows!,
        [4, 1].flatMap((i) => whole!.slice(i * q, (i + 1) * q)),
      ),
    ).toBeLessThan(1e-15);
    const expected = [...Array(p).keys()].flatMap((row) => [4, 1].map((j) => whole![row * q + j]!));
    expect(largestError(columns!, expected)).toBeLessThan(1e-15);
    expect(macsOf(take(product, index, 0))).toBe((macsOf(product) * 2) / p);
    expect(macsOf(take(product, index, 1))).toBe((macsOf(product) * 2) / q);
  });

  test.each(products)("gives single elements without any product (%s)", async (_, product) => {
    const chosen = constant([0, 41, 17, 6, 5]);
    const [whole, elements] = await run(product, takeElements(product, chosen));
    expect(
      largestError(
        elements!,
        [0, 41, 17, 6, 5].map((i) => whole![i]!),
      ),
    ).toBeLessThan(1e-15);
    expect(macsOf(takeElements(product, chosen))).toBe(0);
  });

  test("of the sum over the batch takes columns first", () => {
    const sum = reduceSum(e, { axes: [0] });
    expect(take(sum, index, 0)).toMatchObject({ operator: { type: "ReduceSum" }, shape: [2] });
  });
});

test("every element of a large matrix is found by its number", async () => {
  const [rows, width] = [3, 4099];
  const [x, y] = [input("x", [1, rows], "batch"), input("y", [1, width], "batch")];
  const chosen = [0, width - 1, width, 2 * width - 1, 2 * width, 3 * width - 1];
  const result = await (await evaluator([takeElements(gemm(x, y, { transA: true }), constant(chosen))]))({
    x: [1, 10, 100],
    y: Array.from({ length: width }, (_, i) => i),
  });
  expect(result[0]).toEqual([0, width - 1, 0, 10 * (width - 1), 0, 100 * (width - 1)]);
});

test.each([
  [[5], 0],
  [[5, 3], 0],
  [[3, 5], 1],
  [[2, 5, 3], 1],
  [[5, 2, 3], 0],
] as const)("adding to slices of %j along axis %i is undone by taking them", async (shape, axis) => {
  const x = input("x", shape, "batch");
  const part = take(x, index, axis);
  const delta = input("delta", part.shape, "batch");
  const given = { x: numbers(sizeOf(shape), "x"), delta: numbers(sizeOf(part.shape), "delta"), index: [4, 1] };
  const raised = addAt(x, index, delta, axis);
  const [taken, expected, before, after] = await (
    await evaluator([take(raised, index, axis), add(part, delta), x, raised])
  )(given);
  expect(taken).toEqual(expected);
  expect(before!.filter((value, i) => value !== after![i])).toHaveLength(sizeOf(part.shape));
});

test("nothing is differentiated through a constant, a whole number or a largest number", async () => {
  const x = input("a", [B, p], "batch");
  const y = reduceSum(mul(detach(x), x));
  const [slope] = await run(...gradients(y, [x]));
  expect(slope).toEqual(values.a);
  const vector = reduceSum(x, { axes: [0] });
  for (const flat of [reduceSum(floor(x)), reduceSum(topK(vector, 2))]) {
    expect((await run(...gradients(flat, [x])))[0]).toEqual(new Array(B * p).fill(0));
  }
});
