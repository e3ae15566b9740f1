/** Labs in which something is done wrong. */
import { lab as trueLab } from "../../src/conformance/lab.ts";
import type { Lab } from "../../src/conformance/oracle.ts";
import { exactSnapshot } from "../../src/conformance/structure-snapshot.ts";
import type { PlayerSpec } from "../../src/descent/descent.ts";
import { whole } from "../../src/descent/partition.ts";
import { cyclic } from "../../src/descent/selection-order.ts";
import { constant, type Tensor } from "../../src/graph/tensor.ts";
import { add, mul, sub } from "../../src/ops/arithmetic.ts";
import { relu } from "../../src/ops/elementwise.ts";
import type { StateSpec, UpdateRule } from "../../src/optim/update-rule.ts";
import type { Move, Plan, Player, SelectionContext, SelectionRule } from "../../src/plan.ts";
import type { Program } from "../../src/program.ts";
import { hostTensor } from "../../src/runtime/host.ts";
import { referenceRuntime } from "../../src/runtime/reference.ts";
import type { Bindings, Session } from "../../src/runtime/runtime.ts";
import type { Snapshot } from "../../src/train/snapshot.ts";
import { createTrainer, type Trainer } from "../../src/train/trainer.ts";

/** A lab that plans for other players than it is given. */
export const withSpecs = (rewrite: (spec: PlayerSpec) => PlayerSpec): Lab => ({
  ...trueLab,
  plan: (players, options) => trueLab.plan(players.map(rewrite), options),
});

/** A lab of other update rules. */
export const withUpdate = (rewrite: (update: UpdateRule) => UpdateRule): Lab =>
  withSpecs((spec) => ({ ...spec, descent: { ...spec.descent, update: rewrite(spec.descent.update) } }));

/** A lab that changes plans. */
export const withPlan = (rewrite: (plan: Plan) => Plan): Lab => ({
  ...trueLab,
  plan: (players, options) => rewrite(trueLab.plan(players, options)),
});

/** A lab that changes the players of plans. */
export const withPlayer = (rewrite: (player: Player) => Player): Lab =>
  withPlan((plan) => ({ ...plan, players: plan.players.map(rewrite) }));

/** A lab that changes the moves of plans. */
export const withMoves = (rewrite: (move: Move) => Move): Lab =>
  withPlayer((player) => ({ ...player, moves: player.moves.map(rewrite) }));

/** A lab whose rules select otherwise. */
export const withSelection = (rewrite: (rule: SelectionRule) => SelectionRule["select"]): Lab =>
  withPlayer((player) => ({ ...player, selection: { ...player.selection, select: rewrite(player.selection) } }));

/** A lab of other trainers. */
export const withTrainer = (rewrite: (trainer: Trainer, plan: Plan) => Trainer): Lab => ({
  ...trueLab,
  trainer: async (plan, seed, data) => rewrite(await trueLab.trainer(plan, seed, data), plan),
});

type Run = Session["run"];

/** A lab whose runtime runs programs otherwise; `rewrite` is called once a trainer. */
const withRuntime = (rewrite: (plan: Plan) => (program: Program, run: Run) => Run): Lab => ({
  ...trueLab,
  trainer(plan, seed = 1, data) {
    const runtime = referenceRuntime();
    const rewritten = rewrite(plan);
    const load = async (program: Program): Promise<Session> => {
      const session = await runtime.load(program);
      return { ...session, run: rewritten(program, session.run) };
    };
    return createTrainer({ plan, runtime: { ...runtime, load }, seed, ...(data && { data }) });
  },
});

/** Programs whose name ends so run only once. */
export const runningOnce = (suffix: string): Lab =>
  withRuntime(() => ({ manifest }, run) => {
    let hasRun = false;
    return async (inputs, outputs) => {
      if (hasRun && manifest.name.endsWith(suffix)) return;
      hasRun = true;
      await run(inputs, outputs);
    };
  });

/** Every step of a block reads the weights as they were when the sweep began. */
export const staleInSweep = withRuntime((plan) => {
  const sides = plan.players.map((player) => ({
    programs: new Set(player.moves.flatMap(({ programs }) => programs)),
    weights: new Set(player.moves.flatMap(({ parameters }) => parameters)),
    blocks: player.blocks.length,
    runs: 0,
    stale: {} as Bindings,
  }));
  return (program, run) => {
    const side = sides.find(({ programs }) => programs.has(program));
    if (!side) return run;
    return async (inputs, outputs) => {
      if (side.runs++ % side.blocks === 0) side.stale = await copies(inputs, side.weights);
      await run({ ...inputs, ...side.stale }, outputs);
    };
  };
});

