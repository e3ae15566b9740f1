import { blockMove, type Objective } from "../descent/moves.ts";
import type { Partition } from "../descent/partition.ts";
import type { SelectionRule } from "../descent/selection.ts";
import { ShapeError } from "../errors.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import type { Weights } from "../nn/layer.ts";
import type { Network } from "../nn/network.ts";
import { compile } from "../onnx/compile.ts";
import type { Precision } from "../onnx/model.ts";
import { add } from "../ops/arithmetic.ts";
import { sigmoid } from "../ops/elementwise.ts";
import { concat, slice } from "../ops/layout.ts";
import { reduceMean } from "../ops/reduction.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import type { Plan, Player, Program } from "../program.ts";
import type { Loss } from "./losses.ts";
import { gradientPenalty } from "./penalties.ts";

/** Coordinate descent is a choice of partition, order and update. */
export interface Descent {
  readonly partition: Partition;
  readonly select: SelectionRule;
  readonly update: UpdateRule;
  readonly learningRate: number;
}

/** The networks, the loss and the descents of a GAN. */
export interface GanOptions {
  readonly generator: Network;
  readonly discriminator: Network;
  /** Length of a latent vector. */
  readonly latent: number;
  /** Shape of one example. */
  readonly shape: readonly number[];
  /** Examples of an iteration, over all replicas. */
  readonly batch: number;
  readonly loss: Loss;
  /** Weights of the gradient penalties of the discriminator on real and on generated examples; 0 leaves them out. */
  readonly r1?: number;
  readonly r2?: number;
  readonly descent: { readonly generator: Descent; readonly discriminator: Descent };
  /** Rows that the sampler makes at a time. */
  readonly sampleBatch?: number;
  readonly replicas?: number | undefined;
  readonly precision?: Precision | undefined;
}

/** The programs of the alternating game: in each iteration one move of the discriminator, then one of the generator, on the same latents. Throws ShapeError where the batch cannot be divided among the replicas. */
export function ganPlan(options: GanOptions): Plan {
  const { descent, batch, replicas = 1 } = options;
  if (batch % replicas !== 0) {
    throw new ShapeError(`ganPlan: the batch is a multiple of the replicas, got ${batch} examples for ${replicas}.`);
  }
  const generator = bind(options.generator);
  const discriminator = bind(options.discriminator);
  const sides = [
    {
      ...discriminator,
      objective: discriminatorObjective(generator, discriminator, options),
      descent: descent.discriminator,
    },
    { ...generator, objective: generatorObjective(generator, discriminator, options), descent: descent.generator },
  ];
  return {
    tensors: sides.flatMap(({ network, descent }) => [...network.parameters, ...stateOf(network, descent)]),
    players: sides.map((side) => player(side.network, side.objective, side.descent, options)),
    hyper: Object.fromEntries(sides.map(({ network, descent }) => [learningRateName(network), descent.learningRate])),
    sampler: samplerProgram(generator, options),
  };
}

/** A network with its weights as program inputs. */
interface Bound {
  readonly network: Network;
  readonly weights: Weights;
  readonly apply: (x: Tensor) => Tensor;
}

function bind(network: Network): Bound {
  const inputs = new Map(network.parameters.map(({ name, shape }) => [name, input(name, shape, "parameter")]));
  const weights = (name: string) => inputs.get(name)!;
  return { network, weights, apply: (x) => network.apply(weights, x) };
}

const learningRateName = (network: Network) => `${network.name}/learningRate`;

function stateOf(network: Network, { partition, update }: Descent) {
  return partition(network).flatMap((block) => update.init(block));
}

function player(
  network: Network,
  objective: Objective,
  { partition, select, update }: Descent,
  options: GanOptions,
): Player {
  const { replicas, precision } = options;
  const learningRate = input(learningRateName(network), [], "hyper");
  const moves = partition(network).map((block) =>
    blockMove(objective, block, { update, learningRate, replicas, precision }),
  );
  return {
    name: network.name,
    moves,
    select: (iteration, seed) => select.select({ iteration, seed, blockCount: moves.length }),
  };
}

/** Rows of the batch that one replica sees. */
function rowsOf({ batch, replicas = 1 }: GanOptions): number {
  return batch / replicas;
}

/** The latents of an iteration, which both players see. */
function latentBatch(options: GanOptions): Tensor {
  return input("batch/latents", [rowsOf(options), options.latent], "noise");
}

function discriminatorObjective(generator: Bound, discriminator: Bound, options: GanOptions): Objective {
  const { shape, loss, r1 = 0, r2 = 0 } = options;
  const rows = rowsOf(options);
  const real = input("batch/examples", [rows, ...shape], "batch");
  const fake = generator.apply(latentBatch(options));
  const examples = concat([real, fake], 0);
  const logits = discriminator.apply(examples);
  const realRows = (batch: Tensor) => slice(batch, 0, 0, rows);
  const fakeRows = (batch: Tensor) => slice(batch, 0, rows, 2 * rows);
  const penalties = [
    { rows: realRows, weight: r1 },
    { rows: fakeRows, weight: r2 },
  ].filter(({ weight }) => weight > 0);
  const value = gradientPenalty(logits, examples, penalties).reduce(
    add,
    loss.discriminator(realRows(logits), fakeRows(logits)),
  );
  const metrics = {
    lossD: value,
    probabilityReal: reduceMean(sigmoid(realRows(logits))),
    probabilityFake: reduceMean(sigmoid(fakeRows(logits))),
  };
  return { value, metrics, weights: discriminator.weights };
}

function generatorObjective(generator: Bound, discriminator: Bound, options: GanOptions): Objective {
  const fake = generator.apply(latentBatch(options));
  const value = options.loss.generator(discriminator.apply(fake));
  return { value, metrics: { lossG: value }, weights: generator.weights };
}

function samplerProgram(generator: Bound, { latent, sampleBatch = 64, precision }: GanOptions): Program {
  const sample = generator.apply(input("latents", [sampleBatch, latent], "noise"));
  return compile("sample", [{ name: "sample", tensor: sample, role: "sample" }], { precision });
}
