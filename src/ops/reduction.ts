import { apply, constant, type Operator, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { div, mul } from "./arithmetic.ts";
import { type ReduceOptions, reducedShape, reduceSum, reduction, spread } from "./broadcasting.ts";
import { equal, where } from "./comparison.ts";

const onnx: Operator["onnx"] = ({ axes, keepdims }) => ({
  ints: { keepdims: keepdims as number },
  operands: [axes as number[]],
});

/** Mean over attribute `axes`. */
export const ReduceMean: Operator = {
  type: "ReduceMean",
  shape: ([from], attributes) => reducedShape("reduceMean", from!, attributes),
  gradient({ inputs, attributes, shape }, upstream) {
    const from = inputs[0]!.shape;
    return spread(mul(constant(sizeOf(shape) / sizeOf(from)), upstream), from, attributes.axes as number[]);
  },
  onnx,
};

/** Maximum over attribute `axes`. */
export const ReduceMax: Operator = {
  type: "ReduceMax",
  shape: ([from], attributes) => reducedShape("reduceMax", from!, attributes),
  // equal maxima share the gradient equally
  gradient(node, upstream) {
    const x = node.inputs[0]!;
    const axes = node.attributes.axes as number[];
    const isMaximum = where(equal(x, spread(node, x.shape, axes)), constant(1), constant(0));
    const shares = spread(reduceSum(isMaximum, { axes }), x.shape, axes);
    return mul(spread(upstream, x.shape, axes), div(isMaximum, shares));
  },
  onnx,
};

/** Mean over axes. */
export function reduceMean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const attributes = reduction("reduceMean", x, options);
  return attributes.axes.length === 0 ? x : apply(ReduceMean, [x], attributes);
}

/** Maximum over axes. */
export function reduceMax(x: Tensor, options: ReduceOptions = {}): Tensor {
  const attributes = reduction("reduceMax", x, options);
  return attributes.axes.length === 0 ? x : apply(ReduceMax, [x], attributes);
}
