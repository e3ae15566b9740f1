import { ConfigError } from "../errors.ts";

/** The order in which the cyclic rule goes through the blocks: a direction, or the numbers of all blocks. */
export type BlockOrder = "ascending" | "descending" | readonly number[];

/** Settings of the selection rules, all in one; each rule reads its own. */
export interface SelectionSettings {
  /** `cyclic`: ascending goes from the input of the network to its output. Default `ascending`. */
  readonly order?: BlockOrder | undefined;
  /** `importance`: a >= 0 in p ~ L^a; 0 is uniform. Default 1. */
  readonly exponent?: number | undefined;
  /** `importance`: the part of the probability that is shared equally, from 0 to 1, so that p_b >= floor / D. Default 0.1. */
  readonly floor?: number | undefined;
  /** `bandit`: the probability of a block at random, from 0 to 1. Default 0.1. */
  readonly epsilon?: number | undefined;
  /** `bandit`: visits from one computation of all estimates to the next, at least 1. Default 10 D. */
  readonly refresh?: number | undefined;
  /** `bandit`, `cost-aware`: weight of an observation against the next one, more than 0 and at most 1; 1 never forgets. Default 0.9. */
  readonly discount?: number | undefined;
  /** `stale-greedy`: rho, between 0 and 1; the smaller, the sooner every block has its turn. Default 0.99. */
  readonly staleness?: number | undefined;
  /** `periodic`: visits from one move of each block to its next, each at least 1. Default 1, also for those that are not given. */
  readonly periods?: readonly number[] | undefined;
  /** `layerwise-importance`: gamma, the number of blocks in the middle that move with the first and the last. Default 2. */
  readonly active?: number | undefined;
}

const ranges = {
  exponent: ["a number of at least 0", (a) => a >= 0 && a < Number.POSITIVE_INFINITY],
  floor: ["a number from 0 to 1", (floor) => floor >= 0 && floor <= 1],
  epsilon: ["a number from 0 to 1", (epsilon) => epsilon >= 0 && epsilon <= 1],
  refresh: ["a whole number of at least 1", (visits) => Number.isInteger(visits) && visits >= 1],
  discount: ["a number more than 0 and at most 1", (discount) => discount > 0 && discount <= 1],
  staleness: ["a number between 0 and 1", (rho) => rho > 0 && rho < 1],
  period: ["a whole number of at least 1", (visits) => Number.isInteger(visits) && visits >= 1],
  active: ["a whole number of at least 0", (gamma) => Number.isInteger(gamma) && gamma >= 0],
} as const satisfies Record<string, readonly [expected: string, holds: (value: number) => boolean]>;

/** A number in the range of its setting. Throws ConfigError. */
export function checked(key: keyof typeof ranges, value: number): number {
  const [expected, holds] = ranges[key];
  if (holds(value)) return value;
  throw new ConfigError(`${key}: expected ${expected}, got ${value}.`, key);
}
