import { ConfigError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { fill } from "../ops/broadcasting.ts";
import { blockState, weightState } from "./state.ts";
import type { UpdateRule } from "./update-rule.ts";

/**
 * A rule that steps with an extrapolated gradient: with gradient descent, optimistic gradient descent (Popov 1980; Daskalakis et al. 2018, equation 4),
 *
 *     g + seen (g - last)        last' = g        seen' = 1
 *
 * `last` is the gradient at the last step of the same block, however many steps of other blocks lie between, as the cyclic methods for monotone games have it
 * (CODER, Song and Diakonikolas 2023); `seen` is 0 before the first, which is then a plain step. Both stay when the state decays: an old gradient is what the
 * method compares with, and not an average that a fresh one could replace; a reset makes the next step a plain one. Throws ConfigError for a rule with a
 * search, which goes along -g.
 */
export function optimistic(rule: UpdateRule): UpdateRule {
  if (rule.search) {
    throw new ConfigError(
      `optimistic: ${rule.name} searches along the negative gradient. Use a rule without a search.`,
      "optimistic",
    );
  }
  return {
    ...rule,
    isOptimistic: true,
    gradientScale: 1,
    init: (block) => [
      ...rule.init(block),
      blockState(block.name, "optimistic/seen", "rest", 0),
      ...block.parameters.map((parameter) => weightState(parameter, "optimistic/gradient", "rest")),
    ],
    update(context) {
      const { block, moved, state } = context;
      const seen = state(`${block}/optimistic/seen`);
      const last = (name: string) => `${name}/optimistic/gradient`;
      const extrapolated = moved.map((weight) => {
        const change = sub(weight.gradient, state(last(weight.name)));
        return { ...weight, gradient: add(weight.gradient, mul(seen, change)) };
      });
      const own: [string, Tensor][] = moved.map(({ name, gradient }) => [last(name), gradient]);
      const next = rule.update({ ...context, moved: extrapolated });
      return new Map([...next, ...own, [`${block}/optimistic/seen`, fill(seen.shape, 1)]]);
    },
  };
}
