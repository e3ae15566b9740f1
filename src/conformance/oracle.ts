import type { Dataset } from "../data/dataset.ts";
import type { GameOptions, PlayerSpec } from "../descent/descent.ts";
import type { Plan } from "../plan.ts";
import type { Trainer } from "../train/trainer.ts";

/** One number that theory knows and that was measured. */
export interface Finding {
  readonly what: string;
  readonly expected: number;
  readonly measured: number;
  /** Largest |measured - expected| that passes, rounding included; 0: to the bit. */
  readonly tolerance: number;
  /** Where theory gives bounds instead of a number; `expected` is then the middle between them, or between one and what cannot be exceeded anyway. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A statement about coordinate descent whose answer is known exactly, by its number in the list of oracles. */
export interface Oracle {
  /** `T8` */
  readonly id: string;
  /** What is known, in a line: `exact cyclic descent on a quadratic is the Gauss-Seidel method`. */
  readonly title: string;
  /** Names of the rules that it pins, as in configurations: of partitions, selection rules, updates, orders of play. */
  readonly rules: readonly string[];
  check(lab: Lab): Promise<Finding[]>;
}

/** What oracles work with. A planted fault replaces one of these, and an oracle has to notice. */
export interface Lab {
  /** `gamePlan` in float64. */
  plan(players: readonly PlayerSpec[], options?: GameOptions): Plan;
  /** A trainer of a plan on the float64 reference runtime; of a plan that reads examples, with data. */
  trainer(plan: Plan, seed?: number, data?: Dataset): Promise<Trainer>;
  /** A trainer on ONNX Runtime with one thread, as users have it: fast, and in the precision of the plan. */
  native(plan: Plan, seed: number, data: Dataset): Promise<Trainer>;
}

/** Whether a finding agrees; a number that is not finite never does. */
export function passes({ expected, measured, tolerance }: Finding): boolean {
  return Math.abs(measured - expected) <= tolerance;
}
