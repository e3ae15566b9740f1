import { ShapeError } from "../errors.ts";
import { normaliseAxes } from "../graph/broadcast.ts";
import { apply, isApplication, type Operator, sameShape, show, type Tensor } from "../graph/tensor.ts";

/** Axis i of the result is axis `perm[i]` of the input. */
export const Transpose: Operator = {
  type: "Transpose",
  shape([from], { perm }) {
    const order = perm as number[];
    if (order.length !== from!.length) {
      throw new ShapeError(`transpose: ${show(from!)} has ${from!.length} axes, got the order [${order}].`);
    }
    normaliseAxes("transpose", order, from!.length);
    return order.map((axis) => from![axis]!);
  },
  gradient(node, upstream) {
    const order = node.attributes.perm as number[];
    return transpose(
      upstream,
      order.map((_, axis) => order.indexOf(axis)),
    );
  },
  onnx: ({ perm }) => ({ ints: { perm: perm as number[] } }),
};

/** The inputs one after the other along attribute `axis`. */
export const Concat: Operator = {
  type: "Concat",
  shape(inputs, attributes) {
    const axis = attributes.axis as number;
    const [first] = inputs;
    const fits = inputs.every(
      (s) => s.length === first!.length && s.every((size, i) => i === axis || size === first![i]),
    );
    if (!fits || first![axis] === undefined) {
      const expected = `expected shapes that have axis ${axis} and differ in no other`;
      throw new ShapeError(`concat: ${expected}, got ${inputs.map(show).join(", ")}.`);
    }
    const total = inputs.reduce((sum, s) => sum + s[axis]!, 0);
    return first!.map((size, i) => (i === axis ? total : size));
  },
  gradient({ inputs, attributes }, upstream, index) {
    const axis = attributes.axis as number;
    const start = inputs.slice(0, index).reduce((sum, t) => sum + t.shape[axis]!, 0);
    return slice(upstream, axis, start, start + inputs[index]!.shape[axis]!);
  },
  onnx: ({ axis }) => ({ ints: { axis: axis as number } }),
};

/** Elements `start` up to but not including `end` along `axis`. */
export const Slice: Operator = {
  type: "Slice",
  shape([from], attributes) {
    const { axis, start, end } = attributes as Record<string, number>;
    const size = from![axis!];
    if (size === undefined || !(0 <= start! && start! <= end! && end! <= size)) {
      throw new ShapeError(`slice: ${start} to ${end} does not lie in axis ${axis} of ${show(from!)}.`);
    }
    return from!.map((length, i) => (i === axis ? end! - start! : length));
  },
  gradient({ inputs, attributes }, upstream) {
    const { axis, start, end } = attributes as Record<string, number>;
    return pad(upstream, axis!, start!, inputs[0]!.shape[axis!]! - end!);
  },
  onnx: ({ axis, start, end }) => ({ operands: [[start as number], [end as number], [axis as number]] }),
};

/** Zeros around a tensor: attribute `pads` has how many before each axis, then how many after each. */
export const Pad: Operator = {
  type: "Pad",
  shape: ([from], { pads }) => {
    const around = pads as readonly number[];
    return from!.map((size, axis) => around[axis]! + size + around[from!.length + axis]!);
  },
  gradient({ inputs: [x], attributes }, upstream) {
    const before = attributes.pads as readonly number[];
    return x!.shape.reduce((part, size, axis) => slice(part, axis, before[axis]!, before[axis]! + size), upstream);
  },
  onnx: ({ pads }) => ({ operands: [pads as number[]] }),
};

/** The axes in another order, negative ones counted from the last; by default the last two exchanged. Throws ShapeError. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const axes = [...x.shape.keys()];
  const wished = order ?? [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
  const perm = wished.map((axis) => (axis < 0 ? axis + axes.length : axis));
  if (sameShape(perm, axes)) return x;
  const transposed = apply(Transpose, [x], { perm });
  if (!isApplication(x, Transpose)) return transposed;
  const first = x.attributes.perm as number[];
  return transpose(
    x.inputs[0]!,
    perm.map((axis) => first[axis]!),
  );
}

/** Tensors one after the other along an axis. Throws ShapeError. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 0) throw new ShapeError("concat: needs at least one tensor, got none.");
  return tensors.length === 1 ? tensors[0]! : apply(Concat, tensors, { axis });
}

/** Elements `start` up to but not including `end` along an axis. Throws ShapeError. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  return start === 0 && end === x.shape[axis] ? x : apply(Slice, [x], { axis, start, end });
}

/** `before` zeros in front of an axis and `after` behind it; padding of what is padded is one padding. Throws ShapeError. */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  const rank = x.shape.length;
  if (!(axis in x.shape && [before, after].every((count) => Number.isInteger(count) && count >= 0))) {
    throw new ShapeError(`pad: ${before} before and ${after} after axis ${axis} does not fit ${show(x.shape)}.`);
  }
  if (before === 0 && after === 0) return x;
  const inner = isApplication(x, Pad) ? (x.attributes.pads as readonly number[]) : new Array<number>(2 * rank).fill(0);
  const pads = inner.map((count, i) => count + (i === axis ? before : i === rank + axis ? after : 0));
  return apply(Pad, [isApplication(x, Pad) ? x.inputs[0]! : x], { pads });
}
