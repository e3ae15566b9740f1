/** Gradient steps of a length that a search chooses. */

import type { Search } from "../plan.ts";
import { type ArmijoOptions, armijo } from "./armijo.ts";
import { type ExactLineOptions, exactLine } from "./exact-line.ts";
import { gradientStep } from "./gradient.ts";
import { type LipschitzOptions, lipschitzDoubling } from "./lipschitz-doubling.ts";
import type { UpdateRule } from "./update-rule.ts";

/** w - g/L, with the Lipschitz constant L of the block found by doubling: `lipschitzDoubling`. */
export function lipschitz(options?: LipschitzOptions): UpdateRule {
  return searched("lipschitz", lipschitzDoubling(options));
}

/** w - a g, with a length that Armijo's condition accepts: `armijo`. */
export function lineSearch(options?: ArmijoOptions): UpdateRule {
  return searched("line-search", armijo(options));
}

/** w - a g, at the minimum along the gradient: `exactLine`. */
export function exact(options?: ExactLineOptions): UpdateRule {
  return searched("exact", exactLine(options));
}

function searched(name: string, search: Search): UpdateRule {
  return { ...gradientStep(), name, needs: ["objective"], gradientScale: 1, search };
}
