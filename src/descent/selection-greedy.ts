import type { SelectionContext, SelectionRule } from "../plan.ts";
import type { Reals } from "../random.ts";
import { largestOf } from "./selection-average.ts";
import { checked, type SelectionSettings } from "./selection-settings.ts";

/**
 * S6, Gauss-Southwell: the block with the largest |g_b|, the lowest of equal ones (Nutini et al. 2015). The score is |g_b|. The code of Nutini, Laradji and
 * Schmidt 2022 compares 1-norms of fixed blocks; this follows the papers, which have the 2-norm.
 */
export function gaussSouthwell(): SelectionRule {
  return {
    name: "gauss-southwell",
    needs: ["norms"],
    select: ({ norms, blockCount }) => argmax(blockCount, (block) => norms![block]!),
    score: ({ norms }, block) => Math.sqrt(norms![block]!),
  };
}

/**
 * S7, Gauss-Southwell-Lipschitz: the block with the largest |g_b|^2 / L_b, the lowest of equal ones (Nutini et al. 2015, section 6): twice the decrease that a
 * step of 1 / L_b guarantees. For single coordinates of a quadratic it is the best one. The score is |g_b|^2 / L_b.
 */
export function gaussSouthwellLipschitz(): SelectionRule {
  return {
    name: "gauss-southwell-lipschitz",
    needs: ["norms", "lipschitz"],
    select: (context) => argmax(context.blockCount, (block) => guaranteed(context, block)),
    score: guaranteed,
  };
}

/** |g_b|^2 / L_b, and |g_b|^2 where L is not known. */
export function guaranteed({ norms, lipschitz }: SelectionContext, block: number): number {
  // an objective that is linear in a block has L = 0; large is then enough
  return lipschitz ? norms![block]! / Math.max(lipschitz[block]!, 1e-30) : norms![block]!;
}

/** The index of the largest value, the lowest of equal ones. */
export function argmax(count: number, value: (index: number) => number): number {
  let [best, most] = [0, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < count; index++) {
    const candidate = value(index);
    if (candidate > most) [best, most] = [index, candidate];
  }
  return best;
}

/** The least that a block counts in stale greed, as a part of the best. */
const least = 0.01;

/**
 * S11, stale greed: the largest max(r_b, r_max / 100) rho^-age, where r_b is the decrease by the last step of the block, r_max that of the best, and the age
 * is the number of steps by other blocks since then; the lowest of equal ones. Approximate greed after Nutini et al. 2015, section 7. The bonus grows with age
 * and no block counts for less than a hundredth of the best, so that none starves: a block is selected at the latest when its age reaches
 * ln 100 / ln(1 / rho) + D (458 + D for rho = 0.99), for visits of one step. Where no block decreased the objective the oldest is selected.
 * Blocks without a step go first, in their order. The score is r_b. Memory: r of all blocks, then their ages + 1, 0 before the first step.
 * Throws ConfigError for a staleness out of range.
 */
export function staleGreedy({ staleness: rho = 0.99 }: SelectionSettings = {}): SelectionRule {
  checked("staleness", rho);
  return {
    name: "stale-greedy",
    needs: ["decrease"],
    memorySize: (blockCount) => 2 * blockCount,
    select({ memory, blockCount }) {
      const [scores, ages] = [memory.subarray(0, blockCount), memory.subarray(blockCount)];
      const unvisited = ages.indexOf(0);
      return unvisited >= 0 ? unvisited : stalest(scores, ages, rho);
    },
    score: ({ memory }, block) => memory[block]!,
    observe({ memory, blockCount }, block, decrease) {
      const ages = memory.subarray(blockCount);
      for (const [other, age] of ages.entries()) if (age > 0) ages[other] = age + 1;
      ages[block] = 1;
      memory[block] = decrease;
    },
  };
}

function stalest(scores: Reals, ages: Reals, rho: number): number {
  const best = largestOf(scores);
  const oldest = largestOf(ages);
  // relative to the oldest block, or the power would overflow
  return argmax(
    scores.length,
    (block) => (best > 0 ? Math.max(scores[block]! / best, least) : 1) * rho ** (oldest - ages[block]!),
  );
}
