import { apply, constant, type Operator, type Shape, type Tensor } from "../../src/graph/tensor.ts";
import * as arithmetic from "../../src/ops/arithmetic.ts";
import * as broadcasting from "../../src/ops/broadcasting.ts";
import * as comparison from "../../src/ops/comparison.ts";
import * as convolution from "../../src/ops/convolution.ts";
import * as elementwise from "../../src/ops/elementwise.ts";
import * as indexing from "../../src/ops/indexing.ts";
import * as layout from "../../src/ops/layout.ts";
import * as product from "../../src/ops/product.ts";
import * as reduction from "../../src/ops/reduction.ts";

/** One use of an operator. */
export interface OperatorCase {
  readonly shapes: readonly Shape[];
  readonly build: (inputs: readonly Tensor[]) => Tensor;
  /** Range that inputs are drawn from; (-2, 2) by default. */
  readonly domain?: readonly [number, number];
}

/** What an operator gives for values worked out by hand. */
export interface KnownAnswer extends Omit<OperatorCase, "domain"> {
  readonly inputs: readonly (readonly number[])[];
  readonly result: readonly number[];
}

export interface OperatorContract {
  readonly operator: Operator;
  readonly cases: readonly OperatorCase[];
  readonly known: readonly KnownAnswer[];
}

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

const unary = (
  operator: Operator,
  f: Unary,
  inputs: readonly number[],
  result: readonly number[],
  domain?: readonly [number, number],
): OperatorContract => ({
  operator,
  cases: ([[], [1], [0, 3], [2, 3]] as const).map((shape) => ({
    shapes: [shape],
    build: ([x]) => f(x!),
    ...(domain ? { domain } : {}),
  })),
  known: [{ shapes: [[inputs.length]], build: ([x]) => f(x!), inputs: [inputs], result }],
});

const pairs: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1],
    [1, 3],
  ],
  [[], [2, 3]],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [
    [0, 3],
    [1, 3],
  ],
  [[1, 1], [1]],
];

const binary = (
  operator: Operator,
  f: Binary,
  result: readonly number[],
  domain?: readonly [number, number],
): OperatorContract => ({
  operator,
  cases: pairs.map((shapes) => ({ shapes, build: ([a, b]) => f(a!, b!), ...(domain ? { domain } : {}) })),
  known: [
    {
      shapes: [[2, 2], [2]],
      build: ([a, b]) => f(a!, b!),
      inputs: [
        [1, -2, 3, 8],
        [4, -2],
      ],
      result,
    },
  ],
});

/** A comparison has no gradient of its own; it is tested as the condition of `Where`. */
const compared = (operator: Operator, f: Binary, result: readonly number[]): OperatorContract => {
  const build = ([a, b]: readonly Tensor[]) => comparison.where(f(a!, b!), arithmetic.square(a!), b!);
  const flag = ([a, b]: readonly Tensor[]) =>
    comparison.where(f(a!, b!), broadcasting.fill([3], 1), broadcasting.fill([3], 0));
  return {
    operator,
    cases: pairs.map((shapes) => ({ shapes, build })),
    known: [
      {
        shapes: [[3], [3]],
        build: flag,
        inputs: [
          [1, 2, 3],
          [2, 2, 2],
        ],
        result,
      },
    ],
  };
};

/** An operator whose result counts as constant: it is tested as a factor that nothing is differentiated through. */
const constantLike = (
  operator: Operator,
  f: Unary,
  inputs: readonly number[],
  result: readonly number[],
): OperatorContract => ({
  operator,
  cases: [
    {
      shapes: [[3], [5]],
      build: ([x, y]) =>
        arithmetic.mul(
          broadcasting.reduceSum(f(constant([1.25, -0.5, 3]))),
          arithmetic.add(broadcasting.reduceSum(x!), y!),
        ),
    },
  ],
  known: [{ shapes: [[inputs.length]], build: ([x]) => f(x!), inputs: [inputs], result }],
});

