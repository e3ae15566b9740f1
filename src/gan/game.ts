import { gradients } from "../autodiff/gradients.ts";
import type { Descent, PlayerSpec } from "../descent/descent.ts";
import { gamePlan } from "../descent/game.ts";
import type { Objective, ObjectiveAt } from "../descent/objective.ts";
import { readOnTheWay } from "../descent/prefix.ts";
import { averageName } from "../descent/step.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import type { Output } from "../graph/graph.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import type { Weights } from "../nn/layer.ts";
import type { Network } from "../nn/network.ts";
import { compile } from "../onnx/compile.ts";
import type { Precision } from "../onnx/model.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { concat, slice } from "../ops/layout.ts";
import { reduceMean } from "../ops/reduction.ts";
import type { Order, Plan } from "../plan.ts";
import type { Program } from "../program.ts";
import type { Loss } from "./losses.ts";
import { type PenaltyPoint, type PenaltyWeights, penaltyNames, penaltyTerms } from "./penalties.ts";

/** The networks, the loss with the weights of its penalties, and the descents of a GAN. */
export interface GanOptions extends PenaltyWeights {
  readonly generator: Network;
  readonly discriminator: Network;
  /** Length of a latent vector. */
  readonly latent: number;
  /** Shape of one example. */
  readonly shape: readonly number[];
  /** Examples of an iteration, over all replicas. */
  readonly batch: number;
  readonly loss: Loss;
  /** Moves of the discriminator of which one computes the penalties, with as many times their weight; 1: all do. */
  readonly penaltyEvery?: number;
  readonly descent: { readonly generator: Descent; readonly discriminator: Descent };
  /** Who sees whose moves; alternating by default. */
  readonly order?: Order;
  /** Rows that the sampler makes, and the critic judges, at a time. */
  readonly sampleBatch?: number;
  readonly replicas?: number | undefined;
  /** Parts of a batch to be computed at the same time, as many as suit the machine; 1 where the batch cannot be divided into them. */
  readonly shards?: number | undefined;
  readonly precision?: Precision | undefined;
  /** Whether the runtime runs kernels. */
  readonly hasKernels?: boolean | undefined;
}

/**
 * The game of a GAN: in each iteration moves of the discriminator, then of the generator, where each moves once on the same latents. Throws ShapeError where
 * the batch cannot be divided among the replicas, ConfigError where a descent does not fit its network.
 */
export function ganPlan(options: GanOptions): Plan {
  const { order, replicas, precision, hasKernels } = options;
  const shards = shardsOf(options);
  const lookers = { sampler: samplerProgram(options), critic: criticProgram(options) };
  const players = ganPlayers(options);
  const planOf = (specs: PlayerSpec[]) => gamePlan(specs, { order, replicas, shards, precision, hasKernels }, lookers);
  if (!isForwardShared(options)) return planOf(players);
  const plan = planOf(sharingForward(players, options));
  const counts = plan.players.flatMap(({ moves }) => moves.map(({ programs }) => programs[0]!.manifest.shards));
  return new Set(counts).size === 1 ? plan : planOf(players);
}

/** Whether the generator moves in no round but after the discriminator, from the weights of which that saw the samples. */
function isForwardShared({ descent, order = "alternating", replicas = 1 }: GanOptions): boolean {
  const stepsOf = ({ steps = 1 }: Descent) => (steps === "sweep" ? Number.NaN : steps);
  const isPlain = ({ update, innerSteps = 1 }: Descent) => !update.search && innerSteps === 1;
  const { generator, discriminator } = descent;
  return (
    order === "alternating" &&
    replicas === 1 &&
    [generator, discriminator].every(isPlain) &&
    stepsOf(discriminator) >= stepsOf(generator)
  );
}

/** The players, of whom the discriminator hands on what the generator's gradients read of its forward pass. */
function sharingForward([discriminator, generator]: PlayerSpec[], options: GanOptions): PlayerSpec[] {
  const found = new Map<number, readonly Output[]>();
  const forward = (shards: number) => {
    const outputs = found.get(shards) ?? forwardRead(options, shards);
    found.set(shards, outputs); // every move of both asks for it
    return outputs;
  };
  return [
    { ...discriminator!, handsOn: forward },
    { ...generator!, given: forward },
  ];
}

/** What the generator's gradients read of its forward pass, on one of so many shards. */
function forwardRead(options: GanOptions, shards: number): Output[] {
  const { generator, discriminator } = options;
  const at = shardOf(options, shards);
  const weights = inputsOf(generator);
  const { value } = generatorObjective(weights, inputsOf(discriminator), at);
  const slopes = gradients(
    value,
    generator.parameters.map(({ name }) => weights(name)),
  );
  return readOnTheWay([value, ...slopes], generator.apply(weights, latentBatch(at)), "generator/forward");
}

/** The discriminator and the generator as players, in the order in which they move. Throws ShapeError where the batch cannot be divided among the replicas. */
export function ganPlayers(options: GanOptions): PlayerSpec[] {
  const { generator, discriminator, descent, batch, replicas = 1, penaltyEvery = 1 } = options;
  if (batch % replicas !== 0) {
    throw new ShapeError(`ganPlan: the batch is a multiple of the replicas, got ${batch} examples for ${replicas}.`);
  }
  if (replicas > 1 && (generator.mixesRows || discriminator.mixesRows)) {
    throw new ConfigError(
      `architecture: batch normalisation is by the whole batch, which ${replicas} replicas do not share. Use one.`,
      "architecture",
    );
  }
  if (replicas > 1 && penaltyNames(options).includes("dragan")) {
    throw new ConfigError(
      `dragan: its perturbation is measured by the whole batch, which ${replicas} replicas do not share. Use one.`,
      "dragan",
    );
  }
  const withPenalties =
    (scale: number): ObjectiveAt =>
    (weights, shards) =>
      discriminatorObjective(inputsOf(generator), weights, shardOf(options, shards), scale);
  const isLazy = penaltyEvery > 1 && penaltyNames(options).length > 0;
  return [
    {
      network: discriminator,
      objective: withPenalties(1),
      gradientMetric: "gradientD",
      ...(isLazy && { lazy: { every: penaltyEvery, whole: withPenalties(penaltyEvery), light: withPenalties(0) } }),
      descent: descent.discriminator,
    },
    {
      network: generator,
      objective: (weights, shards) => generatorObjective(weights, inputsOf(discriminator), shardOf(options, shards)),
      gradientMetric: "gradientG",
      descent: descent.generator,
    },
  ];
}

