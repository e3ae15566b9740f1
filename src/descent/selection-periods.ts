import { ConfigError } from "../errors.ts";
import type { SelectionRule } from "../plan.ts";
import { checked, type SelectionSettings } from "./selection-settings.ts";

/** After so many visits the sets begin again. */
const longestCycle = 64;

/**
 * Every block at its own pace: block i is due at time t if t - i is a multiple of its period, and all that are due move at once from one point (an essentially
 * cyclic rule: Tseng 2001, section 2). All periods 1 is `jacobi`, all equal to the number of blocks is `cyclic`; between them a block that matters less, or costs
 * more, moves less often. Blocks without a period have 1; a time at which no block is due is left out. Throws ConfigError for more periods than blocks, and for
 * periods that meet too late.
 */
export function periodic({ periods = [] }: SelectionSettings = {}): SelectionRule {
  for (const period of periods) checked("period", period);
  const known = new Map<number, ReturnType<typeof dueSets>>();
  const cycleOf = (blockCount: number) => {
    const cycle = known.get(blockCount) ?? newCycle(blockCount);
    known.set(blockCount, cycle);
    return cycle;
  };
  const newCycle = (blockCount: number) => {
    if (periods.length > blockCount) {
      throw new ConfigError(`periods: expected at most ${blockCount}, one a block, got ${periods.length}.`, "periods");
    }
    return dueSets(Array.from({ length: blockCount }, (_, block) => periods[block] ?? 1));
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
  const times = [...Array(length).keys()].map((time) =>
    [...periods.keys()].filter((i) => (time - i) % periods[i]! === 0),
  );
  const order = times.flatMap((due) => {
    if (due.length === 0) return [];
    const key = String(due);
    if (!numbers.has(key)) numbers.set(key, sets.push(due) - 1);
    return [numbers.get(key)!];
  });
  return { sets, order };
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return (a * b) / x;
}
