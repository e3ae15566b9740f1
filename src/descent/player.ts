import { ConfigError } from "../errors.ts";
import { input } from "../graph/tensor.ts";
import type { Network } from "../nn/network.ts";
import type { Block, Lipschitz, Player, SelectionRule } from "../plan.ts";
import type { TensorSpec } from "../program.ts";
import { andersonProgram, andersonStates } from "./anderson.ts";
import { checkDescent } from "./check.ts";
import type { Descent, GameOptions, LazyObjective, PlayerSpec } from "./descent.ts";
import { curvatureProgram, directionSpecs, normsProgram } from "./measures.ts";
import { blockMove, type MoveOptions, searchMemory, statesOf } from "./moves.ts";
import type { ObjectiveAt } from "./objective.ts";
import type { BlockGroup } from "./partition.ts";
import { keep } from "./state-policy.ts";
import { averageName } from "./step.ts";
import { viewOf } from "./view.ts";

/** A player with its programs, and what lives as long as the training. Throws ConfigError where the parts of its descent do not go together. */
export function playerOf(spec: PlayerSpec, game: GameOptions): { player: Player; tensors: TensorSpec[] } {
  const { network, objective, descent, lazy } = spec;
  const { select, update } = descent;
  const groups = checkedGroups(network, descent);
  const { sets, blocks } = blocksOf(groups, select);
  checkDescent(spec, groups, game);
  const learningRate = `${network.name}/learningRate`;
  const options: MoveOptions = {
    objective,
    parameters: network.parameters,
    states: network.states,
    gradientMetric: spec.gradientMetric,
    update,
    learningRate: input(learningRate, [], "hyper"),
    average: descent.average,
    policy: descent.policy ?? keep,
    innerSteps: descent.innerSteps,
    reportsDecrease: select.needs.includes("decrease") && !update.search,
    hasCorrector: game.order === "extragradient",
    replicas: game.replicas,
    shards: game.shards,
    handsOn: spec.handsOn,
    given: spec.given,
    precision: game.precision,
    hasKernels: game.hasKernels,
  };
  const steps = descent.steps === "sweep" ? blocks.length : (descent.steps ?? 1);
  const moves = sets.map((set) => blockMove(set, lazy ? { ...options, objective: lazy.whole } : options));
  const needsLipschitz = select.needs.includes("lipschitz");
  const anderson = { ...options, player: network.name, history: descent.anderson ?? 0 };
  const player: Player = {
    name: network.name,
    moves,
    blocks,
    selection: select.sets ? overSets(select, groups.length) : select,
    steps,
    hold: descent.hold ?? 1,
    innerSteps: descent.innerSteps ?? 1,
    learningRate: { input: learningRate, at: rateOf(descent, steps, blocks.length) },
    objective: metricOf(objective, network),
    ...(lazy && { light: lightMoves(sets, lazy, options, blocks.length * (descent.hold ?? 1)) }),
    window: (descent.window ?? 100) * blocks.length * (descent.hold ?? 1),
    ...(wantsNorms(select) && { norms: normsProgram(network.name, groups, options) }),
    ...(needsLipschitz && { lipschitz: lipschitzOf(network, sets, options, descent) }),
    ...(anderson.history > 0 && { afterSweep: andersonProgram(anderson) }),
  };
  const tensors = [
    ...network.parameters,
    ...(network.states ?? []).map(({ spec }) => spec),
    ...unique(statesOf(groups, options)),
    ...sets.flatMap((set) => searchMemory(set, options)),
    ...(descent.average ? network.parameters.map(averageSpec) : []),
    ...(needsLipschitz
      ? [runnerSpec(`${network.name}/lipschitz`, blocks.length), ...directionSpecs(network.parameters)]
      : []),
    ...(anderson.history > 0 ? andersonStates(anderson) : []),
    ...selectionSpecs(network, select, blocks.length),
    runnerSpec(`${network.name}/visits`, blocks.length),
    runnerSpec(`${network.name}/progress`, 3),
    runnerSpec(`${network.name}/pace`, 1, 1),
  ];
  return { player, tensors };
}

/**
 * The moves without the costly part. Move number p of sweep s is whole where s + p is a multiple of `every`: with one block every move of such a number, and
 * with blocks that take turns each block in every so many of its own moves, whatever the number of blocks.
 */
function lightMoves(
  sets: readonly BlockGroup[][],
  { light, every }: LazyObjective,
  options: MoveOptions,
  sweep: number,
): Player["light"] {
  return {
    moves: sets.map((set) => blockMove(set, { ...options, objective: light, suffix: "/light" })),
    isDue: (move) => (Math.floor(move / sweep) + (move % sweep)) % every !== 0,
  };
}

