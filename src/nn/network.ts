import { ShapeError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { reshape } from "../ops/broadcasting.ts";
import { leakyRelu, sigmoid } from "../ops/elementwise.ts";
import { sizeOf, type TensorSpec } from "../program.ts";
import type { DenseInitialiser } from "./initialiser.ts";
import { activation, dense, type Layer, type Statistics, type Weights } from "./layer.ts";

/** Layers one after the other. */
export interface Network {
  /** The first part of the names of its weights: `generator`. */
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly parameters: readonly TensorSpec[];
  /** What it computes with beside its weights, as inputs of the role `state`. */
  readonly states?: readonly NetworkState[];
  /** Whether a row of the result depends on the other rows of its batch: parts of a batch cannot be computed apart. */
  readonly mixesRows?: boolean;
  apply(weights: Weights, x: Tensor, statistics?: Statistics): Tensor;
  /** The same where it is used and not trained: no row depends on another. Absent where none does anyway. */
  settled?(weights: Weights, x: Tensor): Tensor;
}

/** A tensor that follows the weights: a step that moves `weight`, or any step where none is named, replaces it by its next value. */
export interface NetworkState {
  readonly spec: TensorSpec;
  readonly weight?: string;
  /** From the weights, and the batches that the network is applied to. */
  next(weights: Weights, batches: readonly Tensor[]): Tensor;
}

/** A network of layers, each fed with the result of the one before. Throws ShapeError where two have a weight of one name. */
export function sequential(name: string, layers: readonly Layer[]): Network {
  const names = layers.flatMap(({ parameters }) => parameters.map((parameter) => parameter.name));
  const twice = names.find((own, i) => names.indexOf(own) !== i);
  if (twice !== undefined) throw new ShapeError(`sequential: expected weights of different names, got ${twice} twice.`);
  return {
    name,
    layers,
    parameters: layers.flatMap((layer) => layer.parameters),
    apply: (weights, x, statistics) => layers.reduce((y, layer) => layer.apply(weights, y, statistics), x),
  };
}

/** The form of a multi-layer perceptron. */
export interface PerceptronOptions {
  /** Width of the hidden layers, from the input on. */
  readonly hidden: readonly number[];
  /** Slope of the leaky ReLU after each hidden layer. */
  readonly slope?: number;
  /** After the last layer. */
  readonly output?: "linear" | "sigmoid";
  readonly initialiser?: DenseInitialiser;
}

/** A multi-layer perceptron from [N, ...from] to [N, ...to] with dense layers `NAME/dense1`, `NAME/dense2`, ... */
export function perceptron(
  name: string,
  from: readonly number[],
  to: readonly number[],
  options: PerceptronOptions,
): Network {
  const { hidden, slope = 0.2, output = "linear", initialiser } = options;
  const widths = [sizeOf(from), ...hidden, sizeOf(to)];
  const layers = widths.slice(1).flatMap((width, i) => {
    const layer = dense(`${name}/dense${i + 1}`, widths[i]!, width, initialiser && { initialiser });
    return i < hidden.length ? [layer, activation((x) => leakyRelu(x, slope))] : [layer];
  });
  return sequential(name, [
    activation((x) => reshape(x, [x.shape[0]!, sizeOf(from)])),
    ...layers,
    ...(output === "sigmoid" ? [activation(sigmoid)] : []),
    activation((x) => reshape(x, [x.shape[0]!, ...to])),
  ]);
}
