import type { SelectionContext, SelectionRule } from "../plan.ts";
import { stream, uniform as uniformNumber } from "../random.ts";
import { average, largestOf } from "./selection-average.ts";
import { checked, type SelectionSettings } from "./selection-settings.ts";

/** Uniform number `index` of a visit, in (0, 1). */
export function draw({ seed, player, visit }: SelectionContext, index: number): number {
  return uniformNumber(stream(seed, `${player}/selection`), visit, index);
}

/** S3, uniform: each block with probability 1/D (Nesterov 2012). The score is the probability. */
export function uniform(): SelectionRule {
  return {
    name: "uniform",
    needs: [],
    select: (context) => Math.floor(draw(context, 0) * context.blockCount),
    score: ({ blockCount }) => 1 / blockCount,
  };
}

/**
 * S4, importance sampling: p_b = (1 - floor) L_b^a / sum_j L_j^a + floor / D (Nesterov 2012; Leventhal and Lewis 2010). With a = 1 and no floor, and exact
 * steps on a quadratic, the expected decrease is |g|^2 / (2 tr H). The floor is for networks, where L_b is an estimate. The score is the probability.
 * Throws ConfigError for an exponent or floor out of range.
 */
export function importance({ exponent = 1, floor = 0.1 }: SelectionSettings = {}): SelectionRule {
  checked("exponent", exponent);
  checked("floor", floor);
  const probabilities = ({ lipschitz }: SelectionContext) => {
    const largest = largestOf(lipschitz!);
    return mixed(
      Array.from(lipschitz!, (L) => (largest > 0 ? (L / largest) ** exponent : 1)),
      floor,
    );
  };
  return sampling("importance", ["lipschitz"], probabilities);
}

/**
 * S5, cost-aware sampling: p_b = 1/2 r_b / sum_j r_j + 1/(2 D), where r_b is the average decrease by a step of the block over the multiply-accumulates of that
 * step; a negative average counts as 0. Averages are exponential, each over the observations of its block: the visits of other blocks do not age them.
 * Blocks without an observation go first, in their order. The score is the probability. Memory: the averages of all blocks, then their weights.
 * Throws ConfigError for a discount out of range.
 */
export function costAware({ discount = 0.9 }: SelectionSettings = {}): SelectionRule {
  checked("discount", discount);
  const probabilities = ({ blockCount, memory, macs }: SelectionContext) => {
    const unvisited = memory.subarray(blockCount).indexOf(0);
    if (unvisited >= 0) return macs.map((_, block) => (block === unvisited ? 1 : 0));
    return mixed(
      macs.map((cost, block) => Math.max(0, memory[block]!) / Math.max(1, cost)),
      0.5,
    );
  };
  return {
    ...sampling("cost-aware", ["decrease"], probabilities),
    memorySize: (blockCount) => 2 * blockCount,
    observe: ({ memory, blockCount }, block, decrease) => average(memory, blockCount, block, decrease, discount),
  };
}

type Probabilities = (context: SelectionContext) => number[];

function sampling(name: string, needs: SelectionRule["needs"], probabilities: Probabilities): SelectionRule {
  return {
    name,
    needs,
    select: (context) => sample(probabilities(context), draw(context, 0)),
    score: (context, block) => probabilities(context)[block]!,
  };
}

/** Probabilities in proportion to weights, of which a part is shared equally; all of it where every weight is 0. */
function mixed(weights: readonly number[], equal: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => {
    const share = 1 / weights.length;
    return total > 0 ? (1 - equal) * (weight / total) + equal * share : share;
  });
}

/** The first index up to which the probabilities sum to more than u in (0, 1); rounding may leave the last possible one. */
function sample(probabilities: readonly number[], u: number): number {
  let sum = 0;
  const index = probabilities.findIndex((p) => {
    sum += p;
    return u < sum;
  });
  return index < 0 ? probabilities.findLastIndex((p) => p > 0) : index;
}
