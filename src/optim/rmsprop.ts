import { constant, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, square, sub } from "../ops/arithmetic.ts";
import { sqrt } from "../ops/elementwise.ts";
import { weightState } from "./state.ts";
import type { UpdateRule } from "./update-rule.ts";

/** Decay of the mean square, and what keeps the quotient finite. */
export interface RmspropOptions {
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * RMSProp (Tieleman and Hinton 2012, lecture 6.5):
 *
 *     v' = beta2 v + (1 - beta2) g^2        w' = w - learningRate g / (sqrt(v') + epsilon)
 *
 * not centred and without momentum, with beta2 = 0.99 and epsilon outside the root, as in PyTorch; TensorFlow has 0.9 and epsilon inside. The mean starts at 0
 * and is not corrected, so that the first step has the length learningRate / sqrt(1 - beta2) in every weight.
 */
export function rmsprop({ beta2 = 0.99, epsilon = 1e-8 }: RmspropOptions = {}): UpdateRule {
  return {
    name: "rmsprop",
    gradientScale: 1,
    init: ({ parameters }) => parameters.map((parameter) => weightState(parameter, "rmsprop/v", "scale")),
    update({ moved, state, learningRate }) {
      const next = new Map<string, Tensor>();
      for (const { name, value, gradient } of moved) {
        const v = add(mul(constant(beta2), state(`${name}/rmsprop/v`)), mul(constant(1 - beta2), square(gradient)));
        next.set(`${name}/rmsprop/v`, v);
        next.set(name, sub(value, mul(learningRate, div(gradient, add(sqrt(v), constant(epsilon))))));
      }
      return next;
    },
  };
}
