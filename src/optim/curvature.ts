import { constant } from "../graph/tensor.ts";
import { div, mul } from "../ops/arithmetic.ts";
import { greater, where } from "../ops/comparison.ts";
import type { UpdateRule } from "./update-rule.ts";
import { dot, steepest, stepAlong } from "./vector.ts";

/** Bounds of the length of a step. */
export interface CurvatureOptions {
  /** Learning rates that a step has where the objective does not curve upwards. */
  readonly cap?: number;
  /** Curvature along the gradient from which on it counts as positive: no step is longer than 1 / epsilon. */
  readonly epsilon?: number;
}

/**
 * The step along -g to the minimum of the quadratic model (U5; Cauchy 1847 on a quadratic): one product with the Hessian,
 *
 *     w' = w - a g        a = g'g / g'Hg  if g'Hg > epsilon g'g,  else cap * learningRate
 *
 * Where the curvature is positive, the learning rate plays no part and bounds nothing, so that on a convex quadratic every step is the exact line minimum.
 */
export function curvatureStep({ cap = 10, epsilon = 1e-8 }: CurvatureOptions = {}): UpdateRule {
  return {
    name: "curvature",
    gradientScale: 1,
    needs: ["curvature"],
    init: () => [],
    update({ moved, learningRate, curvature }) {
      const g = moved.map(({ gradient }) => gradient);
      const [gg, gHg] = [dot(g, g), dot(g, curvature(g))];
      const isConvex = greater(gHg, mul(constant(epsilon), gg));
      const length = where(isConvex, div(gg, gHg), mul(constant(cap), learningRate));
      return stepAlong(moved, length, steepest(moved));
    },
  };
}
