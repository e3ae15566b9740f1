import { gradients } from "../autodiff/gradients.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import type { Weights } from "../nn/layer.ts";
import type { NetworkState } from "../nn/network.ts";
import type { ProgramResult } from "../onnx/compile.ts";
import { add, mul, neg, square, sub } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { sqrt } from "../ops/elementwise.ts";
import { detach } from "../ops/indexing.ts";
import type { Moved, UpdateRule } from "../optim/update-rule.ts";
import type { TensorSpec } from "../program.ts";
import type { Objective, ObjectiveAt } from "./objective.ts";
import type { BlockGroup } from "./partition.ts";
import { type View, viewOf } from "./view.ts";

/** What a step of some groups is made of. */
export interface StepOptions {
  readonly objective: ObjectiveAt;
  /** All weights of the player. */
  readonly parameters: readonly TensorSpec[];
  /** What follows the weights. */
  readonly states?: readonly NetworkState[] | undefined;
  readonly gradientMetric?: string | undefined;
  readonly update: UpdateRule;
  /** Scalar input. */
  readonly learningRate: Tensor;
  /** Rate of the averaged weights: average' = average + (1 - rate) (weight' - average); 0: none are kept. */
  readonly average?: number | undefined;
}

/** The graph of a step up to the gradients of the groups that move, all at one point. */
export interface Differentiated {
  readonly objective: Objective;
  /** The weights at which it is evaluated. */
  readonly weights: Weights;
  readonly views: readonly View[];
  /** The weights of each view, with their gradients. */
  readonly moved: readonly (readonly Moved[])[];
  /** The Hessian of one view's weights times a direction. */
  curvature(view: number, direction: readonly Tensor[]): Tensor[];
}

/** Input of a weight, the present one or the one that a corrector starts from. */
export function weightInput({ name, shape }: TensorSpec, role: "parameter" | "base" = "parameter"): Tensor {
  return role === "parameter" ? input(name, shape, role) : input(`${name}/base`, shape, role);
}

/** Of what a step is: of the present weights or of those that a corrector starts from, and of the whole batch or of one of some equal parts. */
interface PartOfStep {
  readonly from?: "parameter" | "base";
  /** Parts of the batch, one of which the objective sees. */
  readonly shards?: number;
  /** What the gradients are multiplied with: the share of what the objective sees in the batch. */
  readonly share?: number;
}

/** Differentiates the objective down to the groups, and no further. */
export function differentiate(
  groups: readonly BlockGroup[],
  options: StepOptions,
  { from = "parameter", shards = 1, share = 1 / shards }: PartOfStep = {},
): Differentiated {
  const { objective: at, parameters, update } = options;
  const states = globalStates(options);
  const points = new Map(
    parameters.map((spec) => {
      const value = weightInput(spec);
      return [spec.name, update.point?.(spec, value, states) ?? value];
    }),
  );
  const weights: Weights = (name) => points.get(name)!;
  const objective = at(weights, shards);
  const specs = groups.map((group) => group.parameters);
  const wrt = specs.flat().map(({ name }) => weights(name));
  const slopes = gradients(objective.value, wrt, share);
  const slopeOf = new Map(specs.flat().map(({ name }, i) => [name, slopes[i]!]));
  const views = groups.map(viewOf);
  const moved = views.map((view, i) =>
    specs[i]!.map((spec) => ({
      name: spec.name,
      value: view.part(spec.name, weightInput(spec, from)),
      gradient: view.part(spec.name, slopeOf.get(spec.name)!),
    })),
  );
  return {
    objective,
    weights,
    views,
    moved,
    curvature(index, direction) {
      const products = moved[index]!.map(({ gradient }, i) => reduceSum(mul(gradient, detach(direction[i]!))));
      const names = specs[index]!.map(({ name }) => name);
      const rows = gradients(products.reduce(add), names.map(weights));
      return rows.map((row, i) => views[index]!.part(names[i]!, row));
    },
  };
}

/** States that `point` may read: those like a weight by their full shape, any other as a scalar. */
function globalStates({ parameters }: StepOptions) {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  return (name: string, like?: string) => input(name, like === undefined ? [] : shapes.get(like)!, "state");
}

/** The next weights and states of the groups, of the averaged weights, and of what follows the weights. */
export function updateResults(step: Differentiated, options: StepOptions, suffix = "next"): ProgramResult[] {
  return [...steppedResults(step, options, suffix), ...followingResults(step, step.weights, options, suffix)];
}

/** The next weights and states of the groups, and of the averaged weights. */
export function steppedResults(step: Differentiated, options: StepOptions, suffix = "next"): ProgramResult[] {
  return step.views.flatMap((view, i) =>
    viewResults(view, step.moved[i]!, options, (d) => step.curvature(i, d), suffix),
  );
}

/** The next values of what follows the weights that move, or every step. */
export function followingResults(
  { moved, objective }: Differentiated,
  weights: Weights,
  { states = [] }: StepOptions,
  suffix = "next",
): ProgramResult[] {
  const names = new Set(moved.flat().map(({ name }) => name));
  return states
    .filter(({ weight }) => weight === undefined || names.has(weight))
    .map(({ spec, next }) => replacement(spec.name, next(weights, objective.batches ?? []), undefined, false, suffix));
}

