import { ConfigError } from "../errors.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { add, mul, neg, square, sub } from "../ops/arithmetic.ts";
import { relu, sigmoid, softplus } from "../ops/elementwise.ts";
import { reduceMean } from "../ops/reduction.ts";
import { clip } from "../optim/vector.ts";

/**
 * What the two players minimise, as functions of the logits [N, 1] of the discriminator D: `real` of examples, `fake` of generated ones. Finite for every
 * finite logit. Every value is a mean over rows, so that replicas can add theirs up.
 */
export interface Loss {
  readonly name: string;
  discriminator(real: Tensor, fake: Tensor): Tensor;
  /** A loss that does not read `real` costs its generator neither examples nor a pass of them through D. */
  generator(fake: Tensor, real: Tensor): Tensor;
  /** What D gives of each row as the probability that it is real, for the log: from 0 to 1, and 1/2 where it cannot tell. */
  probabilities(real: Tensor, fake: Tensor): { real: Tensor; fake: Tensor };
  /** The discriminator's loss with the target 1 - amount for real examples; absent where there is no target. */
  smoothed?(amount: number): Loss["discriminator"];
}

/**
 * A loss with one-sided label smoothing: the discriminator's target for real examples is 1 - amount, the one for generated examples stays 0 (Salimans et al.
 * 2016, section 3.4, with 0.1). Of amount 0 the loss itself. Throws ConfigError for a loss that has no target.
 */
export function smoothed(loss: Loss, amount: number): Loss {
  if (amount === 0) return loss;
  if (loss.smoothed) return { ...loss, discriminator: loss.smoothed(amount) };
  const able = Object.values(losses).filter((other: Loss) => other.smoothed);
  const advice = `Set it to 0, or choose one of ${able.map(({ name }) => name).join(", ")}.`;
  throw new ConfigError(
    `smoothing: the loss ${loss.name} has no target to smooth, got ${amount}. ${advice}`,
    "smoothing",
  );
}

/** D(x) = sigmoid(logit), the probability that the example is real. */
const ofSigmoid: Loss["probabilities"] = (real, fake) => ({ real: sigmoid(real), fake: sigmoid(fake) });

/** Where logits have no zero: the probability that the example is the real one of its pair (Bradley and Terry 1952). */
const ofPairs: Loss["probabilities"] = (real, fake) => ({
  real: sigmoid(sub(real, fake)),
  fake: sigmoid(sub(fake, real)),
});

/** -mean log D(x) - mean log(1 - D(G(z))) with D = sigmoid(logit) */
function crossEntropy(real: Tensor, fake: Tensor): Tensor {
  return add(reduceMean(softplus(neg(real))), reduceMean(softplus(fake)));
}

/** -mean [(1 - amount) log D(x) + amount log(1 - D(x))] - mean log(1 - D(G(z))): log(1 - D) is log D - logit. */
function smoothedCrossEntropy(amount: number): Loss["discriminator"] {
  return (real, fake) => add(crossEntropy(real, fake), mul(constant(amount), reduceMean(real)));
}

/** The zero-sum game (Goodfellow et al. 2014, equation 1): the generator minimises mean log(1 - D(G(z))), which is flat where D is sure. */
export const minimax: Loss = {
  name: "minimax",
  discriminator: crossEntropy,
  generator: (fake) => neg(reduceMean(softplus(fake))),
  probabilities: ofSigmoid,
  smoothed: smoothedCrossEntropy,
};

/** The generator minimises -mean log D(G(z)) instead (Goodfellow et al. 2014, section 3): the same fixed point, a gradient where D is sure. */
export const nonSaturating: Loss = {
  name: "non-saturating",
  discriminator: crossEntropy,
  generator: (fake) => reduceMean(softplus(neg(fake))),
  probabilities: ofSigmoid,
  smoothed: smoothedCrossEntropy,
};

const half = constant(0.5);
const one = constant(1);

const halfMeanSquare = (x: Tensor) => mul(half, reduceMean(square(x)));

/**
 * Least squares with the targets 1 for real and 0 for generated examples, and 1 for the generator: mean (D(x) - 1)^2 / 2 + mean D(G(z))^2 / 2, and
 * mean (D(G(z)) - 1)^2 / 2, with D the logit itself (Mao et al. 2017, equation 9). The best D is the probability that an example is real.
 */
export const leastSquares: Loss = {
  name: "least-squares",
  discriminator: (real, fake) => add(halfMeanSquare(sub(real, one)), halfMeanSquare(fake)),
  generator: (fake) => halfMeanSquare(sub(fake, one)),
  probabilities: (real, fake) => ({ real: fromMargin(sub(real, half)), fake: fromMargin(sub(fake, half)) }),
  smoothed: (amount) => (real, fake) => add(halfMeanSquare(sub(real, constant(1 - amount))), halfMeanSquare(fake)),
};

/** Cut to [0, 1] around 1/2. */
const fromMargin = (x: Tensor) => add(half, clip(x, 0.5));

/**
 * The hinge loss: mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z))), and -mean D(G(z)), with D the logit (Lim and Ye 2017; Miyato et al. 2018, equations 16
 * and 17). Examples beyond the margin of 1 move D no more. The place of a logit between -1 and 1 stands for the probability.
 */
export const hinge: Loss = {
  name: "hinge",
  discriminator: (real, fake) => add(reduceMean(relu(sub(one, real))), reduceMean(relu(add(one, fake)))),
  generator: (fake) => neg(reduceMean(fake)),
  probabilities: (real, fake) => ({ real: fromMargin(mul(half, real)), fake: fromMargin(mul(half, fake)) }),
};

/**
 * The difference of the mean logits, mean D(G(z)) - mean D(x), and -mean D(G(z)) (Arjovsky et al. 2017): the Wasserstein distance, where something bounds
 * the slope of D - the proximal operator `box`, a gradient penalty or spectral normalisation. Without that it has no minimum.
 */
export const wasserstein: Loss = {
  name: "wasserstein",
  discriminator: (real, fake) => sub(reduceMean(fake), reduceMean(real)),
  generator: (fake) => neg(reduceMean(fake)),
  probabilities: ofPairs,
};

/**
 * Relativistic pairing: -mean log sigmoid(D(x_i) - D(G(z_i))), and the same with the two exchanged (Jolicoeur-Martineau 2018, RSGAN; Huang et al. 2024,
 * R3GAN). Example i is paired with latent i of the same batch, for both players.
 */
export const relativistic: Loss = {
  name: "relativistic",
  discriminator: (real, fake) => reduceMean(softplus(sub(fake, real))),
  generator: (fake, real) => reduceMean(softplus(sub(real, fake))),
  probabilities: ofPairs,
};

/** Every loss, by its name in configurations. */
export const losses = {
  minimax,
  "non-saturating": nonSaturating,
  "least-squares": leastSquares,
  hinge,
  wasserstein,
  relativistic,
} as const satisfies Record<string, Loss>;

/** A key of `losses`. */
export type LossName = keyof typeof losses;
