import { lab as trueLab } from "../../src/conformance/lab.ts";
import type { Lab } from "../../src/conformance/oracle.ts";
import { exactSnapshot } from "../../src/conformance/structure-snapshot.ts";
import type { PlayerSpec } from "../../src/descent/descent.ts";
import { whole } from "../../src/descent/partition.ts";
import { cyclic } from "../../src/descent/selection-order.ts";
import { jacobi } from "../../src/descent/selection-sets.ts";
import { constant } from "../../src/graph/tensor.ts";
import { add, mul, sub } from "../../src/ops/arithmetic.ts";
import { abs, relu } from "../../src/ops/elementwise.ts";
import { detach } from "../../src/ops/indexing.ts";
import type { StateSpec, UpdateRule } from "../../src/optim/update-rule.ts";
import type { Move, Plan, Player, SelectionContext, SelectionRule } from "../../src/plan.ts";
import type { Program } from "../../src/program.ts";
import { hostTensor } from "../../src/runtime/host.ts";
import { referenceRuntime } from "../../src/runtime/reference.ts";
import type { Bindings, Session } from "../../src/runtime/runtime.ts";
import type { Snapshot } from "../../src/train/snapshot.ts";
import { createTrainer, type Trainer } from "../../src/train/trainer.ts";

/** A mistake that implementations of coordinate descent make, planted on purpose: what shows that an oracle can fail. */
export interface Fault {
  readonly name: string;
  /** What is done wrong. */
  readonly what: string;
  /** What oracles work with when it is. */
  readonly lab: Lab;
  /** Oracles that notice. */
  readonly caughtBy: readonly string[];
}

const withSpecs = (rewrite: (spec: PlayerSpec) => PlayerSpec): Lab => ({
  ...trueLab,
  plan: (players, options) => trueLab.plan(players.map(rewrite), options),
});

const withUpdate = (rewrite: (update: UpdateRule) => UpdateRule): Lab =>
  withSpecs((spec) => ({ ...spec, descent: { ...spec.descent, update: rewrite(spec.descent.update) } }));

const withPlan = (rewrite: (plan: Plan) => Plan): Lab => ({
  ...trueLab,
  plan: (players, options) => rewrite(trueLab.plan(players, options)),
});

const withPlayer = (rewrite: (player: Player) => Player): Lab =>
  withPlan((plan) => ({ ...plan, players: plan.players.map(rewrite) }));

const withMoves = (rewrite: (move: Move) => Move): Lab =>
  withPlayer((player) => ({ ...player, moves: player.moves.map(rewrite) }));

const withSelection = (rewrite: (rule: SelectionRule) => SelectionRule["select"]): Lab =>
  withPlayer((player) => ({ ...player, selection: { ...player.selection, select: rewrite(player.selection) } }));

