import { ShapeError } from "../errors.ts";
import { fillUniform, normalQuantile, type Stream, stream } from "../random.ts";

/** What the same seeds say of two ways to train. */
export interface Comparison {
  /** Mean over the seeds of candidate - baseline. */
  readonly difference: number;
  /** 95 % interval of that mean. */
  readonly interval: readonly [low: number, high: number];
  /** Chance of a mean difference at least as large, either way, if there is none. */
  readonly p: number;
  /** Of the candidate; claimed only where the interval excludes 0 and p < 0.05, which takes six seeds at least. */
  readonly verdict: "better" | "worse" | "no difference";
}

/** Draws, where not all ways are counted. */
const draws = 10_000;
/** With more pairs, random signs stand for all. */
const mostExactPairs = 16;

/**
 * Compares a figure of runs pair by pair: number i of both is of seed i. The interval is the bias-corrected and accelerated bootstrap of the mean difference
 * (Efron 1987) with 10,000 resamples; p is that of the sign-flip test (Fisher 1935), over all 2^n signs for n up to 16 and 10,000 random ones above.
 *
 * Throws ShapeError for fewer than two pairs or numbers that are not finite: give a run that diverged the figure of noise, and keep it.
 */
export function comparePaired(
  baseline: readonly number[],
  candidate: readonly number[],
  { better, seed = 0 }: { readonly better: "lower" | "higher"; readonly seed?: number },
): Comparison {
  const n = baseline.length;
  if (n < 2 || candidate.length !== n || ![...baseline, ...candidate].every(Number.isFinite)) {
    const problem = `expected finite figures of at least two pairs of runs, got [${baseline}] and [${candidate}]`;
    throw new ShapeError(`comparePaired: ${problem}. Give a run that failed the figure of noise.`);
  }
  const differences = candidate.map((value, i) => value - baseline[i]!);
  const difference = mean(differences);
  const interval = bootstrap(differences, stream(seed, "metrics/bootstrap"));
  const p = signFlip(differences, stream(seed, "metrics/sign-flip"));
  const isClear = p < 0.05 && (interval[0] > 0 || interval[1] < 0);
  const isBetter = difference < 0 === (better === "lower");
  return { difference, interval, p, verdict: !isClear ? "no difference" : isBetter ? "better" : "worse" };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The 95 % BCa interval of the mean. */
function bootstrap(values: readonly number[], source: Stream): [number, number] {
  const n = values.length;
  const centre = mean(values);
  const places = new Float64Array(n);
  const means = new Float64Array(draws).map((_, r) => {
    fillUniform(source, r, places, 0, n);
    return places.reduce((sum, place) => sum + values[Math.floor(place)]!, 0) / n;
  });
  means.sort();
  // of those equal to the mean, which coarse figures have, half are below
  const below = means.reduce((count, m) => count + (m < centre ? 1 : m === centre ? 0.5 : 0), 0) / draws;
  const bias = normalQuantile(Math.min(Math.max(below, 1 / draws), 1 - 1 / draws));
  const deviations = values.map((value) => value - centre); // the jackknife's, but for a factor
  const squares = deviations.reduce((sum, d) => sum + d ** 2, 0);
  const cubes = deviations.reduce((sum, d) => sum + d ** 3, 0);
  const acceleration = squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
  const at = (p: number) => {
    const z = bias + normalQuantile(p);
    const share = normalShare(bias + z / (1 - acceleration * z));
    return means[Math.min(Math.floor(share * draws), draws - 1)]!;
  };
  return [at(0.025), at(0.975)];
}

/** Chance that a standard normal number is below z: the p whose quantile it is, by halving. */
function normalShare(z: number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (normalQuantile(middle) < z) low = middle;
    else high = middle;
  }
  return low;
}

/** Share of the ways to give the values signs for which their sum is as large as it is, or larger. */
function signFlip(values: readonly number[], source: Stream): number {
  const isExact = values.length <= mostExactPairs;
  const ways = isExact ? 2 ** values.length : draws;
  const chance = new Float64Array(values.length);
  const reached = Math.abs(mean(values)) * values.length * (1 - 1e-12); // sums in another order differ by rounding
  let count = 0;
  for (let way = 0; way < ways; way++) {
    if (!isExact) fillUniform(source, way, chance);
    let sum = 0;
    for (const [i, value] of values.entries()) {
      const isFlipped = isExact ? (way >> i) & 1 : chance[i]! < 0.5;
      sum += isFlipped ? -value : value;
    }
    if (Math.abs(sum) >= reached) count++;
  }
  return isExact ? count / ways : (count + 1) / (ways + 1);
}
