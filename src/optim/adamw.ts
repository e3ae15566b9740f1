import { constant } from "../graph/tensor.ts";
import { mul, sub } from "../ops/arithmetic.ts";
import { type AdamOptions, adamNamed } from "./adam.ts";
import type { UpdateRule } from "./update-rule.ts";

/** Those of Adam, and how fast weights shrink. */
export interface AdamWOptions extends AdamOptions {
  readonly weightDecay?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2):
 *
 *     w' = (1 - learningRate * weightDecay) w - (step of Adam)
 *
 * The decay is multiplied by the learning rate, as in PyTorch; in the paper only by its schedule. Only the block that moves decays.
 */
export function adamW({ weightDecay = 0.01, ...options }: AdamWOptions = {}): UpdateRule {
  const rule = adamNamed("adamw", options);
  return {
    ...rule,
    update(context) {
      const kept = sub(constant(1), mul(constant(weightDecay), context.learningRate));
      const moved = context.moved.map((weight) => ({ ...weight, value: mul(kept, weight.value) }));
      return rule.update({ ...context, moved });
    },
  };
}
