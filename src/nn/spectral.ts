import { constant, input, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, square } from "../ops/arithmetic.ts";
import { reduceSum, reshape } from "../ops/broadcasting.ts";
import { greater, where } from "../ops/comparison.ts";
import { sqrt } from "../ops/elementwise.ts";
import { detach } from "../ops/indexing.ts";
import { gemm } from "../ops/product.ts";
import type { TensorSpec } from "../program.ts";
import type { Weights } from "./layer.ts";
import type { Network, NetworkState } from "./network.ts";

/**
 * A network with every matrix W among its weights replaced by W / sigma(W), sigma being its largest singular value (Miyato et al. 2018, equation 8), so that no
 * layer stretches a difference of its inputs. A weight of more axes counts as the matrix [first, the rest]; biases stay.
 *
 * sigma is estimated by one round of power iteration from a vector that is kept, `WEIGHT/spectral`: v = W'u / |W'u|, u' = Wv / |Wv|, sigma = u''Wv, with u' and v
 * constants in the gradient (algorithm 1). A step that moves some of W puts u' in the place of u; every other program only reads u. Until the vectors have
 * settled, which takes some moves of each W, sigma is too small.
 */
export function spectrallyNormalised(network: Network): Network {
  const matrices = new Map(
    network.parameters.filter(({ shape }) => shape.length >= 2).map((weight) => [weight.name, vectorOf(weight)]),
  );
  const normalised =
    (weights: Weights): Weights =>
    (name) => {
      const spec = matrices.get(name);
      return spec ? div(weights(name), iterate(weights(name), spec).sigma) : weights(name);
    };
  const vectors = [...matrices].map(
    ([weight, spec]): NetworkState => ({ spec, weight, next: (weights) => iterate(weights(weight), spec).u }),
  );
  const others = (network.states ?? []).map(
    (state): NetworkState => ({ ...state, next: (weights, batches) => state.next(normalised(weights), batches) }),
  );
  return {
    ...network,
    states: [...vectors, ...others],
    apply: (weights, x, statistics) => network.apply(normalised(weights), x, statistics),
    ...(network.settled && { settled: (weights, x) => network.settled!(normalised(weights), x) }),
  };
}

function vectorOf({ name, shape }: TensorSpec): NetworkState["spec"] {
  const initialiser = { kind: "uniform", low: -1, high: 1 } as const;
  return { name: `${name}/spectral`, shape: [1, shape[0]!], role: "state", initialiser };
}

/** Below it, a length counts as 0. */
const tiny = 1e-12;

/** One round: the next vector [1, rows], and the estimate. */
function iterate(weight: Tensor, { name, shape }: TensorSpec): { u: Tensor; sigma: Tensor } {
  const rows = shape[1]!;
  const W = reshape(weight, [rows, weight.shape.slice(1).reduce((a, b) => a * b, 1)]);
  const before = input(name, shape, "state");
  const image = gemm(before, W);
  const v = detach(unit(image, image));
  const Wv = gemm(v, W, { transB: true });
  const u = detach(unit(Wv, before));
  return { u, sigma: add(reduceSum(mul(u, Wv)), constant(tiny)) };
}

/** x / |x|, or something else where that is 0, as after a matrix of zeros. */
function unit(x: Tensor, otherwise: Tensor): Tensor {
  const length = sqrt(reduceSum(square(x)));
  const isLong = greater(length, constant(tiny));
  return where(isLong, div(x, where(isLong, length, constant(1))), otherwise);
}
