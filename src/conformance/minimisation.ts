import { acceleratedOracle, andersonOracle } from "./minimisation-acceleration.ts";
import { compositeOracle } from "./minimisation-composite.ts";
import { leastSquaresOracle } from "./minimisation-least-squares.ts";
import { frozenLayersOracle, linearNetworkOracle } from "./minimisation-linear-networks.ts";
import {
  expectedDecreaseOracle,
  greedyOracle,
  groupingOracle,
  variableBlocksOracle,
} from "./minimisation-selection.ts";
import { hutchinsonOracle, powellOracle, searchOracle } from "./minimisation-steps.ts";
import { gaussSeidelOracle, secondDifferenceOracle, worstCyclicOracle } from "./minimisation-sweeps.ts";
import type { Oracle } from "./oracle.ts";

/** What is known of coordinate descent on a function: quadratics, composite ones, least squares, linear networks. */
export const minimisationOracles: readonly Oracle[] = [
  gaussSeidelOracle,
  secondDifferenceOracle,
  expectedDecreaseOracle,
  greedyOracle,
  variableBlocksOracle,
  groupingOracle,
  worstCyclicOracle,
  acceleratedOracle,
  andersonOracle,
  powellOracle,
  searchOracle,
  hutchinsonOracle,
  compositeOracle,
  leastSquaresOracle,
  linearNetworkOracle,
  frozenLayersOracle,
];
