import { constant, input, type Tensor } from "../graph/tensor.ts";
import { add, mul, neg, square, sub } from "../ops/arithmetic.ts";
import { reduceSum, reshape } from "../ops/broadcasting.ts";
import { exp, sqrt } from "../ops/elementwise.ts";
import { reduceMean } from "../ops/reduction.ts";

/** Where a penalty looks at the discriminator: on the batch that its loss is made of. A slope is the gradient of a logit with respect to its example. */
export interface PenaltyPoint {
  /** Examples [N, ...shape], and as many generated ones. */
  readonly real: Tensor;
  readonly fake: Tensor;
  /** The slopes there, of the shape of the examples. */
  readonly slopes: { readonly real: Tensor; readonly fake: Tensor };
  /** The slopes at other examples, for one more pass forward and back. */
  slopesAt(examples: Tensor): Tensor;
}

/** What is added to the discriminator's loss: a scalar, a mean over rows. It is made of gradients, so that its own gradient is a gradient of a gradient. */
export type Penalty = (at: PenaltyPoint, weight: number) => Tensor;

/** weight / 2 * mean of |slope|^2 on real examples: R1 (Mescheder, Geiger and Nowozin 2018, equation 9). */
export const r1: Penalty = ({ slopes }, weight) => halfMeanSquare(slopes.real, weight);

/** weight / 2 * mean of |slope|^2 on generated examples: R2 (Mescheder, Geiger and Nowozin 2018, equation 10). */
export const r2: Penalty = ({ slopes }, weight) => halfMeanSquare(slopes.fake, weight);

/**
 * weight * mean of (|slope| - 1)^2 at u x_i + (1 - u) G(z_i), a point between an example and a generated one with u uniform in (0, 1) for each pair
 * (Gulrajani et al. 2017, equation 3, where the weight is 10): WGAN-GP, for the loss `wasserstein`.
 */
export const wganGp: Penalty = ({ real, fake, slopesAt }, weight) => {
  const between = add(fake, mul(uniformOfRows(real), sub(real, fake)));
  return meanSquareFromOne(slopesAt(between), weight);
};

/**
 * weight * mean of (|slope| - 1)^2 around the data, at x + d with d normal: the penalty of DRAGAN (Kodali et al. 2017, section 2.3, where the weight is 10).
 * The standard deviation of d is half of that of all numbers of the batch, as in the authors' program, which draws d uniform and one-sided; the
 * paper has a constant.
 */
export const dragan: Penalty = ({ real, slopesAt }, weight) => {
  const spread = sqrt(reduceMean(square(sub(real, reduceMean(real)))));
  const around = add(real, mul(mul(constant(0.5), spread), input("batch/perturbation", real.shape, "noise")));
  return meanSquareFromOne(slopesAt(around), weight);
};

/** Every penalty, by the name of its weight in configurations. */
export const penalties = { r1, r2, wganGp, dragan } as const satisfies Record<string, Penalty>;

/** Weights of penalties; 0 leaves one out. */
export type PenaltyWeights = { readonly [name in keyof typeof penalties]?: number };

/** The penalties that have a weight, `scale` times; none where that is 0. */
export function penaltyTerms(at: PenaltyPoint, weights: PenaltyWeights, scale = 1): Tensor[] {
  if (scale === 0) return [];
  return penaltyNames(weights).map((name) => penalties[name](at, scale * weights[name]!));
}

/** The penalties that are not left out. */
export function penaltyNames(weights: PenaltyWeights): (keyof PenaltyWeights)[] {
  const names = Object.keys(penalties) as (keyof PenaltyWeights)[];
  return names.filter((name) => (weights[name] ?? 0) > 0);
}

function halfMeanSquare(slopes: Tensor, weight: number): Tensor {
  return mul(constant(weight / 2 / slopes.shape[0]!), reduceSum(square(slopes)));
}

/** Under the root of a length: the slope of a dead discriminator is 0, where the derivative of the length is infinite. */
const tiny = constant(1e-12);

function meanSquareFromOne(slopes: Tensor, weight: number): Tensor {
  const axes = [...slopes.shape.keys()].slice(1);
  const lengths = sqrt(add(tiny, reduceSum(square(slopes), { axes })));
  return mul(constant(weight), reduceMean(square(sub(lengths, constant(1)))));
}

/** A number in (0, 1) for each row, [N, 1, ...]. Where n1 and n2 are normal, n1^2 + n2^2 is twice an exponential variable, and exp(-(n1^2 + n2^2) / 2) uniform (Box and Muller 1958). */
function uniformOfRows({ shape }: Tensor): Tensor {
  const normal = input("batch/interpolation", [shape[0]!, 2], "noise");
  const uniform = exp(neg(mul(constant(0.5), reduceSum(square(normal), { axes: [1] }))));
  return reshape(uniform, [shape[0]!, ...shape.slice(1).map(() => 1)]);
}
