import { describe, expect, test } from "vitest";
import { largestError, numbers } from "../../test/support/evaluate.ts";
import { gradients } from "../autodiff/gradients.ts";
import { buildGraph } from "../graph/graph.ts";
import { constant, input, type Shape, type Tensor } from "../graph/tensor.ts";
import { compile } from "../onnx/compile.ts";
import { encodeModel } from "../onnx/model.ts";
import { type Program, sizeOf } from "../program.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { add, mul, square, sub } from "./arithmetic.ts";
import { reduceSum, reshape } from "./broadcasting.ts";
import { greater, where } from "./comparison.ts";
import { type ConvTransposeOptions, conv, convTranspose } from "./convolution.ts";
import { leakyRelu, sigmoid } from "./elementwise.ts";
import { concat, slice, transpose } from "./layout.ts";
import { reduceMax, reduceMean } from "./reduction.ts";

/** The results of a graph as it is compiled and as it is written, and the types of the operators of the first. */
async function bothWays(tensors: readonly Tensor[]) {
  const results = tensors.map((tensor, i) => ({ name: `result${i}`, tensor, role: "sample" as const }));
  const rewritten = compile("test", results, { precision: "float64" });
  const plain = { ...rewritten, model: encodeModel("test", buildGraph(results), "float64") };
  return { actual: await run(rewritten), expected: await run(plain), macs: rewritten.manifest.cost.macs };
}

async function run(program: Program): Promise<number[][]> {
  const runtime = referenceRuntime();
  const session = await runtime.load(program);
  const allocate = (ports: readonly { name: string; shape: Shape }[]) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, runtime.allocate(shape)]));
  const inputs = allocate(program.manifest.inputs);
  for (const [name, tensor] of Object.entries(inputs)) {
    tensor.write((values) => values.set(numbers(sizeOf(tensor.shape), name)));
  }
  const outputs = allocate(program.manifest.outputs);
  await session.run(inputs, outputs);
  return Promise.all(program.manifest.outputs.map(async ({ name }) => [...(await outputs[name]!.read())]));
}

function agree({ actual, expected }: { actual: number[][]; expected: number[][] }): void {
  const errors = expected.map((list, i) => largestError(actual[i]!, list));
  expect(Math.max(...errors)).toBeLessThan(1e-11);
}

const x = (name: string, shape: Shape) => input(name, shape, "batch");

/** A convolution, its gradients, and the gradients of their length. */
function derivatives(y: Tensor, wrt: readonly Tensor[]): Tensor[] {
  const slopes = gradients(reduceSum(mul(square(y), x("upstream", y.shape))), wrt);
  const length = slopes.map((slope) => reduceSum(square(slope))).reduce(add);
  return [y, ...slopes, ...gradients(length, wrt)];
}

type Case = readonly [images: Shape, kernels: Shape, options: ConvTransposeOptions];

const forward: readonly Case[] = [
  [[2, 8, 6, 4], [9, 8, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[2, 1, 6, 6], [8, 1, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[2, 3, 5, 4], [8, 3, 3, 2], { strides: [2, 1], pads: [0, 1, 2, 0] }],
  [[1, 8, 4, 5], [2, 8, 3, 3], { pads: [1, 1, 1, 1] }],
  [[2, 8, 6, 7], [8, 8, 2, 2], { strides: [3, 2], dilations: [2, 3], pads: [1, 0, 2, 1] }],
  [[2, 8, 3, 3], [8, 8, 1, 1], {}],
  [[2, 9, 1, 1], [8, 9, 3, 3], { pads: [1, 1, 1, 1] }],
];

const backward: readonly Case[] = [
  [[2, 8, 3, 2], [8, 9, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[2, 8, 3, 3], [8, 1, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[2, 8, 2, 3], [8, 8, 4, 3], { strides: [2, 3], pads: [2, 0, 0, 3], outputPadding: [0, 0] }],
  [[1, 8, 2, 2], [8, 8, 6, 2], { strides: [2, 2], pads: [3, 1, 3, 1] }],
  [[1, 8, 2, 2], [8, 8, 3, 3], { strides: [2, 2], outputPadding: [1, 0] }],
  [[1, 8, 3, 2], [8, 8, 2, 2], { strides: [1, 2], dilations: [2, 1] }],
  [[2, 8, 1, 1], [8, 8, 3, 3], {}],
];

describe.each([
  ["convolution", conv, forward, (kernels: Shape) => kernels[0]!],
  ["transposed convolution", convTranspose, backward, (kernels: Shape) => kernels[1]!],
] as const)("a %s as products of matrices", (_, f, cases, channels) => {
  test.each(cases)("is what it was, with its derivatives: %j by %j, %j", async (images, kernels, options) => {
    const [y, w, bias] = [x("images", images), x("kernels", kernels), x("bias", [channels(kernels)])];
    agree(await bothWays(derivatives(f(y, w, { ...options, bias }), [y, w, bias])));
  });
});

test("what lies between convolutions is what it was, in the other order", async () => {
  const wide = conv(x("images", [4, 8, 5, 3]), x("kernels", [8, 8, 3, 3]), { pads: [1, 1, 1, 1] });
  const dense = reshape(x("dense", [4, 120]), [4, 8, 5, 3]);
  const perChannel = x("scale", [8, 1, 1]);
  const mean = reduceMean(wide, { axes: [0, 2, 3], keepdims: true });
  const rows = concat([slice(wide, 0, 1, 3), slice(dense, 0, 0, 2)], 0);
  const chosen = where(greater(dense, constant(0)), wide, mul(constant(0.3), dense));
  const results = [
    leakyRelu(mul(sub(wide, mean), perChannel), 0.2),
    mul(sigmoid(wide), dense),
    add(wide, x("line", [3])),
    rows,
    transpose(wide, [0, 1, 3, 2]),
    chosen,
    reduceSum(wide, { axes: [2] }),
    reduceSum(wide, { axes: [2, 3], keepdims: true }),
    reduceMax(wide, { axes: [1, 2] }),
    reduceSum(wide),
    conv(rows, x("more", [8, 8, 2, 2])),
  ];
  const slopes = gradients(results.map((result) => reduceSum(square(result))).reduce(add), [
    x("scale", [8, 1, 1]),
    dense,
  ]);
  agree(await bothWays([...results, ...slopes]));
});

test("kernels of stride 2 that are 4 x 4 cost the same multiply-accumulates either way", () => {
  const [images, kernels] = [x("images", [2, 64, 14, 14]), x("kernels", [128, 64, 4, 4])];
  const y = conv(images, kernels, { strides: [2, 2], pads: [1, 1, 1, 1] });
  const results = [y, ...gradients(reduceSum(square(y)), [images, kernels])];
  const macs = results.map((tensor) => compile("test", [{ name: "y", tensor, role: "sample" }]).manifest.cost.macs);
  const one = 2 * 7 * 7 * 128 * 64 * 16;
  expect(macs).toEqual([one, 2 * one, 2 * one]);
});
