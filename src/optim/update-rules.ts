import { adam } from "./adam.ts";
import { gradientStep } from "./gradient.ts";
import type { UpdateRule } from "./update-rule.ts";

/** Settings that update rules share; each takes what it knows. */
export interface UpdateSettings {
  readonly beta1: number;
  readonly beta2: number;
}

/** Every update rule, by its name in configurations. */
export const updateRules = {
  gradient: gradientStep,
  adam,
} as const satisfies Record<string, (settings: UpdateSettings) => UpdateRule>;

/** A key of `updateRules`. */
export type UpdateName = keyof typeof updateRules;
