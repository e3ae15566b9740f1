import { ConfigError } from "../errors.ts";
import type { SelectionRule } from "../plan.ts";
import { checked, type SelectionSettings } from "./selection-settings.ts";

/** After so many visits the sets begin again. */
const longestCycle = 64;

/**
 * Every block at its own pace: block i moves at visit t if t - i is a multiple of its period, and all that are due move at once from one point (an essentially
 * cyclic rule: Tseng 2001, section 2). All periods 1 is `jacobi`, all equal to the number of blocks is `cyclic`; between them a block that matters less, or costs
 * more, moves less often. Without periods every block has 1. Throws ConfigError where their number is not that of the blocks, and where at some visit no block
 * is due.
 */
export function periodic({ periods = [] }: SelectionSettings = {}): SelectionRule {
  for (const period of periods) checked("period", period);
  const cycleOf = (blockCount: number) => {
    const own = periods.length === 0 ? new Array<number>(blockCount).fill(1) : periods;
    if (own.length !== blockCount) {
      throw new ConfigError(`periods: expected one for each of ${blockCount} blocks, got ${own.length}.`, "periods");
    }
    return dueSets(own);
  };
  return {
    name: "periodic",
    needs: [],
    check: (blockCount) => void cycleOf(blockCount),
    sets: (blockCount) => cycleOf(blockCount).sets,
    select({ visit, blockCount }) {
      const { order } = cycleOf(blockCount);
      return order[visit % order.length]!;
    },
  };
}

/** The sets of blocks that are due together, each once, and which one at each visit of a cycle. */
function dueSets(periods: readonly number[]): { sets: number[][]; order: number[] } {
  const length = periods.reduce(leastCommonMultiple);
  if (length > longestCycle) {
    throw new ConfigError(
      `periods: expected periods that meet after at most ${longestCycle} visits, got ${length} with ${periods.join(", ")}.`,
      "periods",
    );
  }
  const sets: number[][] = [];
  const numbers = new Map<string, number>();
  const order = Array.from({ length }, (_, visit) => {
    const due = [...periods.keys()].filter((i) => (visit - i) % periods[i]! === 0);
    if (due.length === 0) {
      throw new ConfigError(
        `periods: no block is due at visit ${visit} with ${periods.join(", ")}. Give one the period 1.`,
        "periods",
      );
    }
    const key = String(due);
    if (!numbers.has(key)) numbers.set(key, sets.push(due) - 1);
    return numbers.get(key)!;
  });
  return { sets, order };
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a * b) / x;
}
