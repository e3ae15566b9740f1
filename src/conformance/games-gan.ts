/** GANs so small that their games have answers. */
import type { Dataset } from "../data/dataset.ts";
import type { Descent } from "../descent/descent.ts";
import { whole } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import type { Layer, Weights } from "../nn/layer.ts";
import { type Network, sequential } from "../nn/network.ts";
import { gradientStep } from "../optim/gradient.ts";
import type { TensorSpec } from "../program.ts";
import type { Matrix } from "./problems.ts";

/** Gradient descent on all weights at once, where nothing else is said. */
export const plainly = (learningRate: number, more: Partial<Descent> = {}): Descent => ({
  partition: whole,
  select: cyclic(),
  update: gradientStep(),
  learningRate,
  ...more,
});

/** A network of one layer with one weight, `NAME/layer/weight`, whose units are the slices of its first axis. It starts at 0. */
export function oneWeight(
  name: string,
  shape: readonly number[],
  apply: (weight: Tensor, x: Tensor) => Tensor,
): Network {
  const weight: TensorSpec = {
    name: `${name}/layer/weight`,
    shape,
    role: "parameter",
    initialiser: { kind: "constant", value: 0 },
  };
  const layer: Layer = {
    parameters: [weight],
    units: { count: shape[0]!, axes: [0] },
    apply: (weights: Weights, x: Tensor) => apply(weights(weight.name), x),
  };
  return sequential(name, [layer]);
}

/** Rows as a constant [N, d]. */
export const rowsOf = (rows: Matrix): Tensor => constant(rows.flat(), [rows.length, rows[0]!.length]);

/** A generator of these examples, which nothing can change. */
export function unchanging(examples: Matrix): Network {
  return sequential("generator", [{ parameters: [], apply: () => rowsOf(examples) }]);
}

/** A data set of which every batch is all of it, in order. */
export function allAtOnce(examples: Matrix): Dataset {
  return {
    name: "all at once",
    shape: [examples[0]!.length],
    range: "real",
    count: examples.length,
    fingerprint: "",
    fill: (_seed, _step, out) => out.set(examples.flat()),
  };
}
