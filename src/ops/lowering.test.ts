import { expect, test } from "vitest";
import { evaluator, largestError, numbers } from "../../test/support/evaluate.ts";
import { buildGraph } from "../graph/graph.ts";
import { constant, input, isApplication, type Tensor } from "../graph/tensor.ts";
import { compile } from "../onnx/compile.ts";
import { nativeRuntime } from "../runtime/native.ts";
import { mul } from "./arithmetic.ts";
import { ReduceSum, reduceSum } from "./broadcasting.ts";
import { greater, Where, where } from "./comparison.ts";
import { lower } from "./lowering.ts";

const x = input("x", [3, 4], "batch");
const lowered = (tensor: Tensor) => lower(buildGraph([{ name: "y", tensor }])).outputs[0]!.tensor;
const step = (below: number, above = 1, bound = 0) =>
  where(greater(x, constant(bound)), constant(above), constant(below));

/** What native float32 gives of x, in the program that is compiled. */
async function native(tensor: Tensor, values: readonly number[]) {
  const program = compile("p", [{ name: "y", tensor, role: "sample" }]);
  const runtime = nativeRuntime({ threads: 1 });
  const session = await runtime.load(program);
  const [from, to] = [runtime.allocate(x.shape), runtime.allocate(tensor.shape)];
  from.write((target) => target.set(values));
  await session.run({ x: from }, { y: to });
  return [...(await to.read())].map((value) => value + 0); // -0 is 0
}

test.each([0, 0.25, 1])("a step from %d to 1 is cut from a steep line, and gives the same numbers", async (below) => {
  expect(isApplication(lowered(step(below)), Where)).toBe(false);
  const smallest = 2 ** -126;
  const least = [0, -0, smallest, -smallest];
  const values = [...least, 1, -1, 3.4e38, -3.4e38, 1e-30, -1e-30, Infinity, -Infinity];
  const expected = values.map((value) => (value > 0 ? 1 : Math.fround(below)));
  expect(await native(step(below), values)).toEqual(expected);
  const [exact] = await (await evaluator([lowered(step(below))]))({ x: values });
  expect([...exact!].map((value) => Math.fround(value) + 0)).toEqual(expected);
});

test.each([3, -2, 1.9])("the argument of a step may be %d times something", async (factor) => {
  const scaled = where(greater(mul(constant(factor), x), constant(0)), constant(1), constant(0.25));
  const values = [0, -0, 1, -1, 1e-30, -1e-30, 2, -2, 3, -3, 4, -4];
  expect(await native(scaled, values)).toEqual(values.map((value) => (factor * value > 0 ? 1 : 0.25)));
});

test("a constant of one element that stretches the result stays what it is", () => {
  const [one, quarter] = [constant([1], [1, 1, 1]), constant([0.25], [1, 1, 1])];
  expect(lowered(where(greater(x, constant(0)), one, quarter)).shape).toEqual([1, 3, 4]);
});

test("other conditions stay", () => {
  for (const other of [step(-0.5), step(1.5), step(0.2, 2), step(0.2, 1, 0.5)]) {
    expect(isApplication(lowered(other), Where)).toBe(true);
  }
  expect(isApplication(lowered(where(greater(x, constant(0)), x, constant(0))), Where)).toBe(true);
});

test("the sum over the rows of a matrix is a product; other sums stay", async () => {
  const sum = reduceSum(x, { axes: [0] });
  expect(isApplication(lowered(sum), ReduceSum)).toBe(false);
  for (const kept of [false, true]) {
    const tensor = reduceSum(x, { axes: [0], keepdims: kept });
    const values = numbers(12, "x", -1, 1);
    const [plain] = await (await evaluator([tensor]))({ x: values });
    const [product] = await (await evaluator([lowered(tensor)]))({ x: values });
    expect(largestError(product!, [...plain!])).toBeLessThan(1e-15);
    expect(lowered(tensor).shape).toEqual(tensor.shape);
  }
  const column = input("c", [3, 1], "batch");
  const images = input("i", [3, 4, 2], "batch");
  for (const other of [
    reduceSum(x, { axes: [1] }),
    reduceSum(x),
    reduceSum(column, { axes: [0] }),
    reduceSum(images, { axes: [0] }),
  ])
    expect(isApplication(lowered(other), ReduceSum)).toBe(true);
});
