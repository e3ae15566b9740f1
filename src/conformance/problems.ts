import type { Descent, PlayerSpec } from "../descent/descent.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import type { Network } from "../nn/network.ts";
import { mul, sub } from "../ops/arithmetic.ts";
import { reduceSum, reshape } from "../ops/broadcasting.ts";
import { gemm } from "../ops/product.ts";
import type { Initialiser, TensorSpec } from "../program.ts";

/** A matrix by rows. */
export type Matrix = readonly (readonly number[])[];

/** Variables instead of a network: nothing is applied to anything. Each tensor is a layer of its own, and its units are the slices of its first axis. */
export function variables(
  name: string,
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly start: Initialiser }>>,
): Network {
  const parameters = Object.entries(tensors).map(
    ([key, { shape, start }]): TensorSpec => ({
      name: `${name}/${key}/entries`,
      shape,
      role: "parameter",
      initialiser: start,
    }),
  );
  return {
    name,
    layers: parameters.map((parameter) => ({
      parameters: [parameter],
      units: { count: parameter.shape[0]!, axes: [0] },
      apply: (_, x) => x,
    })),
    parameters,
    apply: (_, x) => x,
  };
}

/** Name of the weight of a variable. */
export const valueName = (name: string, key: string) => `${name}/${key}/entries`;

/** A vector as a column. */
export const column = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, 1]);

/** The scalar a'Mb of two vectors. */
export function form(a: Tensor, matrix: Matrix, b: Tensor): Tensor {
  const m = constant(matrix.flat(), [matrix.length, matrix[0]!.length]);
  return reshape(gemm(gemm(column(a), m, { transA: true }), column(b)), []);
}

/** f(x) = 1/2 x'Hx - c'x over a vector `min/x/entries`, as a game of one player. */
export function quadratic(H: Matrix, c: readonly number[], start: readonly number[], descent: Descent): PlayerSpec {
  const network = variables("min", { x: { shape: [start.length], start: { kind: "values", values: start } } });
  return {
    network,
    descent,
    objective(weights) {
      const x = weights(valueName("min", "x"));
      const value = sub(mul(constant(0.5), form(x, H, x)), reduceSum(mul(constant(c), x)));
      return { value, metrics: { f: value } };
    },
  };
}
