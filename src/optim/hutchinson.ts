import { constant, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, square, sub } from "../ops/arithmetic.ts";
import { less, where } from "../ops/comparison.ts";
import { sqrt } from "../ops/elementwise.ts";
import { blockState, weightState } from "./state.ts";
import type { UpdateContext, UpdateRule } from "./update-rule.ts";
import { clip } from "./vector.ts";

/** Decay of the averages of the gradient and of the squared diagonal, and the bounds of the quotient. */
export interface HutchinsonOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** The quotient is clipped to [-most, most]: no weight moves further than learningRate * most. */
  readonly most?: number;
}

/**
 * Newton's step with an estimated diagonal of the Hessian (U8): one random probe of signs v a step, h = v o Hv, whose mean is the diagonal (Hutchinson 1990),
 *
 *     m' = beta1 m + (1 - beta1) g        s' = beta2 s + (1 - beta2) h^2
 *     w' = w - learningRate clip((m' / (1 - beta1^t)) / (sqrt(s' / (1 - beta2^t)) + epsilon), most)
 *
 * This is AdaHessian (Yao et al. 2021), which averages squares of h: the root of their mean is never near 0 by cancellation, but it is at least |H_ii|, with
 * E h_i^2 = sum over j of H_ij^2. AdaHessian also averages h over neighbouring weights, has beta2 = 0.999 and does not clip. Sophia (Liu et al. 2023) averages
 * h itself, with 0.99, probes every tenth step, and clips to 1: clip and rate are taken from it.
 */
export function hutchinson({
  beta1 = 0.9,
  beta2 = 0.99,
  epsilon = 1e-8,
  most = 1,
}: HutchinsonOptions = {}): UpdateRule {
  return {
    name: "hutchinson",
    gradientScale: 1 - beta1,
    needs: ["curvature", "noise"],
    init: (block) => [
      blockState(block.name, "hutchinson/beta1Power", "direction", 1),
      blockState(block.name, "hutchinson/beta2Power", "scale", 1),
      ...block.parameters.flatMap((parameter) => [
        weightState(parameter, "hutchinson/m", "direction"),
        weightState(parameter, "hutchinson/s", "scale"),
      ]),
    ],
    update(context) {
      const { block, moved, state, learningRate } = context;
      const next = new Map<string, Tensor>();
      const averaged = (name: string, beta: number, x: Tensor): Tensor => {
        const average = add(mul(constant(beta), state(name)), mul(constant(1 - beta), x));
        next.set(name, average);
        return average;
      };
      const counted = (name: string, beta: number): Tensor => {
        const power = mul(constant(beta), state(name));
        next.set(name, power);
        return sub(constant(1), power);
      };
      const weight1 = counted(`${block}/hutchinson/beta1Power`, beta1);
      const weight2 = counted(`${block}/hutchinson/beta2Power`, beta2);
      const estimate = diagonalEstimate(context);
      moved.forEach(({ name, value, gradient }, i) => {
        const m = div(averaged(`${name}/hutchinson/m`, beta1, gradient), weight1);
        const s = div(averaged(`${name}/hutchinson/s`, beta2, square(estimate[i]!)), weight2);
        const quotient = div(m, add(sqrt(s), constant(epsilon)));
        next.set(name, sub(value, mul(learningRate, clip(quotient, most))));
      });
      return next;
    },
  };
}

/** v o Hv with v the signs of this step's noise: an unbiased estimate of the diagonal of the Hessian, of variance sum over j != i of H_ij^2. */
export function diagonalEstimate({
  moved,
  noise,
  curvature,
}: Pick<UpdateContext, "moved" | "noise" | "curvature">): Tensor[] {
  const signs = moved.map(({ name, value }) => {
    const probe = noise(`${name}/hutchinson/probe`, value.shape);
    return where(less(probe, constant(0)), constant(-1), constant(1));
  });
  return curvature(signs).map((product, i) => mul(signs[i]!, product));
}