const one = (shape: Shape, build: Unary): OperatorCase => ({ shapes: [shape], build: ([x]) => build(x!) });

const reduced = (
  operator: Operator,
  f: (x: Tensor, options?: broadcasting.ReduceOptions) => Tensor,
  rows: readonly number[],
): OperatorContract => ({
  operator,
  cases: [
    one([2, 3], (x) => f(x)),
    one([2, 3], (x) => f(x, { axes: [0] })),
    one([2, 3], (x) => f(x, { axes: [-1], keepdims: true })),
    one([2, 3, 4], (x) => f(x, { axes: [0, 2] })),
    one([1, 1], (x) => f(x, { axes: [1] })),
    one([0, 3], (x) => f(x, { axes: [1] })),
  ],
  known: [{ shapes: [[2, 3]], build: ([x]) => f(x!, { axes: [1] }), inputs: [[1, 2, 3, 4, 8, 6]], result: rows }],
});

const clipped = (x: Tensor) => apply(comparison.Clip, [x, constant(-1), constant(2)]);

const gemms = [false, true].flatMap((transA) =>
  [false, true].flatMap((transB) =>
    ([undefined, [4], [2, 1], [2, 4], []] as const).map(
      (c): OperatorCase => ({
        shapes: [transA ? [3, 2] : [2, 3], transB ? [4, 3] : [3, 4], ...(c ? [c] : [])],
        build: ([a, b, addend]) => product.gemm(a!, b!, { transA, transB, ...(addend ? { addend } : {}) }),
      }),
    ),
  ),
);

/** Image, kernel, bias where there is one, and how the window goes. */
type Convolved = readonly [Shape, Shape, convolution.ConvTransposeOptions?, Shape?];

const convolved = (
  f: (x: Tensor, w: Tensor, options: convolution.ConvTransposeOptions) => Tensor,
  list: readonly Convolved[],
): OperatorCase[] =>
  list.map(([x, w, options, b]) => ({
    shapes: b ? [x, w, b] : [x, w],
    build: ([images, kernel, bias]) => f(images!, kernel!, { ...options, ...(bias && { bias }) }),
  }));

