import type { Finding } from "./oracle.ts";

/** That a number is what it should be but for some rounding. */
export const equal = (what: string, measured: number, expected: number, tolerance: number): Finding => ({
  what,
  expected,
  measured,
  tolerance,
});

/** That a number is no larger than a bound; `least` is what it could not be below. */
export const atMost = (what: string, measured: number, bound: number, least = 0): Finding => ({
  ...inside(what, measured, least, bound),
  atMost: bound,
});

/** That a number is no smaller than a bound; `most` is what it could not be above. */
export const atLeast = (what: string, measured: number, bound: number, most: number): Finding => ({
  ...inside(what, measured, bound, most),
  atLeast: bound,
});

/** Pearson's chi-square of counts against what is expected of them: beyond the bound once in a thousand times. */
export function chiSquare(what: string, counts: readonly number[], expected: readonly number[]): Finding {
  const statistic = counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
  return atMost(`${what}: chi-square`, statistic, chiSquareLimits[counts.length - 1]!);
}

/** What chi-square exceeds with probability 1/1000, by the degrees of freedom. */
const chiSquareLimits: Readonly<Record<number, number>> = { 1: 10.828, 2: 13.816, 3: 16.266, 4: 18.467, 5: 20.515 };

const inside = (what: string, measured: number, low: number, high: number): Finding =>
  equal(what, measured, (low + high) / 2, (high - low) / 2);
