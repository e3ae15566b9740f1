import type { Shape, Tensor } from "../graph/tensor.ts";
import { gemm } from "../ops/product.ts";
import type { Initialiser, TensorSpec } from "../program.ts";
import { type DenseInitialiser, fanInUniform } from "./initialiser.ts";

/** The tensor that stands for a weight, by its full name. */
export type Weights = (name: string) => Tensor;

/** A function with weights. */
export interface Layer {
  /** The weights, in a fixed order; empty for an activation. */
  readonly parameters: readonly TensorSpec[];
  /** Its output units, where each has weights of its own. */
  readonly units?: Units;
  /** Where it normalises its sums: by what name it asks for their moments, and of how many channels. */
  readonly normalised?: { readonly name: string; readonly channels: number };
  /** With other moments than those of the batch where such are given. */
  apply(weights: Weights, x: Tensor, statistics?: Statistics): Tensor;
}

/** Mean and variance [1, C, 1, 1] of each channel. */
export interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** The moments by which a layer normalises images [N, C, H, W]. */
export type Statistics = (layer: string, images: Tensor) => Moments;

/** The units of a layer: number i owns slice i of every weight, along an axis of each. */
export interface Units {
  readonly count: number;
  readonly axes: readonly number[];
}

/** A weight of a layer. */
export function parameter(name: string, shape: Shape, initialiser: Initialiser): TensorSpec {
  return { name, shape, role: "parameter", initialiser };
}

/** y = xW + b: [N, inputs] to [N, outputs], with `NAME/weight` [inputs, outputs] and `NAME/bias` [outputs]. */
export function dense(
  name: string,
  inputs: number,
  outputs: number,
  { initialiser = fanInUniform }: { readonly initialiser?: DenseInitialiser } = {},
): Layer {
  const weight = parameter(`${name}/weight`, [inputs, outputs], initialiser.weight(inputs, outputs));
  const bias = parameter(`${name}/bias`, [outputs], initialiser.bias(inputs));
  return {
    parameters: [weight, bias],
    units: { count: outputs, axes: [1, 0] },
    apply: (weights, x) => gemm(x, weights(weight.name), { addend: weights(bias.name) }),
  };
}

/** An activation, or any other function without weights. */
export function activation(f: (x: Tensor) => Tensor): Layer {
  return { parameters: [], apply: (_, x) => f(x) };
}
