import { lab as trueLab } from "../../src/conformance/lab.ts";
import type { Lab } from "../../src/conformance/oracle.ts";
import { cyclic } from "../../src/descent/selection-order.ts";
import { jacobi } from "../../src/descent/selection-sets.ts";
import { constant } from "../../src/graph/tensor.ts";
import { add, mul } from "../../src/ops/arithmetic.ts";
import { abs } from "../../src/ops/elementwise.ts";
import { detach } from "../../src/ops/indexing.ts";
import type { SelectionRule } from "../../src/plan.ts";
import {
  averageOfSleeping,
  correctorFromReached,
  decayOfMoving,
  decayOfSleeping,
  flatteredExtrapolation,
  halvedPenalty,
  largeThreshold,
  maskedGradient,
  overriding,
  risingSlopes,
  runningOnce,
  shared,
  staleInSweep,
  telling,
  withMoves,
  withPlan,
  withPlayer,
  withRule,
  withSelection,
  withSpecs,
  withTrainer,
  withUpdate,
} from "./faulty-labs.ts";

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
      const rule: typeof move.search.rule = function* ({ learningRate, memory }) {
        yield learningRate;
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
    name: "penalty-halved",
    what: "the gradient penalty has half its weight",
    lab: halvedPenalty,
    caughtBy: ["T26", "T27"],
  },
  {
    name: "only-rising-slopes",
    what: "coordinates are compared by their slopes instead of the sizes of these, and the others do not move",
    lab: risingSlopes,
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