const convolutions: readonly Convolved[] = [
  [[2, 2, 3, 3], [2, 2, 3, 3], { pads: [1, 1, 1, 1] }, [2]],
  [[1, 2, 5, 4], [3, 2, 2, 3], {}],
  [[2, 2, 5, 5], [2, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[1, 2, 6, 6], [2, 2, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }, [2]],
  [[1, 2, 6, 7], [2, 2, 2, 2], { strides: [3, 2] }],
  [[1, 1, 8, 5], [2, 1, 3, 2], { strides: [3, 3], pads: [0, 1, 2, 0] }],
  [[1, 2, 5, 6], [1, 2, 2, 3], { dilations: [3, 2], pads: [2, 0, 0, 1] }],
  [[1, 1, 7, 7], [1, 1, 2, 2], { dilations: [2, 3], strides: [3, 2], pads: [1, 0, 2, 1] }],
  [[2, 3, 2, 3], [4, 3, 1, 1], {}, [4]],
  [[1, 1, 5, 5], [1, 1, 1, 1], { strides: [2, 3] }],
  [[0, 2, 3, 3], [2, 2, 2, 2], {}, [2]],
  [[2, 0, 3, 3], [2, 0, 2, 2], {}, [2]],
];

const transposedConvolutions: readonly Convolved[] = [
  [[2, 3, 3, 2], [3, 2, 2, 3], {}, [2]],
  [[1, 2, 3, 3], [2, 2, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }, [2]],
  [[1, 2, 2, 3], [2, 1, 2, 2], { strides: [3, 2], outputPadding: [2, 1] }],
  [[1, 2, 2, 2], [2, 1, 3, 3], { strides: [3, 3], pads: [0, 1, 2, 0], outputPadding: [1, 0] }],
  [[1, 2, 3, 3], [2, 2, 2, 3], { dilations: [3, 2], pads: [2, 0, 0, 1] }],
  [[1, 1, 3, 3], [1, 2, 2, 2], { dilations: [2, 3], strides: [3, 2], pads: [1, 0, 2, 1], outputPadding: [2, 1] }],
  [[2, 3, 2, 3], [3, 4, 1, 1], {}, [4]],
  [[0, 2, 3, 3], [2, 2, 2, 2], {}, [2]],
  [[2, 0, 3, 3], [0, 2, 2, 2], {}, [2]],
];

/** The contract table: one line an operator. */
export const operatorContracts: readonly OperatorContract[] = [
  binary(arithmetic.Add, arithmetic.add, [5, -4, 7, 6]),
  binary(arithmetic.Sub, arithmetic.sub, [-3, 0, -1, 10]),
  binary(arithmetic.Mul, arithmetic.mul, [4, 4, 12, -16]),
  binary(arithmetic.Div, arithmetic.div, [0.25, 1, 0.75, -4], [0.5, 2]),
  unary(arithmetic.Neg, arithmetic.neg, [1, -2], [-1, 2]),
  unary(elementwise.Exp, elementwise.exp, [0, 1, -1], [1, Math.E, 1 / Math.E]),
  unary(elementwise.Log, elementwise.log, [1, Math.E, 8], [0, 1, 3 * Math.LN2], [0.5, 2]),
  unary(elementwise.Sqrt, elementwise.sqrt, [0, 1, 6.25], [0, 1, 2.5], [0.5, 2]),
  unary(elementwise.Sigmoid, elementwise.sigmoid, [0, Math.log(3), -1000, 1000], [0.5, 0.75, 0, 1]),
  unary(elementwise.Tanh, elementwise.tanh, [0, Math.log(2), -1000], [0, 0.6, -1]),
  unary(elementwise.Softplus, elementwise.softplus, [0, -1000, 1000], [Math.LN2, 0, 1000]),
  unary(elementwise.Relu, elementwise.relu, [-2, 0, 3], [0, 0, 3]),
  unary(elementwise.LeakyRelu, (x) => elementwise.leakyRelu(x, 0.25), [-2, 0, 3], [-0.5, 0, 3]),
  unary(elementwise.Abs, elementwise.abs, [-2, 0, 3], [2, 0, 3]),
  compared(comparison.Greater, comparison.greater, [0, 0, 1]),
  compared(comparison.Less, comparison.less, [1, 0, 0]),
  compared(comparison.Equal, comparison.equal, [0, 1, 0]),
  {
    operator: comparison.Where,
    cases: pairs.map((shapes) => ({
      shapes: [...shapes, [3]],
      build: ([a, b, c]) => comparison.where(comparison.greater(broadcasting.reduceSum(c!), c!), a!, b!),
    })),
    known: [
      {
        shapes: [[3], []],
        build: ([a, b]) => comparison.where(comparison.greater(a!, b!), a!, b!),
        inputs: [[1, 2, 3], [2]],
        result: [2, 2, 3],
      },
    ],
  },
  {
    operator: comparison.Clip,
    cases: [[2, 3], [0, 3], []].map((shape) => one(shape, clipped)),
    known: [{ shapes: [[3]], build: ([x]) => clipped(x!), inputs: [[-2, 0.5, 3]], result: [-1, 0.5, 2] }],
  },
  reduced(broadcasting.ReduceSum, broadcasting.reduceSum, [6, 18]),
  reduced(reduction.ReduceMean, reduction.reduceMean, [2, 6]),
  reduced(reduction.ReduceMax, reduction.reduceMax, [3, 8]),
  {
    operator: broadcasting.Expand,
    cases: [
      one([], (x) => broadcasting.expand(x, [2, 3])),
      one([3], (x) => broadcasting.expand(x, [2, 3])),
      one([2, 1], (x) => broadcasting.expand(x, [4, 2, 3])),
      one([1], (x) => broadcasting.expand(x, [0])),
    ],
    known: [
      { shapes: [[2, 1]], build: ([x]) => broadcasting.expand(x!, [2, 2]), inputs: [[1, 2]], result: [1, 1, 2, 2] },
    ],
  },
  {
    operator: broadcasting.Reshape,
    cases: [
      one([2, 3], (x) => broadcasting.reshape(x, [3, 2])),
      one([1], (x) => broadcasting.reshape(x, [])),
      one([0, 3], (x) => broadcasting.reshape(x, [3, 0])),
    ],
    known: [{ shapes: [[2, 1]], build: ([x]) => broadcasting.reshape(x!, [2]), inputs: [[1, 2]], result: [1, 2] }],
  },
  {
    operator: layout.Transpose,
    cases: [
      one([2, 3], (x) => layout.transpose(x)),
      one([2, 3, 4], (x) => layout.transpose(x, [2, 0, 1])),
      one([0, 3], (x) => layout.transpose(x)),
    ],
    known: [{ shapes: [[2, 2]], build: ([x]) => layout.transpose(x!), inputs: [[1, 2, 3, 4]], result: [1, 3, 2, 4] }],
  },
  {
    operator: layout.Concat,
    cases: [
      {
        shapes: [
          [2, 3],
          [1, 3],
        ],
        build: (parts) => layout.concat(parts, 0),
      },
      {
        shapes: [
          [2, 3],
          [2, 1],
          [2, 2],
        ],
        build: (parts) => layout.concat(parts, 1),
      },
      {
        shapes: [
          [0, 3],
          [1, 3],
        ],
        build: (parts) => layout.concat(parts, 0),
      },
    ],
    known: [
      {
        shapes: [
          [1, 2],
          [1, 1],
        ],
        build: (parts) => layout.concat(parts, 1),
        inputs: [[1, 2], [3]],
        result: [1, 2, 3],
      },
    ],
  },
  {
    operator: layout.Slice,
    cases: [
      one([4, 3], (x) => layout.slice(x, 0, 1, 3)),
      one([4, 3], (x) => layout.slice(x, 1, 0, 2)),
      one([4, 3], (x) => layout.slice(x, 1, 1, 1)),
    ],
    known: [{ shapes: [[4]], build: ([x]) => layout.slice(x!, 0, 1, 3), inputs: [[1, 2, 3, 4]], result: [2, 3] }],
  },
  {
    operator: layout.Pad,
    cases: [one([2, 3], (x) => layout.pad(x, 0, 1, 2)), one([2, 3], (x) => layout.pad(x, 1, 0, 2))],
    known: [{ shapes: [[2]], build: ([x]) => layout.pad(x!, 0, 1, 2), inputs: [[1, 2]], result: [0, 1, 2, 0, 0] }],
  },
  {
    operator: product.Gemm,
    cases: [
      ...gemms,
      {
        shapes: [
          [0, 3],
          [3, 4],
        ],
        build: ([a, b]) => product.gemm(a!, b!),
      },
    ],
    known: [
      {
        shapes: [[1, 2], [3, 2], [3]],
        build: ([a, b, addend]) => product.gemm(a!, b!, { transB: true, addend: addend! }),
        inputs: [
          [2, 3],
          [1, 0, 0, 1, 1, 1],
          [10, 20, 30],
        ],
        result: [12, 23, 35],
      },
    ],
  },
  {
    operator: product.MatMul,
    cases: (
      [
        [
          [2, 3],
          [3, 4],
        ],
        [
          [5, 2, 3],
          [3, 4],
        ],
        [
          [2, 3],
          [5, 3, 4],
        ],
        [
          [5, 1, 2, 3],
          [2, 3, 1],
        ],
        [
          [1, 1],
          [1, 1],
        ],
      ] as const
    ).map((shapes) => ({ shapes, build: ([a, b]) => product.matMul(a!, b!) })),
    known: [
      {
        shapes: [
          [1, 2],
          [2, 2],
        ],
        build: ([a, b]) => product.matMul(a!, b!),
        inputs: [
          [2, 3],
          [1, 2, 3, 4],
        ],
        result: [11, 16],
      },
    ],
  },
  {
    operator: convolution.Conv,
    cases: convolved(convolution.conv, convolutions),
    known: [
      {
        // windows that hang over the left and the lower end
        shapes: [
          [1, 1, 2, 3],
          [1, 1, 2, 2],
        ],
        build: ([x, w]) => convolution.conv(x!, w!, { pads: [0, 1, 1, 0] }),
        inputs: [
          [1, 2, 3, 4, 5, 6],
          [1, 10, 100, 1000],
        ],
        result: [4010, 5421, 6532, 40, 54, 65],
      },
      {
        // two channels in, two out, a stride, and taps two apart
        shapes: [[1, 2, 1, 5], [2, 2, 1, 2], [2]],
        build: ([x, w, bias]) => convolution.conv(x!, w!, { strides: [1, 2], dilations: [1, 2], bias: bias! }),
        inputs: [
          [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
          [1, 0, 0, 1, 0, 10, 100, 0],
          [0.5, -1],
        ],
        result: [9.5, 13.5, 629, 849],
      },
    ],
  },
  {
    operator: convolution.ConvTranspose,
    cases: convolved(convolution.convTranspose, transposedConvolutions),
    known: [
      {
        shapes: [
          [1, 1, 1, 2],
          [1, 1, 2, 3],
        ],
        build: ([y, w]) => convolution.convTranspose(y!, w!, { strides: [1, 2], pads: [0, 1, 0, 0] }),
        inputs: [
          [1, 10],
          [1, 2, 3, 4, 5, 6],
        ],
        result: [2, 13, 20, 30, 5, 46, 50, 60],
      },
      {
        // two channels in, one out, and a column that no window reaches
        shapes: [[1, 2, 1, 2], [2, 1, 1, 1], [1]],
        build: ([y, w, bias]) =>
          convolution.convTranspose(y!, w!, { strides: [1, 2], outputPadding: [0, 1], bias: bias! }),
        inputs: [[1, 2, 3, 4], [1, 10], [0.5]],
        result: [31.5, 0.5, 42.5, 0.5],
      },
    ],
  },
  {
    operator: indexing.Gather,
    cases: [
      one([4, 3], (x) => indexing.take(x, constant([2, 0]), 0)),
      one([4, 3], (x) => indexing.take(x, constant([2, 2]), 1)),
      one([2, 4, 3], (x) => indexing.take(x, constant([3, 1]), 1)),
      one([5], (x) => indexing.take(x, constant([4]), 0)),
    ],
    known: [
      {
        shapes: [[2, 3], [2]],
        build: ([x, numbers]) => indexing.take(x!, numbers!, 1),
        inputs: [
          [1, 2, 3, 4, 5, 6],
          [2, 0],
        ],
        result: [3, 1, 6, 4],
      },
    ],
  },
  {
    operator: indexing.Cast,
    cases: [{ shapes: [[3]], build: ([x]) => arithmetic.mul(x!, indexing.take(x!, constant([1, 1.9, 2]), 0)) }],
    known: [
      {
        shapes: [[3], [2]],
        build: ([x, numbers]) => indexing.take(x!, numbers!, 0),
        inputs: [
          [10, 20, 30],
          [1.9, 0.2],
        ],
        result: [20, 10],
      },
    ],
  },
  constantLike(indexing.Floor, indexing.floor, [-1.5, 0, 1, 2.75], [-2, 0, 1, 2]),
  constantLike(indexing.TopK, (x) => indexing.topK(x, 2), [1, 5, -7, 3], [5, 3]),
  constantLike(indexing.Detach, indexing.detach, [1, -2], [1, -2]),
];