async function copies(inputs: Bindings, names: ReadonlySet<string>): Promise<Bindings> {
  const copied: Record<string, Bindings[string]> = {};
  for (const name of names) {
    const { shape } = inputs[name]!;
    copied[name] = hostTensor(shape, Float64Array.from(await inputs[name]!.read()));
  }
  return copied;
}

/** The second half of an extragradient step begins where the first one ended. */
export const correctorFromReached = withRuntime(() => (program, run) => {
  const bases = program.manifest.inputs.filter(({ role }) => role === "base").map(({ name }) => name);
  return (inputs, outputs) => {
    const reached = bases.map((name) => [name, inputs[name.replace(/\/base$/, "")]!] as const);
    return run({ ...inputs, ...Object.fromEntries(reached) }, outputs);
  };
});

/** Changes weights and state after every iteration; `isAwake` tells the weights of the blocks that moved. */
const editing = (edit: (snapshot: Snapshot, isAwake: (weight: string) => boolean) => void): Lab =>
  withTrainer((trainer, plan) => {
    const iterate: Trainer["iterate"] = async () => {
      const iteration = await trainer.iterate();
      const awake = plan.players.flatMap(({ name, blocks, moves }) =>
        iteration.moves[name]!.flatMap(({ number }) => moves[blocks[number]!.move]!.parameters),
      );
      const snapshot = await exactSnapshot(trainer, plan);
      edit(snapshot, (weight) => awake.includes(weight));
      trainer.restore(snapshot, trainer.step);
      return iteration;
    };
    return overriding(trainer, { iterate });
  });

/** A trainer of which some methods are others. */
export function overriding(trainer: Trainer, methods: Partial<Trainer>): Trainer {
  return {
    ...trainer,
    ...methods,
    get step() {
      return trainer.step;
    },
  };
}

/** Weights shrink while their block does not move. */
export const decayOfSleeping = editing((snapshot, isAwake) => {
  for (const [name, { values }] of snapshot) {
    if (/\/(weight|bias)$/.test(name) && !name.startsWith("average/") && !isAwake(name)) {
      for (const [i, value] of values.entries()) values[i] = 0.999 * value;
    }
  }
});

