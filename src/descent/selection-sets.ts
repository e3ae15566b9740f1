import { ConfigError } from "../errors.ts";
import type { SelectionRule } from "../plan.ts";
import { draw } from "./selection-sampling.ts";
import { checked, type SelectionSettings } from "./selection-settings.ts";

/** Each set is a move of its own, with programs of its own. */
const mostSets = 64;

/** All blocks at once, each along its gradient at the same point: what descent on the whole does, block by block. */
export function jacobi(): SelectionRule {
  return { name: "jacobi", needs: [], sets: (blockCount) => [numbers(blockCount)], select: () => 0 };
}

/**
 * S14, layerwise importance sampling (LISA, Pan et al. 2024): the first and the last block always, with `active` of those between, uniformly at random. The
 * sets are all that there are, in lexicographic order; all blocks together where there are no more than `active` between. The score is the probability of
 * the set. Throws ConfigError for an `active` out of range, and where there are more than 64 sets.
 */
export function layerwiseImportance({ active = 2 }: SelectionSettings = {}): SelectionRule {
  checked("active", active);
  const chosen = (blockCount: number) => Math.min(active, Math.max(0, blockCount - 2));
  const setCount = (blockCount: number) => binomial(blockCount - 2, chosen(blockCount));
  const check = (blockCount: number) => {
    if (setCount(blockCount) > mostSets) throw tooManySets(active, blockCount);
  };
  return {
    name: "layerwise-importance",
    needs: [],
    check,
    sets(blockCount) {
      check(blockCount);
      if (blockCount <= 2) return [numbers(blockCount)];
      return subsets(blockCount - 2, chosen(blockCount)).map((middle) => [
        0,
        ...middle.map((block) => block + 1),
        blockCount - 1,
      ]);
    },
    select: (context) => Math.floor(draw(context, 0) * setCount(context.blockCount)),
    score: ({ blockCount }) => 1 / setCount(blockCount),
  };
}

const numbers = (count: number): number[] => [...Array(count).keys()];

/** The sets of `size` of the numbers below `count`, in lexicographic order. */
function subsets(count: number, size: number, first = 0): number[][] {
  if (size === 0) return [[]];
  return numbers(count - size + 1 - first).flatMap((i) =>
    subsets(count, size - 1, first + i + 1).map((rest) => [first + i, ...rest]),
  );
}

/** The number of sets of k of n; 1 for k = 0, whatever n. */
function binomial(n: number, k: number): number {
  let sets = 1;
  for (let i = 1; i <= k; i++) sets = (sets * (n - k + i)) / i;
  return sets;
}

function tooManySets(active: number, blockCount: number): ConfigError {
  const middle = blockCount - 2;
  const sets = binomial(middle, active);
  const most = numbers(active).findLast((gamma) => binomial(middle, gamma) <= mostSets)!;
  return new ConfigError(
    `active: expected at most ${mostSets} sets of blocks, got ${sets}: ${active} of the ${middle} blocks between the first and the last. ` +
      `Choose an active of at most ${most}, or a partition into fewer blocks.`,
    "active",
  );
}
