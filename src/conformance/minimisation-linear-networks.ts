import type { Descent, PlayerSpec } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import { mul, square, sub } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { matMul } from "../ops/product.ts";
import { updateRules } from "../optim/update-rules.ts";
import { atMost, equal } from "./findings.ts";
import { dot, inverse, matrix, multiply, plus, singularValues, sum, transpose } from "./linear-algebra.ts";
import { course } from "./minimisation-runs.ts";
import type { Lab, Oracle } from "./oracle.ts";
import { type Matrix, valueName, variables } from "./problems.ts";

const M: Matrix = matrix(6, 5, (i, j) => Math.sin(1 + 2 * i + 3 * j + i * j * j));
const rank = 2;

/** |target - W1 W2 ...|^2 / 2 over all factors: a linear network, applied to the unit vectors. */
function linearNetwork(target: Matrix, widths: readonly number[], descent: Descent): PlayerSpec {
  const layers = widths.slice(1).map((width, i) => [`w${i + 1}`, [widths[i]!, width]] as const);
  const start = { kind: "uniform", low: -1, high: 1 } as const;
  return {
    network: variables("min", Object.fromEntries(layers.map(([key, shape]) => [key, { shape, start }]))),
    descent,
    objective(weights) {
      const product = layers.map(([key]): Tensor => weights(valueName("min", key))).reduce(matMul);
      const difference = sub(constant(target.flat(), [target.length, target[0]!.length]), product);
      const value = mul(constant(0.5), reduceSum(square(difference)));
      return { value, metrics: { f: value } };
    },
  };
}

/** The exact minimum in a layer, the others held. */
const layerByLayer: Descent = {
  partition: partitions.tensor(),
  select: selectionRules.cyclic({}),
  update: updateRules["block-newton"]({ iterations: 12 }),
  learningRate: 1,
};

const firstLayer = valueName("min", "w1");

/** The objective before each move. */
async function valuesOf(lab: Lab, spec: PlayerSpec, moves: number): Promise<number[]> {
  const { metrics } = await course(lab, spec, moves, { watch: firstLayer });
  return metrics.map(({ f }) => f!);
}

export const linearNetworkOracle: Oracle = {
  id: "T31",
  title: "alternating least squares on a linear network never rises, and reaches the best matrix of its rank",
  rules: ["tensor", "cyclic", "block-newton"],
  async check(lab) {
    const moves = 80;
    const values = await valuesOf(lab, linearNetwork(M, [6, rank, 5], layerByLayer), moves);
    const rises = values.slice(1).map((value, k) => value - values[k]!);
    const best =
      sum(
        singularValues(M)
          .slice(rank)
          .map((s) => s ** 2),
      ) / 2;
    return [
      equal("largest rise of the objective", Math.max(0, ...rises), 0, 1e-12),
      equal(
        "objective in the end over half the squares of the singular values left out",
        values.at(-1)! / best,
        1,
        1e-9,
      ),
    ];
  },
};

export const frozenLayersOracle: Oracle = {
  id: "T32",
  title: "one layer alone stops at what the frozen ones project away, and its turns with the others do not",
  rules: ["tensor", "all", "cyclic", "block-newton", "exact"],
  async check(lab) {
    const [u, v] = [
      matrix(5, rank, (i, j) => Math.cos(i + 4 * i * j + 1)),
      matrix(rank, 5, (i, j) => Math.sin(1 + i + 2 * j)),
    ];
    const target = multiply(u, v);
    const network = (descent: Descent) => linearNetwork(target, [5, rank, rank, 5], descent);
    const last = { ...layerByLayer, select: selectionRules.cyclic({ order: "descending" }), hold: 1000 };
    const { metrics, read } = await course(lab, network(last), 12, { watch: firstLayer });
    // (I - P) M with P the projection on what the first layers reach, from their weights as they are
    const entries = await read(firstLayer);
    const W = matrix(5, rank, (i, j) => entries[rank * i + j]!);
    const P = multiply(W, multiply(inverse(multiply(transpose(W), W)), transpose(W)));
    const lost = plus(target, -1, multiply(P, target)).flat();
    const stuck = dot(lost, lost) / 2;
    const turns = await valuesOf(lab, network(layerByLayer), 12);
    const whole = { ...layerByLayer, partition: partitions.all(), update: updateRules.exact({}), learningRate: 0.1 };
    const together = await valuesOf(lab, network(whole), 60);
    return [
      equal("last layer alone: objective over |(I - P) M|^2 / 2", metrics.at(-1)!.f! / stuck, 1, 1e-10),
      atMost("layers in turn: objective after 4 sweeps over that", turns.at(-1)! / stuck, 1e-12),
      atMost("all layers at once: objective after 60 steps over that", together.at(-1)! / stuck, 0.5),
    ];
  },
};