function viewResults(
  view: View,
  moved: readonly Moved[],
  options: StepOptions,
  curvature: (direction: readonly Tensor[]) => Tensor[],
  suffix: string,
): ProgramResult[] {
  const { update, learningRate } = options;
  const kept = new Map(update.init(view.block).map((spec) => [spec.name, view.state(spec)]));
  const state = (name: string) => {
    const { spec, part } = kept.get(name)!;
    return part(input(name, spec.shape, "state"));
  };
  const noise = (name: string, shape: readonly number[]) => input(`batch/${view.block.name}/${name}`, shape, "noise");
  const next = update.update({ block: view.block.name, moved, state, learningRate, curvature, noise });
  const weights = new Set(moved.map(({ name }) => name));
  return [...next].flatMap(([name, tensor]) => {
    const isWeight = weights.has(name);
    const result = replacement(name, tensor, isWeight ? view.slices(name) : kept.get(name)!.slices, isWeight, suffix);
    return isWeight ? [result, ...averageResult(view, name, tensor, options, suffix)] : [result];
  });
}

/** Next weights `value + length * direction` of the groups, `reached` as a whole, and what follows them. */
export function lineResults(
  step: Differentiated,
  length: Tensor,
  reached: Weights,
  options: StepOptions,
): ProgramResult[] {
  const results = step.views.flatMap((view, i) =>
    step.moved[i]!.flatMap(({ name, value }) => {
      const tensor = add(value, mul(length, directionInput(name, value)));
      return [
        replacement(name, tensor, view.slices(name), true, "next"),
        ...averageResult(view, name, tensor, options, "next"),
      ];
    }),
  );
  return [...results, ...followingResults(step, reached, options, "next")];
}

/** The direction of a search as a cache. */
export function directionInput(name: string, value: Tensor): Tensor {
  return input(`${name}/search/direction`, value.shape, "cache");
}

/** First-order decrease of the objective by a step: the sum of g (w - w'). */
export function predictedDecrease(step: Differentiated, results: readonly ProgramResult[]): Tensor {
  const next = new Map(results.map(({ replaces, tensor }) => [replaces, tensor]));
  return step.moved
    .flat()
    .map(({ name, value, gradient }) => reduceSum(mul(gradient, sub(value, next.get(name)!))))
    .reduce(add);
}

/** The squared length of the gradient of everything that moves. */
export function slopeAlongDescent(step: Differentiated): Tensor {
  return neg(
    step.moved
      .flat()
      .map(({ gradient }) => reduceSum(mul(gradient, gradient)))
      .reduce(add),
  );
}

/**
 * The length of the gradient of everything that moves, as a metric; `share` is that of a replica. None where the update never makes the gradient: making it
 * would cost more than the step does without it.
 */
export function gradientResults(
  { moved }: Differentiated,
  { gradientMetric, update: { gradientScale } }: StepOptions,
  share = 1,
): ProgramResult[] {
  if (gradientMetric === undefined || gradientScale === undefined) return [];
  const squares = moved.flat().map(({ gradient }) => reduceSum(square(mul(constant(gradientScale), gradient))));
  const tensor = mul(constant(share / gradientScale), sqrt(squares.reduce(add)));
  return [{ name: gradientMetric, tensor, role: "metric" }];
}

/** Name of the average of a weight. */
export const averageName = (weight: string) => `average/${weight}`;

function averageResult(
  view: View,
  name: string,
  next: Tensor,
  { average = 0, parameters }: StepOptions,
  suffix: string,
): ProgramResult[] {
  if (average === 0) return [];
  const { shape } = parameters.find((spec) => spec.name === name)!;
  const mean = view.part(name, input(averageName(name), shape, "state"));
  const tensor = add(mean, mul(constant(1 - average), sub(next, mean)));
  return [replacement(averageName(name), tensor, view.slices(name), false, suffix)];
}

function replacement(
  name: string,
  tensor: Tensor,
  slices: ProgramResult["slices"],
  isWeight: boolean,
  suffix: string,
): ProgramResult {
  return {
    name: `${name}/${suffix}`,
    tensor,
    role: isWeight ? "parameter" : "state",
    replaces: name,
    ...(slices && { slices }),
  };
}

/** The weights of `parameters` with a step of some length along the cached direction taken in the groups. */
export function weightsAlong(step: Differentiated, parameters: readonly TensorSpec[], length: Tensor): Weights {
  const raised = new Map<string, Tensor>();
  for (const [i, view] of step.views.entries()) {
    for (const { name, value } of step.moved[i]!) {
      const spec = parameters.find((parameter) => parameter.name === name)!;
      raised.set(name, view.raised(name, weightInput(spec), mul(length, directionInput(name, value))));
    }
  }
  const inputs = new Map(parameters.map((spec) => [spec.name, weightInput(spec)]));
  return (name) => raised.get(name) ?? inputs.get(name)!;
}
