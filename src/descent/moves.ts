import type { Output } from "../graph/graph.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { compile, type ProgramResult, programGraph } from "../onnx/compile.ts";
import type { Precision } from "../onnx/model.ts";
import { add, mul, neg } from "../ops/arithmetic.ts";
import type { Moved } from "../optim/update-rule.ts";
import type { Fading, Move, SearchPlan } from "../plan.ts";
import { type Program, shardName, sizeOf, type TensorSpec } from "../program.ts";
import type { Objective } from "./objective.ts";
import type { BlockGroup } from "./partition.ts";
import { readHandedOn, splitPrefix } from "./prefix.ts";
import type { StatePolicy } from "./state-policy.ts";
import {
  type Differentiated,
  differentiate,
  directionInput,
  followingResults,
  gradientResults,
  lineResults,
  predictedDecrease,
  type StepOptions,
  slopeAlongDescent,
  steppedResults,
  updateResults,
  weightsAlong,
} from "./step.ts";
import { type View, viewOf } from "./view.ts";

/** How a block moves, beyond its step. */
export interface MoveOptions extends StepOptions {
  readonly policy: StatePolicy;
  /** Behind the name of the move, where the same blocks have several. */
  readonly suffix?: string | undefined;
  /** Steps on one batch; more than one share what lies below the block. */
  readonly innerSteps?: number | undefined;
  /** Whether the step reports the decrease that it expects, as a measure. */
  readonly reportsDecrease?: boolean | undefined;
  /** Whether there is a second half, for extragradient steps. */
  readonly hasCorrector?: boolean | undefined;
  /** Equal parts of a batch, which are computed apart where the update is a kernel; anything else is of the whole batch. */
  readonly shards?: number | undefined;
  /** What the programs of the move hand on to a player who moves after on the same batch, in each of so many shards. */
  readonly handsOn?: ((shards: number) => readonly Output[]) | undefined;
  /** What was handed on so. */
  readonly given?: ((shards: number) => readonly Output[]) | undefined;
  /** Number of replicas that share a batch; each sees its part of it. */
  readonly replicas?: number | undefined;
  readonly precision?: Precision | undefined;
  /** Whether an update that goes element by element may be a kernel of its own. */
  readonly hasKernels?: boolean | undefined;
}

/**
 * The move of some groups from one point: the backward pass down to them only, and their update. With one replica a step is one program, in which the
 * update can become part of the matrix products, or two where the update is a kernel; with more, one program for the gradients and one for the update.
 */
export function blockMove(groups: readonly BlockGroup[], options: MoveOptions): Move {
  const name = `${moveName(groups)}${options.suffix ?? ""}`;
  const { replicas = 1, update } = options;
  const step = differentiate(groups, options, { share: 1 / replicas });
  const [view] = step.views;
  const common = {
    name,
    parameters: groups.flatMap(({ parameters }) => parameters.map((parameter) => parameter.name)),
    fading: step.views.flatMap((each) => fadingOf(each, options)),
    ...(view!.numberInput === undefined ? {} : { numberInput: view!.numberInput }),
  };
  if (update.search) return { ...common, ...searchPrograms(name, step, options) };
  if (replicas > 1) return { ...common, programs: splitPrograms(name, step, options) };
  const corrector = options.hasCorrector ? { corrector: correctorPrograms(`${name}/corrector`, groups, options) } : {};
  return { ...common, ...stepPrograms(name, step, groups, options), ...corrector };
}

/** State tensors that the blocks of some groups keep. */
export function statesOf(groups: readonly BlockGroup[], { update }: Pick<StepOptions, "update">): TensorSpec[] {
  return groups.flatMap((group) => {
    const view = viewOf(group);
    return update.init(view.block).map((spec) => view.state(spec).spec);
  });
}

/** What the searches of the moves of some groups keep: a number for each block. */
export function searchMemory(groups: readonly BlockGroup[], { update }: Pick<StepOptions, "update">): TensorSpec[] {
  if (!update.search) return [];
  const blocks = viewOf(groups[0]!).blocks(0).length;
  const initialiser = { kind: "constant", value: 0 } as const;
  return [{ name: memoryName(moveName(groups)), shape: [blocks], role: "state", initialiser }];
}

const moveName = (groups: readonly BlockGroup[]) => groups.map((group) => group.name).join("+");
const memoryName = (move: string) => `${move}/search/memory`;

const weightsIn = ({ moved }: Differentiated) => moved.flat().map(({ name }) => name);

type Programs = Pick<Move, "programs" | "prefix" | "search" | "decrease">;

