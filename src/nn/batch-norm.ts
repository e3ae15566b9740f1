import { constant, input, type Tensor } from "../graph/tensor.ts";
import { add, div, mul, square, sub } from "../ops/arithmetic.ts";
import { reshape } from "../ops/broadcasting.ts";
import { sqrt } from "../ops/elementwise.ts";
import { reduceMean } from "../ops/reduction.ts";
import type { Initialiser, TensorSpec } from "../program.ts";
import type { Moments, Statistics, Weights } from "./layer.ts";
import type { Network, NetworkState } from "./network.ts";

/** Added to variances: the epsilon of Ioffe and Szegedy (2015), algorithm 1, as PyTorch sets it. */
const epsilon = 1e-5;
/** Part of the running moments that a step keeps. */
const rate = 0.99;

/** Mean and variance [1, C, 1, 1] of each channel of images [N, C, H, W], over examples and places; the variance divides by their number. */
export const momentsOf: Statistics = (_, images) => {
  const over = { axes: [0, 2, 3], keepdims: true } as const;
  const mean = reduceMean(images, over);
  return { mean, variance: reduceMean(square(sub(images, mean)), over) };
};

/** scale * (y - mean) / sqrt(variance + epsilon) + shift, channel by channel (Ioffe and Szegedy 2015, algorithm 1); scale and shift are [C]. */
export function normalise(y: Tensor, { mean, variance }: Moments, scale: Tensor, shift: Tensor): Tensor {
  const perChannel = (vector: Tensor) => reshape(vector, mean.shape);
  const factor = div(perChannel(scale), sqrt(add(variance, constant(epsilon))));
  return add(mul(sub(y, mean), factor), perChannel(shift));
}

/**
 * A network whose layers normalise by the moments of their batch in every step, and that keeps a running mean of those, `LAYER/mean` and `LAYER/variance` [C], for
 * `settled`: there no result depends on the other rows. Each step of the network moves them by a hundredth of the way to the moments at its batches. Throws
 * nothing; a network without such layers stays as it is.
 */
export function withRunningMoments(network: Network): Network {
  const layers = network.layers.flatMap(({ normalised }) => normalised ?? []);
  if (layers.length === 0) return network;
  const specs = new Map(layers.map(({ name, channels }) => [name, runningMoments(name, channels)]));
  const kept: Statistics = (name) => {
    const { mean, variance } = specs.get(name)!;
    const read = ({ name: own, shape }: TensorSpec) => reshape(input(own, shape, "state"), [1, ...shape, 1, 1]);
    return { mean: read(mean), variance: read(variance) };
  };
  const follow = (name: string, moment: keyof Moments): NetworkState => {
    const spec = specs.get(name)![moment];
    return {
      spec,
      next(weights, batches) {
        const seen = batches.map((batch) => reshape(momentsIn(network, weights, batch).get(name)![moment], spec.shape));
        const mean = mul(constant(1 / seen.length), seen.reduce(add));
        const before = input(spec.name, spec.shape, "state");
        return add(before, mul(constant(1 - rate), sub(mean, before)));
      },
    };
  };
  return {
    ...network,
    states: layers.flatMap(({ name }) => [follow(name, "mean"), follow(name, "variance")]),
    mixesRows: true,
    settled: (weights, x) => network.apply(weights, x, kept),
  };
}

/** The moments of every layer that normalises, at a batch; equal tensors are shared with the step that makes them anyway. */
function momentsIn(network: Network, weights: Weights, batch: Tensor): ReadonlyMap<string, Moments> {
  const seen = new Map<string, Moments>();
  network.apply(weights, batch, (name, images) => {
    const moments = momentsOf(name, images);
    seen.set(name, moments);
    return moments;
  });
  return seen;
}

function runningMoments(name: string, channels: number) {
  const spec = (moment: keyof Moments, initialiser: Initialiser): TensorSpec => {
    return { name: `${name}/${moment}`, shape: [channels], role: "state", initialiser };
  };
  return {
    mean: spec("mean", { kind: "constant", value: 0 }),
    variance: spec("variance", { kind: "constant", value: 1 }),
  };
}
