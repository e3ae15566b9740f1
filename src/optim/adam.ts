import { constant, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, square, sub } from "../ops/arithmetic.ts";
import { sqrt } from "../ops/elementwise.ts";
import { blockState, weightState } from "./state.ts";
import type { UpdateRule } from "./update-rule.ts";

/** Decay of the first and of the second moment, and what keeps the quotient finite. */
export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * Adam (Kingma and Ba 2015, algorithm 1):
 *
 *     m' = beta1 m + (1 - beta1) g        v' = beta2 v + (1 - beta2) g^2
 *     w' = w - learningRate * (m' / (1 - beta1^t)) / (sqrt(v' / (1 - beta2^t)) + epsilon)
 *
 * with epsilon outside the corrected root, as in the paper and in PyTorch; TensorFlow adds it before the correction. The powers beta^t are state
 * of the block, so that each block counts its own steps.
 */
export function adam(options: AdamOptions = {}): UpdateRule {
  return adamNamed("adam", options);
}

/** Adam with its state under another name, for rules that add to it. */
export function adamNamed(rule: string, { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions = {}): UpdateRule {
  const powers = [
    ["beta1Power", beta1],
    ["beta2Power", beta2],
  ] as const;
  const share = (1 - beta1) / Math.sqrt(1 - beta2);
  return {
    name: rule,
    gradientScale: Math.sqrt(1 - beta2),
    init: (block) => [
      blockState(block.name, `${rule}/beta1Power`, "direction", 1),
      blockState(block.name, `${rule}/beta2Power`, "scale", 1),
      ...block.parameters.flatMap((parameter) => [
        weightState(parameter, `${rule}/m`, "direction"),
        weightState(parameter, `${rule}/v`, "scale"),
      ]),
    ],
    update({ block, moved, state, learningRate }) {
      const next = new Map<string, Tensor>();
      const [power1, power2] = powers.map(([name, beta]) => {
        const power = mul(constant(beta), state(`${block}/${rule}/${name}`));
        next.set(`${block}/${rule}/${name}`, power);
        return power;
      }) as [Tensor, Tensor];
      // The corrections are scalars: both sides of the quotient times sqrt(1 - beta2^t).
      const root = sqrt(sub(constant(1), power2));
      const stepSize = div(mul(learningRate, root), sub(constant(1), power1));
      const guard = mul(constant(epsilon), root);
      for (const { name, value, gradient } of moved) {
        // A multiple of the gradient whose square is what v takes: the factor goes into the product that makes the gradient, at no cost.
        const scaled = mul(constant(Math.sqrt(1 - beta2)), gradient);
        const m = add(mul(constant(beta1), state(`${name}/${rule}/m`)), mul(constant(share), scaled));
        const v = add(mul(constant(beta2), state(`${name}/${rule}/v`)), square(scaled));
        next.set(`${name}/${rule}/m`, m).set(`${name}/${rule}/v`, v);
        next.set(name, sub(value, mul(stepSize, div(m, add(sqrt(v), guard)))));
      }
      return next;
    },
  };
}
