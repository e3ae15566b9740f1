import { add, mul, neg } from "../ops/arithmetic.ts";
import type { UpdateRule } from "./update-rule.ts";

/** Gradient descent (U1): w - learningRate * g. The compiler makes one `Gemm` of it where g is a matrix product. */
export function gradientStep(): UpdateRule {
  return {
    name: "gradient",
    init: () => [],
    update: ({ moved, learningRate }) =>
      new Map(moved.map(({ name, value, gradient }) => [name, add(value, mul(neg(learningRate), gradient))])),
  };
}
