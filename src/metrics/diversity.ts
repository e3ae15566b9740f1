import { permutation, stream } from "../random.ts";
import { checkSamples, type Matrix } from "./matrix.ts";

/**
 * Mean distance of two samples, over n pairs: the samples in a ring, in an order that depends on the seed, each with the next. 0 for a generator that has
 * one answer. Throws ShapeError for fewer than two samples.
 */
export function diversity(x: Matrix, seed = 0): number {
  checkSamples("diversity", x, 2);
  const { rows, columns, values } = x;
  const order = permutation(stream(seed, "metrics/diversity"), 0, rows);
  let sum = 0;
  for (const [at, a] of order.entries()) {
    const b = order[(at + 1) % rows]!;
    let square = 0;
    for (let k = 0; k < columns; k++) square += (values[a * columns + k]! - values[b * columns + k]!) ** 2;
    sum += Math.sqrt(square);
  }
  return sum / rows;
}
