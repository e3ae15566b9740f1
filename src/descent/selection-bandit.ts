import type { SelectionContext, SelectionRule } from "../plan.ts";
import { average, largestOf } from "./selection-average.ts";
import { argmax, guaranteed } from "./selection-greedy.ts";
import { draw } from "./selection-sampling.ts";
import { checked, type SelectionSettings } from "./selection-settings.ts";

/**
 * S12, the bandit B_max_r (Salehi, Thiran and Celis 2018): with probability epsilon a block at random, else the one with the largest estimate r_b of the decrease
 * by its step, the lowest of equal ones. Every `refresh` visits all estimates are computed from the gradient, as |g_b|^2, or |g_b|^2 / (2 L_b) where L is known;
 * in between only that of the block that moves is renewed, from what its step brought. With refresh = 1 and epsilon = 0 it is max_r, which is
 * Gauss-Southwell(-Lipschitz).
 *
 * In the paper the world stands still and a new value replaces the one before. Here the estimate is the average of what the steps of the block brought since the
 * refresh, in which an observation weighs discount^age, its age counted in steps of any block (Garivier and Moulines 2011, the mean of discounted UCB): what
 * a rare visit brings outweighs what is long past. And since gradients and decreases have different units, the estimates of a refresh are all multiplied by
 * the number that keeps the largest, which is generous to the others; in the beginning, by that which makes the largest equal to the first decrease.
 *
 * The score is the estimate. Memory: the estimates of all blocks, their weights, and 1 once estimates are in the units of decreases.
 * Throws ConfigError for an epsilon, refresh or discount out of range.
 */
export function bandit({ epsilon = 0.1, refresh, discount = 0.9 }: SelectionSettings = {}): SelectionRule {
  checked("epsilon", epsilon);
  if (refresh !== undefined) checked("refresh", refresh);
  checked("discount", discount);
  return {
    name: "bandit",
    needs: ["norms", "decrease"],
    wantsNorms: (visit, blockCount) => visit % (refresh ?? 10 * blockCount) === 0,
    memorySize: (blockCount) => 2 * blockCount + 1,
    select(context) {
      const { memory, blockCount, norms } = context;
      if (norms) renewAll(context);
      if (draw(context, 0) < epsilon) return Math.floor(draw(context, 1) * blockCount);
      return argmax(blockCount, (block) => memory[block]!);
    },
    score: ({ memory }, block) => memory[block]!,
    observe(context, block, decrease) {
      const { memory, blockCount } = context;
      learnUnits(context, decrease);
      for (let other = 0; other < blockCount; other++) if (other !== block) memory[blockCount + other]! *= discount;
      average(memory, blockCount, block, decrease, discount);
    },
  };
}

/** Estimates from the gradient, without weight: the first observation replaces them. */
function renewAll(context: SelectionContext): void {
  const { memory, blockCount, lipschitz } = context;
  const past = largestEstimate(context);
  for (let block = 0; block < blockCount; block++) {
    memory[block] = guaranteed(context, block) / (lipschitz ? 2 : 1);
    memory[blockCount + block] = 0;
  }
  if (memory[2 * blockCount] === 1) convert(context, largestEstimate(context), past);
}

/** Takes the first decrease for that of the best block. */
function learnUnits(context: SelectionContext, decrease: number): void {
  const { memory, blockCount } = context;
  if (memory[2 * blockCount] === 0) convert(context, largestEstimate(context), decrease);
}

const largestEstimate = ({ memory, blockCount }: SelectionContext) => largestOf(memory.subarray(0, blockCount));

/** Multiplies the estimates without weight so that `from` becomes `to`; where that cannot be, the units are unknown. */
function convert({ memory, blockCount }: SelectionContext, from: number, to: number): void {
  const isPossible = from > 0 && to > 0;
  memory[2 * blockCount] = isPossible ? 1 : 0;
  if (!isPossible) return;
  for (let block = 0; block < blockCount; block++) {
    if (memory[blockCount + block] === 0) memory[block]! *= to / from;
  }
}
