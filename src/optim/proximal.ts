import { ConfigError } from "../errors.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { div, mul, neg, sub } from "../ops/arithmetic.ts";
import { greater, where } from "../ops/comparison.ts";
import { relu } from "../ops/elementwise.ts";
import type { UpdateRule } from "./update-rule.ts";
import { clip, norm } from "./vector.ts";

/** The proximal operator of a penalty h: argmin over u of ||u - w||^2 / (2 learningRate) + h(u), for each weight tensor w of the block. */
export interface ProximalOperator {
  readonly name: string;
  apply(w: Tensor, learningRate: Tensor): Tensor;
}

/**
 * A rule followed by a proximal operator (U10; Tseng 2001): w' = prox(next weight of the rule), in the block that moves.
 *
 * With gradient descent this is the proximal gradient method, whose fixed points are the minima of objective + penalty where both are convex. With a rule that
 * scales the gradient, such as Adam, the threshold stays learningRate * weight in every coordinate, and the penalty is weighed otherwise than the objective.
 * Without an operator the rule itself. Throws ConfigError for a rule with a search, which would judge the objective without the penalty.
 */
export function proximal(rule: UpdateRule, operator: ProximalOperator | undefined): UpdateRule {
  if (!operator) return rule;
  if (rule.search) {
    const advice = "Use a rule without a search, or the operator none.";
    throw new ConfigError(`${operator.name}: ${rule.name} searches for a decrease of the objective alone. ${advice}`);
  }
  return {
    ...rule,
    update(context) {
      const next = rule.update(context);
      const weights = context.moved.map(
        ({ name }) => [name, operator.apply(next.get(name)!, context.learningRate)] as const,
      );
      return new Map([...next, ...weights]);
    },
  };
}

/** h = weight * sum |w_i|, the lasso: sign(w) max(|w| - t, 0) with t = learningRate * weight. Throws ConfigError for a negative weight. */
export function softThreshold(weight: number): ProximalOperator {
  checkFromZero("soft-threshold", weight);
  return {
    name: "soft-threshold",
    apply(w, learningRate) {
      const t = mul(constant(weight), learningRate);
      return sub(relu(sub(w, t)), relu(sub(neg(w), t)));
    },
  };
}

/**
 * h = weight * ||w||, the group lasso, a weight tensor of the block (or the part of it that moves) being the group: w max(1 - t / ||w||, 0) with
 * t = learningRate * weight. Yuan and Lin 2006 multiply by the root of the size of the group; here the weight stands alone. Throws ConfigError for a negative
 * weight.
 */
export function groupThreshold(weight: number): ProximalOperator {
  checkFromZero("group-threshold", weight);
  return {
    name: "group-threshold",
    apply(w, learningRate) {
      const t = mul(constant(weight), learningRate);
      const size = norm([w]);
      return mul(where(greater(size, t), sub(constant(1), div(t, size)), constant(0)), w);
    },
  };
}

/** h = 0 in the box [-bound, bound] and infinite outside: w clipped, as the critic of Arjovsky et al. 2017 (0.01). Throws ConfigError for a negative bound. */
export function box(bound: number): ProximalOperator {
  checkFromZero("box", bound);
  return { name: "box", apply: (w) => clip(w, bound) };
}

function checkFromZero(name: string, value: number): void {
  if (!(value >= 0)) throw new ConfigError(`${name}: expected a number from 0 on, got ${value}.`);
}

/** Every proximal operator, by its name in configurations, as a function of its weight or bound. */
export const proximalOperators = {
  none: () => undefined,
  "soft-threshold": softThreshold,
  "group-threshold": groupThreshold,
  box,
} as const satisfies Record<string, (weight: number) => ProximalOperator | undefined>;
