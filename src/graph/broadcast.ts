import { ShapeError } from "../errors.ts";
import { type Shape, show } from "./tensor.ts";

/** The shape two shapes stretch to (ONNX and NumPy rule): aligned at the last axis, sizes equal or one of them 1. Throws ShapeError. */
export function broadcast(where: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      const expected = "expected sizes that are equal or 1, counted from the last axis";
      throw new ShapeError(`${where}: ${expected}, got ${show(a)} and ${show(b)}. Reshape one of them?`);
    }
    return x === 1 ? y : x;
  });
}

/** Whether a tensor of shape `from` can be repeated to shape `to`. */
export function broadcastsTo(from: Shape, to: Shape): boolean {
  const offset = to.length - from.length;
  return offset >= 0 && from.every((size, axis) => size === 1 || size === to[axis + offset]);
}

/** The axes of `to` along which a tensor of shape `from` was repeated. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const offset = to.length - from.length;
  return [...to.keys()].filter((axis) => axis < offset || (from[axis - offset] === 1 && to[axis] !== 1));
}

/** Axes counted from the front, checked and sorted. Throws ShapeError. */
export function normaliseAxes(where: string, axes: readonly number[], rank: number): number[] {
  const positive = axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  const isValid = positive.every(
    (axis, i) => Number.isInteger(axis) && axis >= 0 && axis < rank && axis !== positive[i - 1],
  );
  if (!isValid) {
    throw new ShapeError(`${where}: axes are distinct and below the rank ${rank}, got [${axes.join(", ")}].`);
  }
  return positive;
}
