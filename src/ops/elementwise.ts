import { type Application, apply, constant, isScalarConstant, type Operator, type Tensor } from "../graph/tensor.ts";
import { div, mul, neg, square, sub } from "./arithmetic.ts";
import { greater, where } from "./comparison.ts";

/** `gradient` gives dL/dx from g = dL/dy, the node y = f(x), and x. */
function unary(type: string, gradient: (g: Tensor, y: Application, x: Tensor) => Tensor): Operator {
  return { type, shape: ([x]) => x!, gradient: (node, upstream) => gradient(upstream, node, node.inputs[0]!) };
}

/** y = e^x, y' = y */
export const Exp = unary("Exp", (g, y) => mul(g, y));

/** y = ln x, y' = 1/x */
export const Log = unary("Log", (g, _, x) => div(g, x));

/** y = sqrt x, y' = 1/(2y) */
export const Sqrt: Operator = {
  ...unary("Sqrt", (g, y) => div(mul(constant(0.5), g), y)),
  simd: { opcode: 0xe3 },
};

/** y = 1/(1 + e^-x), y' = y - y^2 */
export const Sigmoid = unary("Sigmoid", (g, y) => mul(g, sub(y, square(y))));

/** y = tanh x, y' = 1 - y^2 */
export const Tanh = unary("Tanh", (g, y) => mul(g, sub(constant(1), square(y))));

/** y = ln(1 + e^x), y' = sigmoid(x) */
export const Softplus = unary("Softplus", (g, _, x) => mul(g, sigmoid(x)));

/** max(x, 0); at 0 the derivative is 0, as in PyTorch. The sign of y is the sign of x, so x need not be kept. */
export const Relu = unary("Relu", (g, y) => mul(g, step(y, 0)));

/** x where x > 0, else attribute `alpha` times x; at 0 the derivative is `alpha`. */
export const LeakyRelu: Operator = {
  ...unary("LeakyRelu", (g, y) => mul(g, step(y, y.attributes.alpha as number))),
  onnx: ({ alpha }) => ({ floats: { alpha: alpha as number } }),
};

/** |x|; at 0 the derivative is 1. */
export const Abs: Operator = {
  ...unary("Abs", (g, _, x) => mul(g, where(greater(constant(0), x), constant(-1), constant(1)))),
  simd: { opcode: 0xe0 },
};

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