/** The number of shards, or 1 where something is measured by all rows of a batch or they cannot be divided. */
function shardsOf(options: GanOptions): number {
  const { shards = 1, replicas = 1 } = options;
  const isMixed = options.generator.mixesRows || options.discriminator.mixesRows;
  const isWhole = isMixed || penaltyNames(options).includes("dragan") || rowsOf(options) % shards !== 0 || replicas > 1;
  return isWhole ? 1 : shards;
}

/** The options on one shard of the batch. */
const shardOf = (options: GanOptions, shards = 1): GanOptions => ({ ...options, batch: options.batch / shards });

/** The weights of a network as program inputs. */
function inputsOf({ parameters }: Network): Weights {
  const inputs = new Map(parameters.map(({ name, shape }) => [name, input(name, shape, "parameter")]));
  return (name) => inputs.get(name)!;
}

/** Rows of the batch that one replica sees. */
function rowsOf({ batch, replicas = 1 }: GanOptions): number {
  return batch / replicas;
}

/** The latents of an iteration, which both players see. */
function latentBatch(options: GanOptions): Tensor {
  return input("batch/latents", [rowsOf(options), options.latent], "noise");
}

/** The examples of an iteration, row i beside latent i. */
function exampleBatch(options: GanOptions): Tensor {
  return input("batch/examples", [rowsOf(options), ...options.shape], "batch");
}

/** The discriminator's loss with its penalties, `scale` times; `lossD` has them once, or where the scale is 0 not at all. */
function discriminatorObjective(ofGenerator: Weights, weights: Weights, options: GanOptions, scale: number): Objective {
  const { generator, discriminator, loss } = options;
  const rows = rowsOf(options);
  const real = exampleBatch(options);
  const fake = generator.apply(ofGenerator, latentBatch(options));
  // where rows mix, examples and samples are batches of their own
  const batches = discriminator.mixesRows ? [real, fake] : [concat([real, fake], 0)];
  const judge = (at: Tensor) => discriminator.apply(weights, at);
  const logits = concat(batches.map(judge), 0);
  const realRows = (batch: Tensor) => slice(batch, 0, 0, rows);
  const fakeRows = (batch: Tensor) => slice(batch, 0, rows, 2 * rows);
  const slopesAt = (at: Tensor) => gradients(reduceSum(judge(at)), [at])[0]!;
  const slopes = concat(batches.map(slopesAt), 0);
  const point: PenaltyPoint = { real, fake, slopes: { real: realRows(slopes), fake: fakeRows(slopes) }, slopesAt };
  const penalised = (times: number) =>
    penaltyTerms(point, options, times).reduce(add, loss.discriminator(realRows(logits), fakeRows(logits)));
  const value = penalised(scale);
  const probabilities = loss.probabilities(realRows(logits), fakeRows(logits));
  const metrics = {
    lossD: scale > 1 ? penalised(1) : value,
    probabilityReal: reduceMean(probabilities.real),
    probabilityFake: reduceMean(probabilities.fake),
  };
  return { value, metrics, batches };
}

function generatorObjective(weights: Weights, ofDiscriminator: Weights, options: GanOptions): Objective {
  const { generator, discriminator, loss } = options;
  const latents = latentBatch(options);
  const fake = discriminator.apply(ofDiscriminator, generator.apply(weights, latents));
  const real = discriminator.apply(ofDiscriminator, exampleBatch(options)); // in the program only of a loss that reads it
  const value = loss.generator(fake, real);
  return { value, metrics: { lossG: value }, batches: [latents] };
}

/** A network as it is used beside its training. */
const settled = (network: Network) => network.settled ?? network.apply;

/** Samples of the averaged weights, where there are such. */
function samplerProgram({ generator, descent, latent, sampleBatch = 64, precision }: GanOptions): Program {
  const shapes = new Map(generator.parameters.map(({ name, shape }) => [name, shape]));
  const average: Weights = (name) => input(averageName(name), shapes.get(name)!, "state");
  const weights = descent.generator.average ? average : inputsOf(generator);
  const sample = settled(generator)(weights, input("latents", [sampleBatch, latent], "noise"));
  return compile("sample", [{ name: "sample", tensor: sample, role: "sample" }], { precision });
}

/** Logits, and the slope of the generator's loss there; of pairs as if the logit of the real example were 0. */
function criticProgram({ discriminator, loss, shape, sampleBatch = 64, precision }: GanOptions): Program {
  const examples = input("examples", [sampleBatch, ...shape], "batch");
  const logits = settled(discriminator)(inputsOf(discriminator), examples);
  const slopes = gradients(loss.generator(logits, constant(0)), [logits])[0]!;
  const verdicts = concat([logits, mul(slopes, constant(sampleBatch))], 1);
  return compile("judge", [{ name: "verdicts", tensor: verdicts, role: "measure" }], { precision });
}
