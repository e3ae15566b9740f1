import type { SelectionRule } from "../plan.ts";
import { bandit } from "./selection-bandit.ts";
import { gaussSouthwell, gaussSouthwellLipschitz, staleGreedy } from "./selection-greedy.ts";
import { cyclic, permutation } from "./selection-order.ts";
import { periodic } from "./selection-periods.ts";
import { costAware, importance, uniform } from "./selection-sampling.ts";
import { jacobi, layerwiseImportance } from "./selection-sets.ts";
import type { SelectionSettings } from "./selection-settings.ts";

/** Every selection rule, by its name in configurations. */
export const selectionRules = {
  cyclic,
  permutation,
  uniform,
  importance,
  "cost-aware": costAware,
  "gauss-southwell": gaussSouthwell,
  "gauss-southwell-lipschitz": gaussSouthwellLipschitz,
  "stale-greedy": staleGreedy,
  bandit,
  "layerwise-importance": layerwiseImportance,
  jacobi,
  periodic,
} as const satisfies Record<string, (settings: SelectionSettings) => SelectionRule>;

/** A key of `selectionRules`. */
export type SelectionName = keyof typeof selectionRules;
