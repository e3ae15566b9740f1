/** `Expand`, `ReduceSum` and `Reshape`: the operators that broadcasting and its gradient are made of; each one's gradient is another. */
import { ShapeError } from "../errors.ts";
import { broadcastAxes, broadcastsTo, normaliseAxes } from "../graph/broadcast.ts";
import {
  apply,
  constant,
  isApplication,
  type Operator,
  type Shape,
  sameShape,
  show,
  type Tensor,
} from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";

/** `x` repeated to attribute `shape`. */
export const Expand: Operator = {
  type: "Expand",
  shape([from], { shape }) {
    const to = shape as Shape;
    if (broadcastsTo(from!, to)) return to;
    throw new ShapeError(`expand: expected a shape that ${show(from!)} stretches to, got ${show(to)}.`);
  },
  gradient: (node, upstream) => sumTo(upstream, node.inputs[0]!.shape),
  onnx: ({ shape }) => ({ operands: [shape as Shape] }),
};

/** Sum over attribute `axes`, kept with size 1 if `keepdims` is 1. */
export const ReduceSum: Operator = {
  type: "ReduceSum",
  simd: { opcode: 0xe4, isTotal: true },
  shape: ([from], attributes) => reducedShape("reduceSum", from!, attributes),
  gradient: (node, upstream) => spread(upstream, node.inputs[0]!.shape, node.attributes.axes as number[]),
  onnx: ({ axes, keepdims }) => ({ ints: { keepdims: keepdims as number }, operands: [axes as number[]] }),
};

/** The same elements under attribute `shape`. */
export const Reshape: Operator = {
  type: "Reshape",
  shape([from], { shape }) {
    const to = shape as Shape;
    if (sizeOf(to) !== sizeOf(from!)) {
      throw new ShapeError(`reshape: ${show(from!)} holds ${sizeOf(from!)} elements, ${show(to)} holds ${sizeOf(to)}.`);
    }
    return to;
  },
  gradient: (node, upstream) => reshape(upstream, node.inputs[0]!.shape),
  // allowzero: a 0 in the shape is a size, not "as in the input"
  onnx: ({ shape }) => ({ ints: { allowzero: 1 }, operands: [shape as Shape] }),
};

/** The shape after reducing `axes`, kept as size 1 if `keepdims` is 1. Throws ShapeError. */
export function reducedShape(where: string, from: Shape, { axes, keepdims }: Readonly<Record<string, unknown>>): Shape {
  const reduced = new Set(normaliseAxes(where, axes as number[], from.length));
  return keepdims
    ? from.map((size, axis) => (reduced.has(axis) ? 1 : size))
    : from.filter((_, axis) => !reduced.has(axis));
}

/** What a reduction reduces. */
export interface ReduceOptions {
  /** Axes to reduce, negative ones counted from the last; all of them by default. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with size 1. */
  readonly keepdims?: boolean;
}

/** Attributes of a reduction of `x`. */
export function reduction(where: string, x: Tensor, { axes, keepdims = false }: ReduceOptions) {
  const rank = x.shape.length;
  return { axes: normaliseAxes(where, axes ?? [...x.shape.keys()], rank), keepdims: keepdims ? 1 : 0 };
}

/** Sum over axes. */
export function reduceSum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const attributes = reduction("reduceSum", x, options);
  return attributes.axes.length === 0 ? x : apply(ReduceSum, [x], attributes);
}

/** `x` repeated to a larger shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const expanded = apply(Expand, [x], { shape });
  return isApplication(x, Expand) ? apply(Expand, x.inputs, { shape }) : expanded;
}

/** The same elements under another shape of equal size. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (x.kind === "constant") return constant(x.values, shape);
  return isApplication(x, Reshape) ? reshape(x.inputs[0]!, shape) : apply(Reshape, [x], { shape });
}

/** A tensor of one number everywhere. */
export function fill(shape: Shape, value: number): Tensor {
  return expand(constant(value), shape);
}

/** `x` summed over the axes along which `shape` would be repeated to become its shape: the gradient of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  return reshape(reduceSum(x, { axes: broadcastAxes(shape, x.shape) }), shape);
}

/** A reduced tensor repeated along the reduced `axes` again, to `shape`. */
export function spread(reduced: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return expand(reshape(reduced, kept), shape);
}