function stepPrograms(
  name: string,
  step: Differentiated,
  groups: readonly BlockGroup[],
  options: MoveOptions,
): Programs {
  const { shards = 1 } = options;
  const ofShard = shards === 1 ? step : differentiate(groups, options, { shards });
  return kernelPrograms(name, ofShard, options) ?? wholePrograms(name, step, options);
}

/** Fewest operations on a weight for which an update is a kernel of its own; a plain gradient step becomes part of the matrix product. */
const leastOfKernel = 4;

/** Operations of an update on a weight, those on single numbers apart. */
function operationsPerWeight(updates: readonly ProgramResult[], { moved }: Differentiated): number {
  const elements = (tensors: readonly Tensor[]) => tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const applied = programGraph(updates).tensors.filter(({ kind, shape }) => kind === "application" && shape.length > 0);
  return elements(applied) / elements(moved.flat().map(({ value }) => value));
}

/** The gradients, one shard of the batch at a time, and the update as a kernel; undefined where it cannot be one. */
function kernelPrograms(name: string, step: Differentiated, options: MoveOptions): Programs | undefined {
  const { innerSteps = 1, precision, shards = 1 } = options;
  const kernel = kernelUpdate(name, step, options, "next");
  if (!kernel) return undefined;
  const results = [
    ...metricResults(step.objective),
    ...kernel.gradients,
    ...followingResults(step, step.weights, options),
  ];
  const { prefix, rest } =
    innerSteps === 1
      ? { prefix: {}, rest: passingOn(results, options, shards) }
      : withPrefix(name, results, weightsIn(step), { precision, shards });
  const counting = { objective: step.objective.value, whole: results, alone: aloneOf(results, options) };
  const gradient = compile(`${name}/gradient`, rest, { ...counting, precision, shards });
  return { ...prefix, programs: [gradient, kernel.update] };
}

/** The update of a step as a kernel, and the gradients that it reads; undefined where it cannot be one. A corrector reports nothing. */
function kernelUpdate(name: string, step: Differentiated, options: MoveOptions, suffix: "next" | "corrected") {
  const { precision, hasKernels, reportsDecrease, shards = 1 } = options;
  if (!hasKernels || reportsDecrease) return undefined;
  const { gradients, reading } = handedOver(step, "cache", shards);
  const updates = steppedResults(reading, options, suffix);
  if (operationsPerWeight(updates, step) < leastOfKernel) return undefined;
  const reports = suffix === "next" ? gradientResults(reading, options) : [];
  const update = compile(`${name}/update`, [...reports, ...updates], { precision, kernelParts: shards });
  return update.kernel && { gradients, update };
}

function wholePrograms(name: string, step: Differentiated, options: MoveOptions): Programs {
  const { innerSteps = 1, precision } = options;
  const updates = updateResults(step, options);
  const decrease = `${name}/search/decrease`;
  const reported = options.reportsDecrease ? { decrease } : {};
  const results = [
    ...metricResults(step.objective),
    ...gradientResults(step, options),
    ...(options.reportsDecrease ? [measure(decrease, predictedDecrease(step, updates))] : []),
    ...updates,
  ];
  const counting = { objective: step.objective.value, whole: results, alone: aloneOf(results, options), precision };
  if (innerSteps === 1) return { ...reported, programs: [compile(name, passingOn(results, options, 1), counting)] };
  const { prefix, rest } = withPrefix(name, results, weightsIn(step), { precision });
  return { ...reported, ...prefix, programs: [compile(name, rest, counting)] };
}

/** Results that read what is handed on to them, and what they hand on. */
function passingOn(
  results: readonly ProgramResult[],
  { given, handsOn }: MoveOptions,
  shards: number,
): ProgramResult[] {
  const handed = handsOn?.(shards).map((output) => ({ ...output, role: "cache" as const })) ?? [];
  if (!given) return [...results, ...handed];
  const reading = readHandedOn(
    results.map(({ tensor }) => tensor),
    given(shards),
  );
  return [...results.map((result, i) => ({ ...result, tensor: reading[i]! })), ...handed];
}

/** The results of a player who does all of the work, where there is another: what a move costs is said of it alone. */
const aloneOf = (results: readonly ProgramResult[], { given, handsOn }: MoveOptions) =>
  given || handsOn ? results : undefined;

/** The second half of an extragradient step, which starts from the base: as one program, or the gradients and the update as a kernel. */
function correctorPrograms(name: string, groups: readonly BlockGroup[], options: MoveOptions): Program[] {
  const { precision, shards = 1 } = options;
  const ofShard = differentiate(groups, options, { from: "base", shards });
  const kernel = kernelUpdate(name, ofShard, options, "corrected");
  if (kernel) {
    const results = [...kernel.gradients, ...followingResults(ofShard, ofShard.weights, options, "corrected")];
    return [compile(`${name}/gradient`, results, { precision, shards }), kernel.update];
  }
  const step = differentiate(groups, options, { from: "base" });
  return [compile(name, updateResults(step, options, "corrected"), { precision })];
}

