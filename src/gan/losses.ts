import type { Tensor } from "../graph/tensor.ts";
import { add, neg } from "../ops/arithmetic.ts";
import { softplus } from "../ops/elementwise.ts";
import { reduceMean } from "../ops/reduction.ts";

/** What the two players minimise, as functions of the logits [N, 1] of the discriminator. Finite for every finite logit. */
export interface Loss {
  readonly name: string;
  discriminator(real: Tensor, fake: Tensor): Tensor;
  generator(fake: Tensor): Tensor;
}

/** -mean log D(x) - mean log(1 - D(G(z))) with D = sigmoid(logit) */
function crossEntropy(real: Tensor, fake: Tensor): Tensor {
  return add(reduceMean(softplus(neg(real))), reduceMean(softplus(fake)));
}

/** The zero-sum game (Goodfellow et al. 2014, equation 1): the generator minimises mean log(1 - D(G(z))), which is flat where D is sure. */
export const minimax: Loss = {
  name: "minimax",
  discriminator: crossEntropy,
  generator: (fake) => neg(reduceMean(softplus(fake))),
};

/** The generator minimises -mean log D(G(z)) instead (Goodfellow et al. 2014, section 3): the same fixed point, a gradient where D is sure. */
export const nonSaturating: Loss = {
  name: "non-saturating",
  discriminator: crossEntropy,
  generator: (fake) => reduceMean(softplus(neg(fake))),
};

/** Every loss, by its name in configurations. */
export const losses = { minimax, "non-saturating": nonSaturating } as const satisfies Record<string, Loss>;

/** A key of `losses`. */
export type LossName = keyof typeof losses;
