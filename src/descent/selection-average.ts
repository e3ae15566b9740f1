import type { Reals } from "../random.ts";

/** The largest of numbers, of which there may be too many to be arguments. */
export function largestOf(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!);
  return largest;
}

/**
 * Takes an observation of block b into its average: n <- discount * n + 1, mean <- mean + (x - mean) / n, so that an observation weighs `discount` times the next.
 * `memory` holds the means of all blocks, then the weights n; a weight of 0 is that of a mean that counts for nothing.
 */
export function average(memory: Reals, blockCount: number, block: number, observation: number, discount: number): void {
  const weight = discount * memory[blockCount + block]! + 1;
  memory[blockCount + block] = weight;
  memory[block]! += (observation - memory[block]!) / weight;
}