/** The value, the slope and the direction; and the value at some length, with the weights there. */
function searchPrograms(name: string, step: Differentiated, options: MoveOptions): Programs {
  const { parameters, objective, precision } = options;
  const length = input(`${name}/search/length`, [], "hyper");
  const search: Omit<SearchPlan, "trial"> = {
    rule: options.update.search!,
    length: `${name}/search/length`,
    value: `${name}/search/value`,
    slope: `${name}/search/slope`,
    reached: `${name}/search/reached`,
    memory: memoryName(name),
  };
  const directions = step.moved.flat().map(({ name, value, gradient }) => ({
    name: (directionInput(name, value) as { name: string }).name,
    tensor: neg(gradient),
    role: "cache" as const,
  }));
  const start = [
    ...metricResults(step.objective),
    ...gradientResults(step, options),
    measure(search.value, step.objective.value),
    measure(search.slope, slopeAlongDescent(step)),
    ...directions,
  ];
  const reached = weightsAlong(step, parameters, length);
  const trial = [measure(search.reached, objective(reached).value), ...lineResults(step, length, reached, options)];
  const { prefix, rest } = withPrefix(name, [...start, ...trial], [...weightsIn(step), search.length], { precision });
  return {
    ...prefix,
    programs: [
      compile(name, rest.slice(0, start.length), { objective: step.objective.value, whole: start, precision }),
    ],
    search: { ...search, trial: compile(`${name}/trial`, rest.slice(start.length), { precision }) },
  };
}

/** Results divided into what the steps on one batch have in common, and the rest. */
function withPrefix(
  name: string,
  results: readonly ProgramResult[],
  varying: readonly string[],
  compiling: Pick<MoveOptions, "precision" | "shards">,
) {
  const split = splitPrefix(
    results.map(({ tensor }) => tensor),
    new Set(varying),
    name,
  );
  const rest = results.map((result, i) => ({ ...result, tensor: split.results[i]! }));
  if (split.caches.length === 0) return { prefix: {}, rest };
  const caches = split.caches.map((cache) => ({ ...cache, role: "cache" as const }));
  return { prefix: { prefix: compile(`${name}/prefix`, caches, compiling) }, rest };
}

function splitPrograms(name: string, step: Differentiated, options: MoveOptions): Program[] {
  const { precision } = options;
  const replicas = options.replicas!;
  const share = 1 / replicas;
  const { gradients, reading } = handedOver(step, "gradient");
  return [
    compile(`${name}/gradient`, [...metricResults(step.objective, share), ...gradients], {
      objective: step.objective.value,
      precision,
    }),
    compile(`${name}/update`, [...gradientResults(reading, options, share), ...updateResults(reading, options)], {
      precision,
    }),
  ];
}

/** The gradients of a part of a batch, as results of one program; and the step as another sees it, which reads their sum: of replicas as one tensor, of shards each by itself. */
function handedOver(step: Differentiated, role: "cache" | "gradient", shards = 1) {
  const gradientName = (parameter: string) => `${parameter}/gradient`;
  const gradients = step.moved
    .flat()
    .map(({ name, gradient }) => ({ name: gradientName(name), tensor: gradient, role }));
  const read = (moved: Moved) => {
    const { shape } = moved.gradient;
    const names = Array.from({ length: shards }, (_, i) => shardName(gradientName(moved.name), i, shards));
    return { ...moved, gradient: names.map((name): Tensor => input(name, shape, role)).reduce(add) };
  };
  return { gradients, reading: { ...step, moved: step.moved.map((list) => list.map(read)) } };
}

function fadingOf(view: View, { update, policy }: MoveOptions): Fading[] {
  return update.init(view.block).flatMap((spec) => {
    const factor = policy(spec.memory);
    if (factor === 1 || spec.shared) return [];
    const { slices } = view.state(spec);
    return [{ name: spec.name, initial: spec.initialiser.value, factor, ...(slices && { slices }) }];
  });
}

function metricResults({ metrics }: Objective, share = 1): ProgramResult[] {
  return Object.entries(metrics).map(([name, tensor]) => ({
    name,
    tensor: mul(constant(share), tensor),
    role: "metric",
  }));
}

function measure(name: string, tensor: Tensor): ProgramResult {
  return { name, tensor, role: "measure" };
}
