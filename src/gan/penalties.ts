import { gradients } from "../autodiff/gradients.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { mul, square } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";

/**
 * weight / 2 * mean over the examples of |gradient of the logit with respect to the example|^2, for `rows` of the batch: R1 on real examples, R2 on
 * generated ones (Mescheder, Geiger and Nowozin 2018, equations 9 and 10). Its gradient is a gradient of a gradient.
 */
export function gradientPenalty(
  logits: Tensor,
  examples: Tensor,
  weights: readonly { rows: Rows; weight: number }[],
): Tensor[] {
  const [slopes] = gradients(reduceSum(logits), [examples]);
  return weights.map(({ rows, weight }) => {
    const part = rows(slopes!);
    return mul(constant(weight / 2 / part.shape[0]!), reduceSum(square(part)));
  });
}

/** A choice of examples of a batch [N, ...]. */
export type Rows = (batch: Tensor) => Tensor;
