import { ShapeError } from "../errors.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { add, div, mul } from "../ops/arithmetic.ts";
import { fill } from "../ops/broadcasting.ts";
import { greater, where } from "../ops/comparison.ts";
import { abs } from "../ops/elementwise.ts";
import { sizeOf } from "../program.ts";
import type { Moved, UpdateContext, UpdateRule } from "./update-rule.ts";
import { countOf, steepest, stepAlong } from "./vector.ts";

/** Each weight of the block costs one product with the Hessian. */
const mostWeights = 64;

/** What counts as curvature. */
export interface CoordinateNewtonOptions {
  /** Absolute curvature of a coordinate up to which it counts as flat. */
  readonly epsilon?: number;
}

/**
 * Newton's step in each coordinate by itself (U7; as in LIBLINEAR, Fan et al. 2008), with the exact diagonal of the Hessian:
 *
 *     w_i' = w_i - learningRate g_i / h_i        h_i = |H_ii| if |H_ii| > epsilon,  else 1
 *
 * A learning rate of 1 is the full step: the exact minimum of a convex quadratic in a block of one weight, Gauss-Seidel when they take turns. Coordinates of
 * one block move at once, without regard to each other (Jacobi), so that a larger block may want a smaller rate. The absolute value makes a step downhill
 * of it where the objective curves downwards; where it does not curve, as losses made of straight pieces, the step is one of gradient descent. Throws ShapeError for a block of more than 64 weights.
 */
export function coordinateNewton({ epsilon = 1e-8 }: CoordinateNewtonOptions = {}): UpdateRule {
  return {
    name: "coordinate-newton",
    gradientScale: 1,
    limit: mostWeights,
    needs: ["curvature"],
    init: () => [],
    update(context) {
      const { moved, learningRate } = context;
      const diagonal = exactDiagonal(context);
      const newton = steepest(moved).map((d, i) => div(d, curvatureOrOne(abs(diagonal[i]!), epsilon)));
      return stepAlong(moved, learningRate, newton);
    },
  };
}

function curvatureOrOne(h: Tensor, epsilon: number): Tensor {
  return where(greater(h, constant(epsilon)), h, constant(1));
}

/** The diagonal of the Hessian, tensor by tensor: the sum over all unit vectors e of e o He. */
function exactDiagonal({ block, moved, curvature }: UpdateContext): Tensor[] {
  const count = countOf(moved);
  if (count > mostWeights) {
    const advice = "Divide the network into smaller blocks, or use hutchinson, which estimates the diagonal.";
    throw new ShapeError(
      `coordinate-newton: expected a block of at most ${mostWeights} weights, got ${block} with ${count}. ${advice}`,
    );
  }
  return moved.map(({ value }, index) =>
    Array.from({ length: sizeOf(value.shape) }, (_, element) => {
      const unit = unitVector(moved, index, element);
      return mul(unit[index]!, curvature(unit)[index]!);
    }).reduce(add),
  );
}

function unitVector(moved: readonly Moved[], index: number, element: number): Tensor[] {
  return moved.map(({ value: { shape } }, i) => {
    if (i !== index) return fill(shape, 0);
    return constant(
      Array.from({ length: sizeOf(shape) }, (_, j) => (j === element ? 1 : 0)),
      shape,
    );
  });
}
