import type { Oracle } from "./oracle.ts";
import { costs, prefixCache } from "./structure-costs.ts";
import { centralDifferences } from "./structure-gradients.ts";
import { ghostNorms } from "./structure-norms.ts";
import { ratesOracle } from "./structure-rates.ts";
import { banditOracle, costAwareOracle, layerSetsOracle, staleGreedyOracle } from "./structure-sampling.ts";
import { searchesLower } from "./structure-search.ts";
import { selectionContracts } from "./structure-selection.ts";
import { statePolicies } from "./structure-state.ts";
import { baseOptimiser, blockGradient, jacobiStep } from "./structure-steps.ts";

/** What is known of steps whatever they minimise: what they are slices of, what they leave alone, what they cost, what comes next. */
export const structureOracles: readonly Oracle[] = [
  baseOptimiser,
  jacobiStep,
  blockGradient,
  prefixCache,
  costs,
  selectionContracts,
  ghostNorms,
  searchesLower,
  centralDifferences,
  statePolicies,
  costAwareOracle,
  staleGreedyOracle,
  banditOracle,
  layerSetsOracle,
  ratesOracle,
];
