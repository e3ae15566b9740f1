import type { Search } from "../plan.ts";
import { falls, objectiveAt } from "./search.ts";

/** When a length is accepted, and how often another one is tried. */
export interface ArmijoOptions {
  /** The part of the decrease that the slope promises which is enough, in (0, 1). */
  readonly c?: number;
  readonly tries?: number;
  /** The longest step, in learning rates. */
  readonly most?: number;
}

/**
 * Backtracking (U4; Armijo 1966, Nocedal and Wright 2006, section 3.5): the first length a with
 *
 *     f(x - a g) <= f(x) - c a ||g||^2
 *
 * Another length is tried at the minimum of the parabola through the start, its slope and the trial, but within a tenth and a half of the last. The first is
 * the learning rate at the first visit of a block - or more, where float32 could not show what it brings - and then twice the last length accepted, but at
 * most 1000 learning rates: where an objective flattens out, as that of a generator whose outputs saturate, it would grow without end. After ten tries in vain
 * the block stays, and the next search begins afresh.
 */
export function armijo({ c = 1e-4, tries = 10, most = 1000 }: ArmijoOptions = {}): Search {
  return function* search(start) {
    const { value, slope, learningRate, memory } = start;
    if (!falls(start)) return { length: 0, memory };
    const visible = (1e-4 * Math.abs(value)) / -slope;
    let length = Math.min(memory > 0 ? 2 * memory : Math.max(learningRate, visible), most * learningRate);
    for (let tried = 0; tried < tries && length > 0 && Number.isFinite(length); tried++) {
      const trial = yield* objectiveAt(length);
      if (trial < value && trial <= value + c * length * slope) return { length, memory: length };
      const vertex = (-slope * length ** 2) / (2 * (trial - value - length * slope));
      length = Math.min(Math.max(vertex, 0.1 * length), 0.5 * length);
    }
    return { length: 0, memory: 0 };
  };
}
