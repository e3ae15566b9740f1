import { expect, test } from "vitest";
import { evaluator, largestError, numbers } from "../../test/support/evaluate.ts";
import { gradients } from "../autodiff/gradients.ts";
import { countMacs } from "../graph/cost.ts";
import { buildGraph } from "../graph/graph.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { mul } from "./arithmetic.ts";
import { reduceSum } from "./broadcasting.ts";
import { conv, convTranspose } from "./convolution.ts";
import { gemm } from "./product.ts";

const x = input("x", [2, 3, 9, 9], "batch");
const w = input("w", [4, 3, 3, 2], "parameter");
const window = { strides: [2, 3], pads: [1, 0, 2, 1], dilations: [1, 2] } as const;
const draw = (tensors: readonly (Tensor & { kind: "input" })[]) =>
  Object.fromEntries(tensors.map(({ name, shape }) => [name, numbers(sizeOf(shape), name)]));
const dot = (a: Tensor, b: Tensor) => reduceSum(mul(a, b));

test("a transposed convolution is the adjoint of the convolution with the same kernel", async () => {
  const y = input("y", conv(x, w, window).shape, "batch");
  const back = convTranspose(y, w, { ...window, outputPadding: [1, 1] });
  expect(back.shape).toEqual(x.shape);
  const [[there], [andBack]] = (await (
    await evaluator([dot(conv(x, w, window), y), dot(x, back)])
  )(draw([x, w, y]))) as [[number], [number]];
  expect(Math.abs(there - andBack)).toBeLessThan(1e-12);
  expect(Math.abs(there)).toBeGreaterThan(0.1);
});

test("a convolution with a single tap in the middle leaves images as they are", async () => {
  const tap = constant([0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 1, 3, 3]);
  const image = input("image", [2, 1, 4, 5], "batch");
  const results = [conv(image, tap, { pads: [1, 1, 1, 1] }), convTranspose(image, tap, { pads: [1, 1, 1, 1] })];
  const values = draw([image]);
  for (const result of await (await evaluator(results))(values)) expect(result).toEqual(values.image);
});

test("a kernel as large as the image makes a matrix product of it", async () => {
  const [image, kernel] = [input("image", [3, 2, 4, 2], "batch"), input("kernel", [5, 2, 4, 2], "parameter")];
  const values = draw([image, kernel]);
  const [product] = await (await evaluator([conv(image, kernel)]))(values);
  const [rows, columns] = [input("image", [3, 16], "batch"), input("kernel", [5, 16], "parameter")];
  const [expected] = await (await evaluator([gemm(rows, columns, { transB: true })]))(values);
  expect(largestError(product!, expected!)).toBeLessThan(1e-14);
});

test("the work of a convolution is that of the products it is made of, forward and back", () => {
  const y = conv(x, w, { pads: [1, 0, 1, 1] });
  const macs = (tensor: Tensor) => countMacs(buildGraph([{ name: "result", tensor }]));
  const forward = 2 * 4 * (9 * 9) * (3 * 3 * 2);
  expect(macs(y)).toBe(forward);
  const upstream = input("upstream", y.shape, "batch");
  const [toImage, toKernel] = gradients(dot(y, upstream), [x, w]);
  expect(macs(toImage!)).toBe(forward);
  expect(macs(toKernel!)).toBe(forward);
});
