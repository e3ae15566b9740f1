import { describe, expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { constant, input, type Shape, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { expand, fill, reduceSum, reshape } from "./broadcasting.ts";
import { equal, greater, less, where } from "./comparison.ts";
import { conv, convTranspose } from "./convolution.ts";
import { leakyRelu } from "./elementwise.ts";
import { take, topK } from "./indexing.ts";
import { concat, pad, slice, transpose } from "./layout.ts";
import { operators } from "./operators.ts";
import { gemm, matMul } from "./product.ts";
import { reduceMax, reduceMean } from "./reduction.ts";

const x = (...shape: number[]) => input(`x${shape}`, shape, "batch");

/** What building a tensor says is wrong. */
function complaint(build: () => Tensor): string {
  try {
    return `nothing, and gives [${build().shape}]`;
  } catch (error) {
    expect(error).toBeInstanceOf(ShapeError);
    return (error as Error).message;
  }
}

/** The mistakes that each operator's shape rule catches. */
const mistakes: Readonly<Record<string, readonly (() => Tensor)[]>> = {
  Add: [() => add(x(2, 3), x(2))],
  Sub: [() => sub(x(2, 3), x(2))],
  Mul: [() => mul(x(2, 3), x(2))],
  Div: [() => div(x(2, 3), x(2))],
  Greater: [() => greater(x(2, 3), x(2))],
  Less: [() => less(x(2, 3), x(2))],
  Equal: [() => equal(x(2, 3), x(2))],
  Where: [() => where(greater(x(2), x()), x(2, 3), x(3)), () => where(x(2), x(2), x(2))],
  ReduceSum: [() => reduceSum(x(2, 3), { axes: [2] }), () => reduceSum(x(2, 3), { axes: [1, -1] })],
  ReduceMean: [() => reduceMean(x(2, 3), { axes: [-3] })],
  ReduceMax: [() => reduceMax(x(2, 3), { axes: [0.5] })],
  Expand: [
    () => expand(x(2), [3]),
    () => expand(x(2, 3), [3]),
    () => expand(x(1), [-3]),
    () => expand(fill([2], 1), [3]),
  ],
  Reshape: [() => reshape(x(2, 3), [4]), () => reshape(x(2, 3), [-2, -3]), () => reshape(x(2, 3), [1.5, 4])],
  Transpose: [
    () => transpose(x(2, 3), [0]),
    () => transpose(x(2, 3), [0, 2]),
    () => transpose(x(2, 3), [1, 1]),
    () => transpose(transpose(x(2, 3)), [0, 5]),
  ],
  Concat: [
    () => concat([], 0),
    () => concat([x(2, 3), x(3, 2)], 0),
    () => concat([x(2, 3), x(3)], 0),
    () => concat([x(2, 3), x(2, 3)], 2),
    () => concat([x(2, 3), x(2, 3)], -1),
  ],
  Slice: [
    () => slice(x(2, 3), 0, 1, 3),
    () => slice(x(2, 3), 1, 2, 1),
    () => slice(x(2, 3), 2, 0, 1),
    () => slice(x(2, 3), -1, 0, 1),
    () => slice(x(2, 3), 0, 0.5, 2),
  ],
  Pad: [
    () => pad(x(2, 3), 2, 1, 1),
    () => pad(x(2, 3), -1, 1, 1),
    () => pad(x(2, 3), 0, -1, 1),
    () => pad(x(2, 3), 0, 0.5, 1),
  ],
  Gemm: [
    () => gemm(x(2, 3), x(3)),
    () => gemm(x(2, 3), x(4, 3)),
    () => gemm(x(2, 3), x(4, 3), { transA: true, transB: true }),
    () => gemm(x(2, 3), x(3, 4), { addend: x(3) }),
    () => gemm(x(1, 3), x(3, 4), { addend: x(2, 4) }),
  ],
  Gather: [() => take(x(2, 3), x(2), 2), () => take(x(2, 3), x(2, 1), 0)],
  TopK: [() => topK(x(3), 4), () => topK(x(3), 0), () => topK(x(3, 2), 1)],
  Conv: [
    () => conv(x(2, 3, 4, 4), x(5, 2, 3, 3)),
    () => conv(x(2, 3, 4), x(5, 3, 3, 3)),
    () => conv(x(2, 3, 4, 4), x(5, 3, 3, 3), { bias: x(3) }),
    () => conv(x(2, 3, 4, 4), x(5, 3, 3, 3), { strides: [2, 0] }),
    () => conv(x(2, 3, 4, 4), x(5, 3, 3, 3), { pads: [1, 1, -1, 1] }),
    () => conv(x(2, 3, 4, 4), x(5, 3, 3, 3), { dilations: [1, 2] }),
  ],
  ConvTranspose: [
    () => convTranspose(x(2, 3, 4, 4), x(5, 3, 3, 3)),
    () => convTranspose(x(2, 3, 4, 4), x(3, 5, 3, 3), { bias: x(3) }),
    () => convTranspose(x(2, 3, 4, 4), x(3, 5, 3, 3), { dilations: [0.5, 1] }),
    () => convTranspose(x(2, 3, 4, 4), x(3, 5, 3, 3), { strides: [2, 2], outputPadding: [1, 2] }),
    () => convTranspose(x(2, 3, 1, 1), x(3, 5, 2, 2), { pads: [2, 0, 1, 0] }),
  ],
  MatMul: [() => matMul(x(3), x(3, 4)), () => matMul(x(2, 3), x(4, 3)), () => matMul(x(5, 2, 3), x(4, 3, 2))],
};

test("a comparison does not pass for a number, nor a number for a condition", () => {
  expect(complaint(() => add(greater(x(2), x(2)), x(2)))).toBe(
    "add: expected input 0 of type float, got bool. Make numbers of it with where().",
  );
  expect(complaint(() => where(x(2), x(2), x(2)))).toBe(
    "where: expected input 0 of type bool, got float. Compare it with something first.",
  );
});

/** Operators that take a tensor of any shape. */
const unfailing = [
  "Clip",
  "Neg",
  "Exp",
  "Log",
  "Sqrt",
  "Sigmoid",
  "Tanh",
  "Softplus",
  "Relu",
  "LeakyRelu",
  "Abs",
  "Cast",
  "Floor",
  "Identity",
];

describe("a mistake in shapes", () => {
  test("is tried on every operator that can tell", () => {
    const names = operators.map(({ type }) => type).filter((type) => !unfailing.includes(type));
    expect(Object.keys(mistakes).sort()).toEqual(names.sort());
  });

  test.each(Object.entries(mistakes))("is caught by %s, which names itself", (type, builds) => {
    for (const build of builds) expect(complaint(build)).toMatch(new RegExp(`^${type}: .*[.?]$`, "i"));
  });

  test("is described by what was expected and what was there", () => {
    const table = Object.values(mistakes).flatMap((builds) => builds.map(complaint));
    expect(table.join("\n")).toMatchInlineSnapshot(`
      "add: expected sizes that are equal or 1, counted from the last axis, got [2, 3] and [2]. Reshape one of them?
      sub: expected sizes that are equal or 1, counted from the last axis, got [2, 3] and [2]. Reshape one of them?
      mul: expected sizes that are equal or 1, counted from the last axis, got [2, 3] and [2]. Reshape one of them?
      div: expected sizes that are equal or 1, counted from the last axis, got [2, 3] and [2]. Reshape one of them?
      greater: expected sizes that are equal or 1, counted from the last axis, got [2, 3] and [2]. Reshape one of them?
      less: expected sizes that are equal or 1, counted from the last axis, got [2, 3] and [2]. Reshape one of them?
      equal: expected sizes that are equal or 1, counted from the last axis, got [2, 3] and [2]. Reshape one of them?
      where: expected sizes that are equal or 1, counted from the last axis, got [2] and [2, 3]. Reshape one of them?
      where: expected input 0 of type bool, got float. Compare it with something first.
      reduceSum: axes are distinct and below the rank 2, got [2].
      reduceSum: axes are distinct and below the rank 2, got [1, -1].
      reduceMean: axes are distinct and below the rank 2, got [-3].
      reduceMax: axes are distinct and below the rank 2, got [0.5].
      expand: expected a shape that [2] stretches to, got [3].
      expand: expected a shape that [2, 3] stretches to, got [3].
      expand: sizes are whole numbers from 0 on, got [-3].
      expand: expected a shape that [2] stretches to, got [3].
      reshape: [2, 3] holds 6 elements, [4] holds 4.
      reshape: sizes are whole numbers from 0 on, got [-2, -3].
      reshape: sizes are whole numbers from 0 on, got [1.5, 4].
      transpose: [2, 3] has 2 axes, got the order [0].
      transpose: axes are distinct and below the rank 2, got [0, 2].
      transpose: axes are distinct and below the rank 2, got [1, 1].
      transpose: axes are distinct and below the rank 2, got [0, 5].
      concat: needs at least one tensor, got none.
      concat: expected shapes that have axis 0 and differ in no other, got [2, 3], [3, 2].
      concat: expected shapes that have axis 0 and differ in no other, got [2, 3], [3].
      concat: expected shapes that have axis 2 and differ in no other, got [2, 3], [2, 3].
      concat: expected shapes that have axis -1 and differ in no other, got [2, 3], [2, 3].
      slice: 1 to 3 does not lie in axis 0 of [2, 3].
      slice: 2 to 1 does not lie in axis 1 of [2, 3].
      slice: 0 to 1 does not lie in axis 2 of [2, 3].
      slice: 0 to 1 does not lie in axis -1 of [2, 3].
      slice: sizes are whole numbers from 0 on, got [1.5, 3].
      pad: 1 before and 1 after axis 2 does not fit [2, 3].
      pad: 1 before and 1 after axis -1 does not fit [2, 3].
      pad: -1 before and 1 after axis 0 does not fit [2, 3].
      pad: 0.5 before and 1 after axis 0 does not fit [2, 3].
      gemm: takes two matrices, got [2, 3] and [3].
      gemm: inner sizes differ, got [2, 3] x [4, 3].
      gemm: inner sizes differ, got [3, 2] x [3, 4].
      gemm: expected an addend that stretches to [2, 4], got [3].
      gemm: expected an addend that stretches to [1, 4], got [2, 4].
      gather: takes a vector of numbers of axis 2, got [2] and [2, 3].
      gather: takes a vector of numbers of axis 0, got [2, 1] and [2, 3].
      topK: takes a vector and a number from 1 to its length, got [3] and 4.
      topK: takes a vector and a number from 1 to its length, got [3] and 0.
      topK: takes a vector and a number from 1 to its length, got [3, 2] and 1.
      conv: expected images and kernels [N, C, H, W] and [O, C, K, L], got [2, 3, 4, 4] and [5, 2, 3, 3].
      conv: expected images and kernels [N, C, H, W] and [O, C, K, L], got [2, 3, 4] and [5, 3, 3, 3].
      conv: expected a bias [5], got [3].
      conv: expected whole strides and dilations from 1 and pads from 0 on, got strides [2, 0], dilations [1, 1] and pads [0, 0, 0, 0].
      conv: expected whole strides and dilations from 1 and pads from 0 on, got strides [1, 1], dilations [1, 1] and pads [1, 1, -1, 1].
      conv: the window of the kernel [5, 3, 3, 3] is larger than the padded [2, 3, 4, 4]. Pad the image more?
      convTranspose: expected images and kernels [N, C, H, W] and [C, O, K, L], got [2, 3, 4, 4] and [5, 3, 3, 3].
      convTranspose: expected a bias [5], got [3].
      convTranspose: expected whole strides and dilations from 1 and pads from 0 on, got strides [1, 1], dilations [0.5, 1] and pads [0, 0, 0, 0].
      convTranspose: expected output padding from 0 to below the strides [2, 2], got [1, 2].
      convTranspose: sizes are whole numbers from 0 on, got [2, 5, -1, 2].
      matMul: takes tensors of two or more axes, got [3] and [3, 4].
      matMul: inner sizes differ, got [2, 3] x [4, 3]. Transpose the second argument?
      matMul: expected sizes that are equal or 1, counted from the last axis, got [5] and [4]. Reshape one of them?"
    `);
  });

  test("in an input or a constant is described too", () => {
    const shapes: Shape[] = [[2, -1], [0.5], [Number.NaN], [2 ** 30, 2 ** 30]];
    const inputs = shapes.map((shape) => complaint(() => input("examples", shape, "batch")));
    const constants = [() => constant([1, 2, 3], [2]), () => constant(1, [2]), () => constant([1], [-1])].map(
      complaint,
    );
    expect([...inputs, ...constants].join("\n")).toMatchInlineSnapshot(`
      "input examples: sizes are whole numbers from 0 on, got [2, -1].
      input examples: sizes are whole numbers from 0 on, got [0.5].
      input examples: sizes are whole numbers from 0 on, got [NaN].
      input examples: sizes are whole numbers from 0 on, got [1073741824, 1073741824].
      constant: shape [2] holds 2 values, got 3.
      constant: shape [2] holds 2 values, got 1.
      constant: sizes are whole numbers from 0 on, got [-1]."
    `);
  });
});

test("a slope below 0 is refused, since the sign of the result would no longer be that of the argument", () => {
  expect(() => leakyRelu(x(2), -0.1)).toThrowErrorMatchingInlineSnapshot(
    `[RangeError: leakyRelu: the slope is a number from 0 on, got -0.1.]`,
  );
  expect(() => leakyRelu(x(2), Number.NaN)).toThrow(RangeError);
});
