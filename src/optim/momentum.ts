import { ConfigError } from "../errors.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { weightState } from "./state.ts";
import type { UpdateRule } from "./update-rule.ts";

/** How much of the last step goes into the next. */
export interface MomentumOptions {
  /** In (-1, 1). Negative momentum damps the rotation of a game (Gidel et al. 2019: -0.5 on both sides, moving in turns). */
  readonly momentum?: number;
}

/**
 * The heavy ball (Polyak 1964):
 *
 *     v' = momentum v + g        w' = w - learningRate v'
 *
 * as in PyTorch, where a change of the learning rate acts at once on the whole velocity; Sutskever et al. 2013 and TensorFlow put the learning rate into the
 * velocity. Momentum 0 is gradient descent. Throws ConfigError for a momentum outside (-1, 1).
 */
export function momentum({ momentum: mu = 0.9 }: MomentumOptions = {}): UpdateRule {
  return withVelocity("momentum", mu, (_, velocity) => velocity);
}

/**
 * Nesterov's accelerated gradient (Nesterov 1983, in the form of Sutskever et al. 2013):
 *
 *     v' = momentum v + g        w' = w - learningRate (g + momentum v')
 *
 * The weights are those after the look-ahead, so that the gradient is taken where the weights are, as in PyTorch. Throws ConfigError for a momentum outside
 * (-1, 1).
 */
export function nesterov({ momentum: mu = 0.9 }: MomentumOptions = {}): UpdateRule {
  const rule = withVelocity("nesterov", mu, (gradient, velocity) => add(gradient, mul(constant(mu), velocity)));
  return { ...rule, gradientScale: 1 };
}

type Direction = (gradient: Tensor, velocity: Tensor) => Tensor;

function withVelocity(name: string, mu: number, direction: Direction): UpdateRule {
  if (!(Math.abs(mu) < 1)) throw new ConfigError(`${name}: expected a momentum between -1 and 1, got ${mu}.`);
  return {
    name,
    init: ({ parameters }) => parameters.map((parameter) => weightState(parameter, `${name}/v`, "direction")),
    update({ moved, state, learningRate }) {
      const next = new Map<string, Tensor>();
      for (const weight of moved) {
        const velocity = add(mul(constant(mu), state(`${weight.name}/${name}/v`)), weight.gradient);
        next.set(`${weight.name}/${name}/v`, velocity);
        next.set(weight.name, sub(weight.value, mul(learningRate, direction(weight.gradient, velocity))));
      }
      return next;
    },
  };
}
