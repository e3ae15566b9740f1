import { ConfigError } from "../errors.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { div, mul, neg } from "../ops/arithmetic.ts";
import { greater, where } from "../ops/comparison.ts";
import type { UpdateContext, UpdateRule } from "./update-rule.ts";
import { along, countOf, dot, steepest, stepAlong } from "./vector.ts";

/** How the system is solved. */
export interface BlockNewtonOptions {
  /** Added to the diagonal of the Hessian (Levenberg 1944). */
  readonly damping?: number;
  /** Products with the Hessian in a step, at most; a block of fewer weights takes as many as it has weights. */
  readonly iterations?: number;
  /** Curvature along a direction from which on it counts as positive. */
  readonly epsilon?: number;
}

/**
 * Newton's step in a block (U9; Nutini et al. 2022), solved by conjugate gradients without the Hessian (Nocedal and Wright 2006, algorithm 7.1):
 *
 *     (H + damping I) d = -g        w' = w + learningRate d
 *
 * A learning rate of 1 is the full step: the exact minimum of a convex quadratic in the block, if the iterations are as many as its weights. A direction
 * p of curvature p'(H + damping I)p <= epsilon p'p ends the solution with what it has, and is -g if it is the first. Every d points downhill. There is no
 * tolerance: the iterations are written out, and those after the solution is found change nothing. Throws ConfigError for less than one iteration.
 */
export function blockNewton({ damping = 0, iterations = 10, epsilon = 1e-8 }: BlockNewtonOptions = {}): UpdateRule {
  if (!(Number.isInteger(iterations) && iterations >= 1)) {
    throw new ConfigError(`block-newton: expected a whole number of iterations from 1 on, got ${iterations}.`);
  }
  return {
    name: "block-newton",
    gradientScale: 1,
    needs: ["curvature"],
    init: () => [],
    update({ moved, learningRate, curvature }) {
      const damped: Product = (p) => along(curvature(p), constant(damping), p);
      const A = damping === 0 ? curvature : damped;
      const most = Math.min(iterations, countOf(moved));
      return stepAlong(moved, learningRate, conjugateGradients(A, steepest(moved), most, epsilon));
    },
  };
}

type Product = UpdateContext["curvature"];

/** Solves Ax = b from x = 0. */
function conjugateGradients(A: Product, b: readonly Tensor[], iterations: number, epsilon: number): Tensor[] {
  const [zero, one] = [constant(0), constant(1)];
  let [x, r, p]: [Tensor[], readonly Tensor[], readonly Tensor[]] = [[], b, b];
  let rr = dot(b, b);
  /** 1 as long as every direction was one of positive curvature. */
  let active: Tensor = one;
  for (let k = 0; k < iterations; k++) {
    const Ap = A(p);
    const pAp = dot(p, Ap);
    active = where(greater(pAp, mul(constant(epsilon), dot(p, p))), active, zero);
    const isActive = greater(active, zero);
    const quotient = div(rr, pAp);
    const alpha = where(isActive, quotient, zero);
    x = k === 0 ? b.map((tensor) => mul(where(isActive, quotient, one), tensor)) : along(x, alpha, p);
    r = along(r, neg(alpha), Ap);
    const rrBefore = rr;
    rr = dot(r, r);
    p = along(r, where(isActive, div(rr, rrBefore), zero), p);
  }
  return x;
}