const withTrainer = (rewrite: (trainer: Trainer, plan: Plan) => Trainer): Lab => ({
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
const runningOnce = (suffix: string): Lab =>
  withRuntime(() => ({ manifest }, run) => {
    let hasRun = false;
    return async (inputs, outputs) => {
      if (hasRun && manifest.name.endsWith(suffix)) return;
      hasRun = true;
      await run(inputs, outputs);
    };
  });

/** Every step of a block reads the weights as they were when the sweep began. */
const staleInSweep = withRuntime((plan) => {
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
const correctorFromReached = withRuntime(() => (program, run) => {
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
function overriding(trainer: Trainer, methods: Partial<Trainer>): Trainer {
  return {
    ...trainer,
    ...methods,
    get step() {
      return trainer.step;
    },
  };
}

const decayOfSleeping = editing((snapshot, isAwake) => {
  for (const [name, { values }] of snapshot) {
    if (/\/(weight|bias)$/.test(name) && !name.startsWith("average/") && !isAwake(name)) {
      for (const [i, value] of values.entries()) values[i] = 0.999 * value;
    }
  }
});

const averageOfSleeping = editing((snapshot, isAwake) => {
  for (const [name, { values }] of snapshot) {
    const weight = name.replace(/^average\//, "");
    if (weight === name || isAwake(weight)) continue;
    for (const [i, value] of snapshot.get(weight)!.values.entries()) values[i]! += 0.1 * (value - values[i]!);
  }
});

/** The programs of blocks compute the gradient of everything, and give back their own part. */
const maskedGradient: Lab = {
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
function shared(rule: UpdateRule): UpdateRule {
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
const withRule = (name: string, rewrite: (rule: SelectionRule) => Partial<SelectionRule>): Lab =>
  withPlayer((player) => {
    const { selection } = player;
    return selection.name === name ? { ...player, selection: { ...selection, ...rewrite(selection) } } : player;
  });

/** Selection rules of some name are told something else. */
const telling = (name: string, rewrite: (context: SelectionContext) => Partial<SelectionContext>): Lab =>
  withRule(name, (rule) => {
    const otherwise = (context: SelectionContext) => ({ ...context, ...rewrite(context) });
    return {
      select: (context) => rule.select(otherwise(context)),
      score: (context, block) => rule.score!(otherwise(context), block),
    };
  });

/** Rules that shrink towards 0 have the gradient halved and the rate doubled: the same step, and twice the threshold. */
const largeThreshold = withUpdate((rule) => ({
  ...rule,
  update(context) {
    const { moved, learningRate } = context;
    const halved = moved.map((weight) => ({ ...weight, gradient: mul(constant(0.5), weight.gradient) }));
    return rule.update({ ...context, moved: halved, learningRate: mul(constant(2), learningRate) });
  },
}));

/** Every weight that moves shrinks a little, which nobody has asked for. */
const decayOfMoving = withUpdate((rule) => ({
  ...rule,
  update(context) {
    const next = new Map(rule.update(context));
    for (const { name, value } of context.moved) next.set(name, sub(next.get(name)!, mul(constant(1e-3), value)));
    return next;
  },
}));

/** Where only the largest coordinates should move, those beside them do. */
const everyCoordinate = withUpdate((rule) => ({
  ...rule,
  update(context) {
    const negative = context.moved.map((weight) => ({ ...weight, gradient: relu(weight.gradient) }));
    return rule.update({ ...context, moved: negative });
  },
}));

/** Extrapolations seem to be lower than they are: weights are calculated there, and inputs where a sweep ended. */
const flatteredExtrapolation = withSpecs((spec) => ({
  ...spec,
  objective(weights) {
    const { value, metrics } = spec.objective(weights);
    const isCalculated = weights(spec.network.parameters[0]!.name).kind === "application";
    if (!spec.descent.anderson || !isCalculated) return { value, metrics };
    return { value: sub(value, constant(1e6)), metrics };
  },
}));

/** The mistakes, and who notices. */
/** The mistakes, and who notices. */
export const faults: readonly Fault[] = [
  {
    name: "players-from-one-point",
    what: "the second player does not see the move of the first",
    lab: withPlan((plan) => ({ ...plan, order: plan.order === "alternating" ? "simultaneous" : plan.order })),
    caughtBy: ["T20", "T21", "T22", "T24", "T25"],
  },
  {
    name: "players-in-reverse",
    what: "the second player moves first",
    lab: withPlan((plan) => ({ ...plan, players: plan.players.toReversed() })),
    caughtBy: ["T20"],
  },
  {
    name: "stale-blocks",
    what: "a block reads the weights of the others as they were when the sweep began",
    lab: staleInSweep,
    caughtBy: ["T8"],
  },
  {
    name: "corrector-from-reached",
    what: "the second half of an extragradient step begins where the first one ended",
    lab: correctorFromReached,
    caughtBy: ["T1", "T19"],
  },
  {
    name: "one-block-after-another",
    what: "blocks that should move from one point move in turn",
    lab: withSpecs(({ descent, ...spec }) => ({
      ...spec,
      descent: descent.select.sets ? { ...descent, select: cyclic(), steps: "sweep" } : descent,
    })),
    caughtBy: ["T2"],
  },
  {
    name: "decay-of-sleeping-blocks",
    what: "weights shrink while their block does not move",
    lab: decayOfSleeping,
    caughtBy: ["T3"],
  },
  {
    name: "average-of-sleeping-blocks",
    what: "averages go on to weights while their block does not move",
    lab: averageOfSleeping,
    caughtBy: ["T3"],
  },
  {
    name: "cache-of-first-batch",
    what: "the prefix is not computed again for a new batch",
    lab: runningOnce("/prefix"),
    caughtBy: ["T4"],
  },
  {
    name: "masked-full-gradient",
    what: "a block step computes the full gradient and masks it",
    lab: maskedGradient,
    caughtBy: ["T5"],
  },
  {
    name: "first-visit-too-short",
    what: "steps are counted before they are compared, and the first block has one less",
    lab: withPlayer((player) => {
      const { selection, hold } = player;
      const select: SelectionRule["select"] = (context) =>
        selection.select({ ...context, visit: Math.floor((context.visit + 1) / hold) });
      return hold === 1 ? player : { ...player, hold: 1, selection: { ...selection, select } };
    }),
    caughtBy: ["T6"],
  },
  {
    name: "reversed-order",
    what: "blocks have their turns from the last to the first",
    lab: withSelection((rule) => (context) => context.blockCount - 1 - rule.select(context)),
    caughtBy: ["T6", "T8", "T32"],
  },
  {
    name: "biased-sampling",
    what: "two in five draws of the last block go to the first",
    lab: withSelection((rule) => (context) => {
      const block = rule.select(context);
      const isSwapped = rule.name === "uniform" && block === context.blockCount - 1 && context.visit % 5 < 2;
      return isSwapped ? 0 : block;
    }),
    caughtBy: ["T6", "T23"],
  },
  {
    name: "resume-forgets-the-rule",
    what: "what a selection rule has learned is not restored, only the block that it chose",
    lab: withTrainer((trainer) =>
      overriding(trainer, {
        restore(snapshot, step) {
          const forgetful = [...snapshot].map(([name, { shape, values }]) => {
            const kept = name.endsWith("/selection") ? values.map((value, i) => (i === 0 ? value : 0)) : values;
            return [name, { shape, values: kept }] as const;
          });
          trainer.restore(new Map(forgetful), step);
        },
      }),
    ),
    caughtBy: ["T6"],
  },
  {
    name: "norms-of-first-batch",
    what: "norms are not measured again for a new batch",
    lab: runningOnce("/norms"),
    caughtBy: ["T7"],
  },
  {
    name: "search-accepts-all",
    what: "a search takes its first guess of a length, whatever the objective is there",
    lab: withMoves((move) => {
      if (!move.search) return move;
      // biome-ignore lint/correctness/useYield: it asks for nothing
      const rule: typeof move.search.rule = function* ({ learningRate, memory }) {
        return { length: learningRate, memory };
      };
      return { ...move, search: { ...move.search, rule } };
    }),
    caughtBy: ["T15", "T29"],
  },
  {
    name: "gradient-of-half-the-loss",
    what: "a part of the loss counts as constant in the gradient",
    lab: withSpecs((spec) => ({
      ...spec,
      objective(weights) {
        const { value, metrics } = spec.objective(weights);
        const half = mul(constant(0.5), value);
        const partly = add(half, detach(half));
        const named = Object.entries(metrics).map(([name, metric]) => [name, metric === value ? partly : metric]);
        return { value: partly, metrics: Object.fromEntries(named) };
      },
    })),
    caughtBy: ["T26", "T33"],
  },
  {
    name: "reset-forgets-a-tensor",
    what: "the second moment of Adam stays when its state is reset",
    lab: withMoves((move) => ({ ...move, fading: move.fading.filter(({ name }) => !name.endsWith("/v")) })),
    caughtBy: ["T34"],
  },
  {
    name: "one-velocity-for-all",
    what: "the blocks share the velocity of momentum",
    lab: withUpdate((rule) => (rule.name === "momentum" ? shared(rule) : rule)),
    caughtBy: ["T34"],
  },
  {
    name: "rate-off",
    what: "the learning rate is one per cent larger than configured",
    lab: withPlayer(({ learningRate, ...player }) => ({
      ...player,
      learningRate: { ...learningRate, at: (move) => 1.01 * learningRate.at(move) },
    })),
    caughtBy: ["T1", "T8", "T9", "T14", "T18", "T19", "T20", "T23", "T24", "T25", "T26", "U12"],
  },
  {
    name: "rate-one-move-late",
    what: "the learning rate is that of the next move",
    lab: withPlayer(({ learningRate, ...player }) => ({
      ...player,
      learningRate: { ...learningRate, at: (move) => learningRate.at(move + 1) },
    })),
    caughtBy: ["U12"],
  },
  {
    name: "window-too-short",
    what: "a window of the objective ends one move early",
    lab: withPlayer((player) => ({ ...player, window: player.window - 1 })),
    caughtBy: ["U12"],
  },
  {
    name: "constants-every-visit",
    what: "constants are measured twice as often as configured",
    lab: withPlayer((player) => {
      const { lipschitz } = player;
      return lipschitz ? { ...player, lipschitz: { ...lipschitz, every: Math.ceil(lipschitz.every / 2) } } : player;
    }),
    caughtBy: ["U12"],
  },
  {
    name: "every-tenth-move-lost",
    what: "one move in ten does nothing",
    lab: withPlayer(({ learningRate, ...player }) => ({
      ...player,
      learningRate: { ...learningRate, at: (move) => (move % 10 === 9 ? 0 : learningRate.at(move)) },
    })),
    caughtBy: ["T9", "T13"],
  },
  {
    name: "all-layers-at-once",
    what: "layers that should take turns move together",
    lab: withSpecs(({ descent, ...spec }) => {
      const isWhole = descent.partition(spec.network).every(({ pieces }) => !pieces);
      return { ...spec, descent: isWhole ? { ...descent, select: jacobi() } : descent };
    }),
    caughtBy: ["T31", "T32"],
  },
  {
    name: "greed-goes-around",
    what: "greedy rules take one block after the other",
    lab: withSpecs(({ descent, ...spec }) => ({
      ...spec,
      descent: /^gauss-southwell/.test(descent.select.name) ? { ...descent, select: cyclic() } : descent,
    })),
    caughtBy: ["T11", "T12"],
  },
  {
    name: "importance-of-squares",
    what: "probabilities go with the squares of the constants",
    lab: telling("importance", ({ lipschitz }) => ({ lipschitz: lipschitz && Array.from(lipschitz, (L) => L * L) })),
    caughtBy: ["T6", "T10", "T18"],
  },
  {
    name: "costs-upside-down",
    what: "expensive blocks count as cheap",
    lab: telling("cost-aware", ({ macs }) => ({ macs: macs.map((cost) => 1e6 / cost) })),
    caughtBy: ["S5"],
  },
  {
    name: "stale-greed-takes-rises",
    what: "decreases are told as rises",
    lab: withRule("stale-greedy", (rule) => ({
      observe: (context, block, decrease) => rule.observe!(context, block, -decrease),
    })),
    caughtBy: ["S11"],
  },
  {
    name: "bandit-learns-nothing",
    what: "what a step brought is not told to the bandit",
    lab: withRule("bandit", () => ({ observe: () => {} })),
    caughtBy: ["S12"],
  },
  {
    name: "always-the-first-set",
    what: "layerwise importance takes one set for ever",
    lab: withRule("layerwise-importance", () => ({ select: () => 0 })),
    caughtBy: ["S14"],
  },
  {
    name: "probe-not-multiplied",
    what: "the Hessian is multiplied with ones instead of the signs of the probe",
    lab: withUpdate((rule) => ({
      ...rule,
      update: (context) =>
        rule.update({ ...context, curvature: (direction) => context.curvature(direction.map((signs) => abs(signs))) }),
    })),
    caughtBy: ["T16"],
  },
  {
    name: "threshold-too-large",
    what: "a proximal operator has twice the threshold",
    lab: largeThreshold,
    caughtBy: ["T17"],
  },
  {
    name: "decay-of-moving-weights",
    what: "weights that move shrink by a thousandth, which nobody has asked for",
    lab: decayOfMoving,
    caughtBy: ["T1", "T27", "T28", "T31"],
  },
  {
    name: "only-rising-slopes",
    what: "coordinates are compared by their slopes instead of the sizes of these, and the others do not move",
    lab: everyCoordinate,
    caughtBy: ["S10"],
  },
  {
    name: "moves-counted-twice",
    what: "an accelerated step counts as two",
    lab: withUpdate((rule) => ({
      ...rule,
      update(context) {
        const next = rule.update(context);
        const isCount = (name: string) => name.endsWith("/accelerated/count");
        return new Map([...next].map(([name, x]) => [name, isCount(name) ? add(x, constant(1)) : x]));
      },
    })),
    caughtBy: ["T14"],
  },
  {
    name: "extrapolation-from-the-start",
    what: "changes of all sweeps are taken from where the first one began",
    lab: withPlayer((player) => {
      const { afterSweep } = player;
      if (!afterSweep) return player;
      const { model, manifest } = afterSweep;
      const outputs = manifest.outputs.filter(({ replaces }) => !replaces?.endsWith("/anderson/start"));
      return { ...player, afterSweep: { model, manifest: { ...manifest, outputs } } };
    }),
    caughtBy: ["U17"],
  },
  {
    name: "extrapolation-always",
    what: "every extrapolation is taken, whatever the objective is there",
    lab: flatteredExtrapolation,
    caughtBy: ["U17"],
  },
  {
    name: "grouping-ignored",
    what: "units are grouped in their order, whatever their constants are",
    lab: withPlayer((player) => ({
      ...player,
      blocks: player.blocks.map((block) => {
        const { slices, number } = block;
        if (slices?.kind !== "fixed") return block;
        const numbers = slices.numbers.map((_, i) => number * slices.numbers.length + i);
        return { ...block, slices: { ...slices, numbers } };
      }),
    })),
    caughtBy: ["S16", "T25"],
  },
  {
    name: "training-does-nothing",
    what: "iterations are counted and not made",
    lab: {
      ...trueLab,
      async native(plan, seed, data) {
        const trainer = await trueLab.native(plan, seed, data);
        return overriding(trainer, { iterate: async () => ({ step: 0, moves: {}, metrics: {} }) });
      },
    },
    caughtBy: ["T30"],
  },
];
