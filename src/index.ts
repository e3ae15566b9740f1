/** The library. Nothing in `src` imports this file. */
export { gradients } from "./autodiff/gradients.ts";
export type { Dataset } from "./data/dataset.ts";
export { imageDataset } from "./data/image-feed.ts";
export type { Images, LabelledImages, Split } from "./data/images.ts";
export { grid, type Mixture, ring } from "./data/mixture.ts";
export { findMnist, loadMnist } from "./data/mnist.ts";
export { ensureMnist } from "./data/mnist-download.ts";
export { readOwnImages, splitOf } from "./data/own-images.ts";
export { stackedDigits } from "./data/stacked.ts";
export { strokes } from "./data/strokes.ts";
export type { Descent, GameOptions, LazyObjective, PlayerSpec } from "./descent/descent.ts";
export { gamePlan } from "./descent/game.ts";
export { blockMove, type MoveOptions } from "./descent/moves.ts";
export type { Objective, ObjectiveAt } from "./descent/objective.ts";
export { type BlockGroup, type Partition, type PartitionSettings, partitions } from "./descent/partition.ts";
export { selectionRules } from "./descent/selection.ts";
export type { SelectionSettings } from "./descent/selection-settings.ts";
export { type StatePolicy, statePolicies } from "./descent/state-policy.ts";
export { CheckpointError, ConfigError, DivergedError, InputError, ShapeError, StorageError } from "./errors.ts";
export type { Extractor } from "./evaluation/extractor.ts";
export { openClassifier, openRandomFeatures } from "./evaluation/features.ts";
export { type GanOptions, ganPlan } from "./gan/game.ts";
export { type Loss, losses, smoothed } from "./gan/losses.ts";
export { type Penalty, type PenaltyPoint, penalties } from "./gan/penalties.ts";
export { buildGraph, type Graph, type Output } from "./graph/graph.ts";
export { print } from "./graph/print.ts";
export { constant, input, type Shape, type Tensor } from "./graph/tensor.ts";
export { classifierScore, histogram, klDivergence } from "./metrics/classes.ts";
export { type Comparison, comparePaired } from "./metrics/comparison.ts";
export { type CopyingTest, copyingTest } from "./metrics/copying-test.ts";
export { diversity } from "./metrics/diversity.ts";
export { frechetBias, frechetDistance } from "./metrics/frechet.ts";
export { type KernelDistance, kernelDistance } from "./metrics/kernel-distance.ts";
export { type Manifold, manifold, neighbourRadii } from "./metrics/manifold.ts";
export type { Matrix } from "./metrics/matrix.ts";
export { type MixtureModes, mixtureModes } from "./metrics/mixture-modes.ts";
export { type Moments, moments } from "./metrics/moments.ts";
export { type NearestNeighbourTest, nearestNeighbourTest } from "./metrics/nearest-neighbour-test.ts";
export { type StackedModes, stackedModes } from "./metrics/stacked-modes.ts";
export { type Architecture, architectures } from "./nn/architectures.ts";
export {
  type ConvolutionOptions,
  convolution,
  convolutionalDiscriminator,
  convolutionalGenerator,
  transposedConvolution,
} from "./nn/convolutional.ts";
export { type DenseInitialiser, initialisers } from "./nn/initialiser.ts";
export { activation, dense, type Layer } from "./nn/layer.ts";
export { type Network, type NetworkState, type PerceptronOptions, perceptron, sequential } from "./nn/network.ts";
export { spectrallyNormalised } from "./nn/spectral.ts";
export { compile, type ProgramResult, programGraph } from "./onnx/compile.ts";
export { add, div, mul, neg, square, sub } from "./ops/arithmetic.ts";
export { expand, fill, reduceSum, reshape } from "./ops/broadcasting.ts";
export { equal, greater, less, where } from "./ops/comparison.ts";
export { type ConvOptions, type ConvTransposeOptions, conv, convTranspose } from "./ops/convolution.ts";
export { abs, exp, leakyRelu, log, logSigmoid, relu, sigmoid, softplus, sqrt, tanh } from "./ops/elementwise.ts";
export { concat, pad, slice, transpose } from "./ops/layout.ts";
export { gemm, matMul } from "./ops/product.ts";
export { reduceMax, reduceMean } from "./ops/reduction.ts";
export { accelerated } from "./optim/accelerated.ts";
export { largestCoordinates } from "./optim/largest-coordinates.ts";
export { optimistic } from "./optim/optimistic.ts";
export { proximal, proximalOperators } from "./optim/proximal.ts";
export { schedules } from "./optim/schedule.ts";
export type { BlockSpec, UpdateContext, UpdateRule } from "./optim/update-rule.ts";
export { type UpdateSettings, updateRules } from "./optim/update-rules.ts";
export type { Block, Move, Order, Plan, Player, Search, SelectionContext, SelectionRule } from "./plan.ts";
export type { Manifest, Program, TensorSpec } from "./program.ts";
export { fillNormal, fillUniform, stream } from "./random.ts";
export { type Config, configure } from "./runs/config.ts";
export { type Evaluation, evaluate } from "./runs/evaluating.ts";
export { type Inspection, inspect } from "./runs/inspection.ts";
export { planOf } from "./runs/model.ts";
export { imageGrid, scatter } from "./runs/picture.ts";
export { type Preset, presets } from "./runs/presets.ts";
export type { Setting } from "./runs/setting.ts";
export { openRuntime } from "./runtime/open.ts";
export { referenceRuntime } from "./runtime/reference.ts";
export type { Device, DeviceTensor, Runtime, Session } from "./runtime/runtime.ts";
export type { Collective } from "./train/collective.ts";
export { type Sampler, samplerOf } from "./train/sampler.ts";
export type { Snapshot } from "./train/snapshot.ts";
export {
  type LogRecord,
  type Probe,
  type Quality,
  type TrainingEvent,
  type TrainingOptions,
  train,
} from "./train/train.ts";
export { createTrainer, type Iteration, type Trainer } from "./train/trainer.ts";
export { type Diagnosis, diagnose, type Signals, type WatchState } from "./train/watchdog.ts";
