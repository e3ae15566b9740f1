import { ConfigError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { zeros } from "../nn/initialiser.ts";
import { parameter } from "../nn/layer.ts";
import { reshape } from "../ops/broadcasting.ts";
import { less, where } from "../ops/comparison.ts";
import { abs } from "../ops/elementwise.ts";
import { topK } from "../ops/indexing.ts";
import { concat, slice } from "../ops/layout.ts";
import { sizeOf } from "../program.ts";
import type { Moved, UpdateRule } from "./update-rule.ts";

/**
 * Variable-block greedy (S10; Nutini, Laradji and Schmidt 2022): of the block only the `count` weights with the largest |g_i| move; the others, and the state
 * that is like them, stay as they are to the bit. With ties there can be more. It costs the whole gradient of the block: what is saved is movement, not
 * work. The paper divides |g_i| by sqrt(L_i), which here counts as alike. Numbers of the whole block, such as the steps that Adam counts, go on for all of its
 * weights: one that moves late is corrected less for the start of its averages than it could be. Throws ConfigError for a rule that searches along the whole
 * gradient, and for one that looks at whether the block has moved before.
 */
export function largestCoordinates(rule: UpdateRule, count: number): UpdateRule {
  if (rule.search) {
    throw new ConfigError(
      `largest: ${rule.name} searches along the gradient of the whole block. Choose another update.`,
      "largest",
    );
  }
  if (rule.isOptimistic) {
    throw new ConfigError(
      "largest: an optimistic step looks at the last gradient of the block, which not all of its weights took. Set optimistic=false.",
      "largest",
    );
  }
  return {
    ...rule,
    update(context) {
      const { block, moved, state } = context;
      const specs = moved.map(({ name, value }) => parameter(name, value.shape, zeros));
      const like = new Map(rule.init({ name: block, parameters: specs }).map((spec) => [spec.name, spec.like]));
      const owners = new Map(moved.map((weight) => [weight.name, weight]));
      const threshold = kthLargest(moved, count);
      return new Map(
        [...rule.update(context)].map(([name, next]): [string, Tensor] => {
          const isWeight = owners.has(name);
          const owner = owners.get(isWeight ? name : (like.get(name) ?? ""));
          if (!owner) return [name, next];
          const before = isWeight ? owner.value : state(name);
          return [name, where(less(abs(owner.gradient), threshold), before, next)];
        }),
      );
    },
  };
}

/** The `count`-th largest |g_i| of all weights: a scalar. */
function kthLargest(moved: readonly Moved[], count: number): Tensor {
  const sizes = concat(
    moved.map(({ gradient }) => abs(reshape(gradient, [sizeOf(gradient.shape)]))),
    0,
  );
  const k = Math.min(count, sizes.shape[0]!);
  return reshape(slice(topK(sizes, k), 0, k - 1, k), []);
}