const wantsNorms = (select: SelectionRule) => select.needs.includes("norms") || select.wantsNorms !== undefined;

/** The learning rate by the number of moves made. */
function rateOf(
  { learningRate, schedule, hold = 1 }: Descent,
  steps: number,
  blocks: number,
): (moves: number) => number {
  if (!schedule) return () => learningRate;
  const { factor, iterations, isPerSweep } = schedule;
  const unit = isPerSweep ? blocks * hold : 1;
  return (moves) => learningRate * factor(Math.floor(moves / unit) * unit, iterations * steps);
}

function checkedGroups(network: Network, { partition }: Descent): BlockGroup[] {
  const groups = partition(network);
  if (groups.length > 0) return groups;
  throw new ConfigError(
    `partition: ${network.name} has no weights to divide into blocks. Give it a layer.`,
    "partition",
  );
}

/** The sets of groups that move together, one a move; and what is selected. */
function blocksOf(groups: readonly BlockGroup[], select: SelectionRule): { sets: BlockGroup[][]; blocks: Block[] } {
  if (!select.sets) {
    const blocks = groups.flatMap((group, move) => viewOf(group).blocks(move));
    select.check?.(blocks.length);
    return { sets: groups.map((group) => [group]), blocks };
  }
  const pieces = groups.find((group) => group.pieces);
  if (pieces) {
    const advice = "Choose the partition layer, tensor or list.";
    throw new ConfigError(
      `select: ${select.name} moves several whole blocks at once, and the blocks of ${pieces.name} are parts of it. ${advice}`,
      "select",
    );
  }
  select.check?.(groups.length);
  const sets = select.sets(groups.length).map((set) => set.map((i) => groups[i]!));
  const blocks = sets.map((set, move) => {
    const size = set.reduce((sum, group) => sum + viewOf(group).blocks(0)[0]!.size, 0);
    return { name: set.map(({ name }) => name).join("+"), move, number: 0, size };
  });
  return { sets, blocks };
}

/** A rule that selects among sets is told the number of single blocks. */
function overSets(rule: SelectionRule, blockCount: number): SelectionRule {
  return {
    ...rule,
    select: (context) => rule.select({ ...context, blockCount }),
    ...(rule.score && { score: (context, set) => rule.score!({ ...context, blockCount }, set) }),
  };
}

function lipschitzOf(
  network: Network,
  sets: readonly BlockGroup[][],
  options: MoveOptions,
  { lipschitz }: Descent,
): Lipschitz {
  return {
    programs: sets.map((set) => curvatureProgram(network.name, set, options)),
    estimates: `${network.name}/lipschitz`,
    rounds: lipschitz?.rounds ?? 5,
    every: lipschitz?.every ?? 100,
  };
}

/** Numbers that only the runner reads and writes. */
function runnerSpec(name: string, count: number, value = 0): TensorSpec {
  return { name, shape: [count], role: "state", initialiser: { kind: "constant", value } };
}

/** What a rule that does not draw its choice from the visit alone has to remember: [block + 1, negative once the visit has ended early, score, ...its own numbers]. */
function selectionSpecs({ name }: Network, select: SelectionRule, count: number): TensorSpec[] {
  if (!isAdaptive(select)) return [];
  return [runnerSpec(`${name}/selection`, 2 + (select.memorySize?.(count) ?? 0))];
}

const isAdaptive = (select: SelectionRule) =>
  select.needs.length > 0 || select.memorySize !== undefined || wantsNorms(select);

const averageSpec = ({ name, shape }: TensorSpec): TensorSpec => ({
  name: averageName(name),
  shape,
  role: "state",
  initialiser: { kind: "copy", of: name },
});

/** The metric that is the objective. */
function metricOf(objective: ObjectiveAt, { parameters }: Network): string {
  const inputs = new Map(parameters.map(({ name, shape }) => [name, input(name, shape, "parameter")]));
  const { value, metrics } = objective((name) => inputs.get(name)!);
  const [name] = Object.entries(metrics).find(([, tensor]) => tensor === value) ?? [];
  if (name === undefined) throw new Error("internal: the objective is not among its metrics.");
  return name;
}

/** States that blocks share are there once. */
function unique(specs: readonly TensorSpec[]): TensorSpec[] {
  return [...new Map(specs.map((spec) => [spec.name, spec])).values()];
}
