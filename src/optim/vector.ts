/** A block as one vector: tensors, one for each of its weights, whose sums go over all elements of all of them. */
import { constant, type Tensor } from "../graph/tensor.ts";
import { add, mul, neg } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { greater, less, where } from "../ops/comparison.ts";
import { sqrt } from "../ops/elementwise.ts";
import { sizeOf } from "../program.ts";
import type { Moved } from "./update-rule.ts";

/** What the next weights are put into. */
export type Next = Map<string, Tensor>;

/** a'b, a scalar. */
export function dot(a: readonly Tensor[], b: readonly Tensor[]): Tensor {
  return a.map((x, i) => reduceSum(mul(x, b[i]!))).reduce(add);
}

/** ||a||, a scalar. */
export function norm(a: readonly Tensor[]): Tensor {
  return sqrt(dot(a, a));
}

/** a + s b, with a scalar s. */
export function along(a: readonly Tensor[], s: Tensor, b: readonly Tensor[]): Tensor[] {
  return a.map((x, i) => add(x, mul(s, b[i]!)));
}

/** The larger of a tensor and a number. */
export function atLeast(x: Tensor, least: number): Tensor {
  return where(greater(x, constant(least)), x, constant(least));
}

/** `x` clipped to [-bound, bound], exactly; NaN stays. */
export function clip(x: Tensor, bound: number): Tensor {
  const [low, high] = [constant(-bound), constant(bound)];
  return where(greater(x, high), high, where(less(x, low), low, x));
}

/** Number of weights that move. */
export function countOf(moved: readonly Moved[]): number {
  return moved.reduce((sum, { value }) => sum + sizeOf(value.shape), 0);
}

/** The weights after a step of some length, a scalar, along a direction. */
export function stepAlong(moved: readonly Moved[], length: Tensor, direction: readonly Tensor[]): Next {
  return new Map(moved.map(({ name, value }, i) => [name, add(value, mul(length, direction[i]!))]));
}

/** The negative gradient of a block. */
export function steepest(moved: readonly Moved[]): Tensor[] {
  return moved.map(({ gradient }) => neg(gradient));
}