/** Averages go on to weights while their block does not move. */
export const averageOfSleeping = editing((snapshot, isAwake) => {
  for (const [name, { values }] of snapshot) {
    const weight = name.replace(/^average\//, "");
    if (weight === name || isAwake(weight)) continue;
    for (const [i, value] of snapshot.get(weight)!.values.entries()) values[i]! += 0.1 * (value - values[i]!);
  }
});

/** The programs of blocks compute the gradient of everything, and give back their own part. */
export const maskedGradient: Lab = {
  ...trueLab,
  plan(specs, options) {
    const plan = trueLab.plan(specs, options);
    const all = specs.map((spec) => ({ ...spec, descent: { ...spec.descent, partition: whole, select: cyclic() } }));
    const full = trueLab.plan(all, options);
    const masked = ({ blocks, moves, ...player }: Player, i: number): Player => {
      if (blocks.some(({ slices }) => slices)) return { ...player, blocks, moves };
      const [program] = full.players[i]!.moves[0]!.programs;
      return { ...player, blocks, moves: moves.map((move) => ({ ...move, programs: [maskedTo(move, program!)] })) };
    };
    return { ...plan, players: plan.players.map(masked) };
  },
};

function maskedTo({ parameters }: Move, { model, manifest }: Program): Program {
  const isOwn = (name: string) => parameters.some((weight) => name === weight || name.startsWith(`${weight}/`));
  const outputs = manifest.outputs.filter(({ replaces }) => replaces === undefined || isOwn(replaces));
  return { model, manifest: { ...manifest, outputs } };
}

/** State like a weight belongs to all blocks of the player together. */
export function shared(rule: UpdateRule): UpdateRule {
  const common = (name: string) => `shared/${name.split("/").slice(-2).join("/")}`;
  const isLikeWeight = ({ like }: StateSpec) => like !== undefined;
  return {
    ...rule,
    init: (block) =>
      rule.init(block).map(({ like, ...spec }) => {
        return like === undefined ? spec : { ...spec, name: common(spec.name), shared: true };
      }),
    update(context) {
      const parameters = context.moved.map(
        ({ name, value }): StateSpec => ({
          ...{ name, shape: value.shape, role: "state", memory: "rest" },
          initialiser: { kind: "constant", value: 0 },
        }),
      );
      const kept = rule.init({ name: context.block, parameters }).filter(isLikeWeight);
      const names = new Map(kept.map(({ name }) => [name, common(name)]));
      const named = (name: string) => names.get(name) ?? name;
      const next = rule.update({ ...context, state: (name) => context.state(named(name)) });
      return new Map([...next].map(([name, tensor]) => [named(name), tensor]));
    },
  };
}

/** Selection rules of some name, of which some methods are others. */
export const withRule = (name: string, rewrite: (rule: SelectionRule) => Partial<SelectionRule>): Lab =>
  withPlayer((player) => {
    const { selection } = player;
    return selection.name === name ? { ...player, selection: { ...selection, ...rewrite(selection) } } : player;
  });

/** Selection rules of some name are told something else. */
export const telling = (name: string, rewrite: (context: SelectionContext) => Partial<SelectionContext>): Lab =>
  withRule(name, (rule) => {
    const otherwise = (context: SelectionContext) => ({ ...context, ...rewrite(context) });
    return {
      select: (context) => rule.select(otherwise(context)),
      score: (context, block) => rule.score!(otherwise(context), block),
    };
  });

/** Rules that shrink towards 0 have the gradient halved and the rate doubled: the same step, and twice the threshold. */
export const largeThreshold = withUpdate((rule) => ({
  ...rule,
  update(context) {
    const { moved, learningRate } = context;
    const halved = moved.map((weight) => ({ ...weight, gradient: mul(constant(0.5), weight.gradient) }));
    return rule.update({ ...context, moved: halved, learningRate: mul(constant(2), learningRate) });
  },
}));

/** Every weight that moves shrinks a little, which nobody has asked for. */
export const decayOfMoving = withUpdate((rule) => ({
  ...rule,
  update(context) {
    const next = new Map(rule.update(context));
    for (const { name, value } of context.moved) next.set(name, sub(next.get(name)!, mul(constant(1e-3), value)));
    return next;
  },
}));

/** Rules see the slopes that rise and 0 for the others. */
export const risingSlopes = withUpdate((rule) => ({
  ...rule,
  update(context) {
    const rising = context.moved.map((weight) => ({ ...weight, gradient: relu(weight.gradient) }));
    return rule.update({ ...context, moved: rising });
  },
}));

/** Extrapolations seem to be lower than they are: weights are calculated there, and inputs where a sweep ended. */
export const flatteredExtrapolation = withSpecs((spec) => ({
  ...spec,
  objective(weights) {
    const { value, metrics } = spec.objective(weights);
    const isCalculated = weights(spec.network.parameters[0]!.name).kind === "application";
    if (!spec.descent.anderson || !isCalculated) return { value, metrics };
    return { value: sub(value, constant(1e6)), metrics };
  },
}));

/** Gradient penalties, which are a number times a sum and the last term of an objective, count for half. */
export const halvedPenalty = withSpecs((spec) => ({
  ...spec,
  objective(weights) {
    const { value, metrics } = spec.objective(weights);
    const [loss, penalty] = inputsOf(value, "Add");
    const [weight, total] = penalty ? inputsOf(penalty, "Mul") : [];
    if (weight?.kind !== "constant" || inputsOf(total!, "ReduceSum").length === 0) return { value, metrics };
    const halved = add(loss!, mul(constant(0.5), penalty!));
    const named = Object.entries(metrics).map(([name, metric]) => [name, metric === value ? halved : metric]);
    return { value: halved, metrics: Object.fromEntries(named) };
  },
}));

/** What a tensor is made of by some operator; nothing where it is made by another. */
function inputsOf(tensor: Tensor, operator: string): readonly Tensor[] {
  return tensor.kind === "application" && tensor.operator.type === operator ? tensor.inputs : [];
}
