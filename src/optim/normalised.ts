import { constant } from "../graph/tensor.ts";
import { add, div, mul } from "../ops/arithmetic.ts";
import type { UpdateRule } from "./update-rule.ts";
import { atLeast, norm, steepest, stepAlong } from "./vector.ts";

/** Whether the step is relative to the weights. */
export interface NormalisedOptions {
  /** Makes the step learningRate times the norm of the block, at least `leastNorm`; otherwise it is learningRate itself. */
  readonly relative?: boolean;
  readonly leastNorm?: number;
  readonly epsilon?: number;
}

/**
 * Normalised gradient descent, block by block (U15; Jelassi et al. 2022, equation 4, with the factor of LARS, You et al. 2017):
 *
 *     w' = w - learningRate max(||w||, leastNorm) g / (||g|| + epsilon)
 *
 * with the norms over all weights of the block. Jelassi et al. have no factor max(||w||, c): `relative: false`. LARS takes norms tensor by tensor. No state.
 */
export function normalised({ relative = true, leastNorm = 1e-3, epsilon = 1e-8 }: NormalisedOptions = {}): UpdateRule {
  return {
    name: "normalised",
    gradientScale: 1,
    init: () => [],
    update({ moved, learningRate }) {
      const size = relative ? atLeast(norm(moved.map(({ value }) => value)), leastNorm) : constant(1);
      const slope = norm(moved.map(({ gradient }) => gradient));
      return stepAlong(moved, div(mul(size, learningRate), add(slope, constant(epsilon))), steepest(moved));
    },
  };
}
