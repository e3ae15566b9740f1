import type { Search } from "../plan.ts";
import { falls, objectiveAt } from "./search.ts";

/** How the estimate comes down again. */
export interface LipschitzOptions {
  /** What the estimate of the last visit is multiplied with, in (0, 1]; 1 never shrinks, as Nutini's code. */
  readonly shrink?: number;
}

const mostDoublings = 30;

/**
 * The Lipschitz constant L of the gradient in a block by doubling (U2; Nesterov 2013, section 3, Beck and Teboulle 2009): the length 1/L of the first
 * L = L0, 2 L0, 4 L0, ... with
 *
 *     f(x - g/L) <= f(x) - ||g||^2 / (2L)
 *
 * Any L from the true L_b on has it, so that L stays below 2 L_b unless it starts above. L0 is 1 / learningRate at the first visit of a block and then
 * shrink times the last L; after 30 doublings in vain the block stays, and L is as before.
 */
export function lipschitzDoubling({ shrink = 0.7 }: LipschitzOptions = {}): Search {
  return function* search(start) {
    const { value, slope, learningRate, memory } = start;
    const stay = { length: 0, memory };
    if (!falls(start)) return stay;
    let L = memory > 0 ? shrink * memory : 1 / learningRate;
    for (let doublings = 0; doublings <= mostDoublings && L < Number.POSITIVE_INFINITY; doublings++, L *= 2) {
      const trial = yield* objectiveAt(1 / L);
      if (trial < value && trial <= value + slope / (2 * L)) return { length: 1 / L, memory: L };
    }
    return stay;
  };
}
