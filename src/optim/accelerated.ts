import { ConfigError } from "../errors.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { fill } from "../ops/broadcasting.ts";
import { exp } from "../ops/elementwise.ts";
import { weightState } from "./state.ts";
import type { StateSpec, UpdateRule } from "./update-rule.ts";

/** What the rate of acceleration follows from. */
export interface AcceleratedOptions {
  /** mu / L, the inverse of the condition number, in (0, 1]: the objective has strong convexity mu, and each block the Lipschitz constant L = 1 / learningRate. */
  readonly strongConvexity: number;
  /** How many blocks take turns, each as often as the others. */
  readonly blocks: number;
}

/**
 * Accelerated coordinate descent on strongly convex objectives, for random blocks (U16; APCG, Lin, Lu and Xiao 2015, algorithm 3, which is algorithm 2 after a
 * change of variables so that a step touches only its block). With n blocks, a = sqrt(mu/L) / n, r = (1 - a) / (1 + a) and k steps made,
 *
 *     y = r^(k+1) u + v             d = -learningRate g(y) / (n a)
 *     u' = u - (1 - n a) / (2 r^(k+1)) d      v' = v + (1 + n a) / 2 d      in the block that moves
 *
 * Weights are v, and the objective is evaluated at y. All of v, y and the x = r^k u + v of the theory tend to the minimum; f(x) - f* stays on average below
 * (1 - sqrt(mu/L) / n)^k (f(x_0) - f* + mu/2 |x_0 - x*|^2). With one block x is Nesterov's method of constant momentum (Nesterov 2004, 2.2.11).
 *
 * r^k underflows and u overflows, so that instead of u each block keeps w = r^t u and t, the steps made when it last moved: r^k u = r^(k-t) w. Where L differs
 * from block to block the largest counts. Not for networks: nothing holds where the objective is not convex. Throws ConfigError for settings out of range.
 */
export function accelerated({ strongConvexity, blocks }: AcceleratedOptions): UpdateRule {
  if (!(strongConvexity > 0 && strongConvexity <= 1)) {
    throw new ConfigError(
      `accelerated: expected a strongConvexity more than 0 and at most 1, got ${strongConvexity}. It is the smallest curvature over the largest.`,
    );
  }
  if (!(Number.isInteger(blocks) && blocks >= 1)) {
    throw new ConfigError(`accelerated: expected a whole number of blocks from 1 on, got ${blocks}.`);
  }
  const root = Math.sqrt(strongConvexity); // n a
  const logRatio = constant(Math.log1p(-root / blocks) - Math.log1p(root / blocks));
  /** r^(k+1) u by what the block keeps of it. */
  const faded = (w: Tensor, t: Tensor, count: Tensor) => mul(exp(mul(logRatio, sub(add(count, constant(1)), t))), w);
  return {
    name: "accelerated",
    init: ({ name, parameters }) => [
      countState(name),
      ...parameters.flatMap((parameter) => [
        weightState(parameter, "accelerated/w", "rest"),
        weightState(parameter, "accelerated/t", "rest"),
      ]),
    ],
    point: ({ name }, value, state) =>
      add(
        faded(state(`${name}/accelerated/w`, name), state(`${name}/accelerated/t`, name), state(countName(name))),
        value,
      ),
    update({ block, moved, state, learningRate }) {
      const count = state(countName(block));
      const now = add(count, constant(1));
      const next = new Map<string, Tensor>([[countName(block), now]]);
      for (const { name, value, gradient } of moved) {
        const w = faded(state(`${name}/accelerated/w`), state(`${name}/accelerated/t`), count);
        const d = mul(mul(constant(-1 / root), learningRate), gradient);
        next.set(name, add(value, mul(constant((1 + root) / 2), d)));
        next.set(`${name}/accelerated/w`, sub(w, mul(constant((1 - root) / 2), d)));
        next.set(`${name}/accelerated/t`, mul(now, fill(value.shape, 1)));
      }
      return next;
    },
  };
}

/** Steps made by all blocks of the player, by the name of a block or weight of it. */
const countName = (path: string) => `${path.split("/", 1)[0]}/accelerated/count`;

const countState = (block: string): StateSpec => ({
  name: countName(block),
  shape: [],
  role: "state",
  initialiser: { kind: "constant", value: 0 },
  shared: true,
  memory: "rest",
});
