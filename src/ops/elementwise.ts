import { type Application, apply, constant, isScalarConstant, type Operator, type Tensor } from "../graph/tensor.ts";
import { div, mul, neg, square, sub } from "./arithmetic.ts";
import { greater, where } from "./comparison.ts";

/** `derivative` gives dy/dx from the node y = f(x) and x. */
function unary(type: string, derivative: (y: Application, x: Tensor) => Tensor): Operator {
  return { type, shape: ([x]) => x!, gradient: (node, upstream) => mul(upstream, derivative(node, node.inputs[0]!)) };
}

export const Exp = unary("Exp", (y) => y);
export const Log: Operator = {
  ...unary("Log", (y) => y),
  gradient: (node, upstream) => div(upstream, node.inputs[0]!),
};
export const Sqrt: Operator = {
  ...unary("Sqrt", (y) => y),
  gradient: (node, upstream) => div(mul(constant(0.5), upstream), node),
};
export const Sigmoid = unary("Sigmoid", (y) => sub(y, square(y)));
export const Tanh = unary("Tanh", (y) => sub(constant(1), square(y)));
export const Softplus = unary("Softplus", (_, x) => sigmoid(x));
// At 0 the derivative is that of the left side, as in PyTorch. The sign of y is the sign of x, so x need not be kept.
export const Relu = unary("Relu", (y) => step(y, 0));
export const LeakyRelu: Operator = {
  ...unary("LeakyRelu", (y) => step(y, y.attributes.alpha as number)),
  onnx: ({ alpha }) => ({ floats: { alpha: alpha as number } }),
};
// At 0 the derivative is 1.
export const Abs = unary("Abs", (_, x) => where(greater(constant(0), x), constant(-1), constant(1)));

function step(y: Tensor, below: number): Tensor {
  return where(greater(y, constant(0)), constant(1), constant(below));
}

/** e^x */
export const exp = (x: Tensor): Tensor => apply(Exp, [x]);

/** Natural logarithm. */
export const log = (x: Tensor): Tensor => apply(Log, [x]);

/** Square root. */
export const sqrt = (x: Tensor): Tensor =>
  isScalarConstant(x) ? constant([Math.sqrt(x.values[0]!)], x.shape) : apply(Sqrt, [x]);

/** 1 / (1 + e^-x) */
export const sigmoid = (x: Tensor): Tensor => apply(Sigmoid, [x]);

/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => apply(Tanh, [x]);

/** log(1 + e^x), finite for every finite x. */
export const softplus = (x: Tensor): Tensor => apply(Softplus, [x]);

/** log sigmoid(x) = -softplus(-x), finite for every finite x. */
export const logSigmoid = (x: Tensor): Tensor => neg(softplus(neg(x)));

/** max(x, 0) */
export const relu = (x: Tensor): Tensor => apply(Relu, [x]);

/** x where x > 0, else `slope` * x, with 0 <= slope. */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  if (!(slope >= 0)) throw new RangeError(`leakyRelu: the slope is a number from 0 on, got ${slope}.`);
  return apply(LeakyRelu, [x], { alpha: Math.fround(slope) }); // ONNX stores attributes as float32
}

/** |x| */
export const abs = (x: Tensor): Tensor => apply(Abs, [x]);
