import type { BlockGroup } from "../descent/partition.ts";
import { predictedCost } from "../gan/accounting.ts";
import { type GanOptions, ganPlan } from "../gan/game.ts";
import type { Move, Player } from "../plan.ts";
import { type ProgramCost, sizeOf } from "../program.ts";
import type { Config } from "./config.ts";
import type { ExampleSpec } from "./example-spec.ts";
import { ganOptions } from "./model.ts";

/** Work and memory of one step, counted from its programs. */
export interface StepCost {
  readonly name: string;
  /** Blocks that move by such steps: more than one where they are units or elements. */
  readonly blocks: number;
  /** Weights that the step changes. */
  readonly parameters: number;
  /** Multiply-accumulates for each example of the batch; for the discriminator that is a real and a generated one. */
  readonly macsPerSample: number;
  /** Intermediate values that a step holds for its backward pass. */
  readonly bytesHeld: number;
  /** Weights and state that a step writes. */
  readonly bytesReturned: number;
  /** The same by the closed formulas, where they apply: not to updates that evaluate or differentiate the objective more than once. */
  readonly predicted: {
    readonly macsPerSample: number;
    readonly bytesHeld: number;
    readonly bytesReturned: number;
  } | null;
}

/** What the steps of a training cost. */
export interface Inspection {
  readonly batch: number;
  /** The block steps of the generator. */
  readonly blocks: readonly StepCost[];
  /** All of the generator at once, with the same update rule; with plain gradient steps where a rule cannot move so many weights. */
  readonly fullStep: StepCost;
  /** The block steps of the discriminator. */
  readonly discriminatorBlocks: readonly StepCost[];
  /** All of the discriminator at once, with the same update rule. */
  readonly discriminatorStep: StepCost;
  /** What measuring the norms of all blocks costs before one is selected, where a rule needs them. */
  readonly measuring: readonly MeasuringCost[];
}

/** Work of measuring for one player, for each example. */
export interface MeasuringCost {
  readonly player: string;
  readonly macsPerSample: number;
  /** Over a plain gradient step of all weights. */
  readonly ofFullGradient: number;
}

type PlayerName = "generator" | "discriminator";

/** What the steps of a configuration cost. Runs nothing. Throws ConfigError. */
export function inspect(config: Config, examples: ExampleSpec): Inspection {
  const { descent, discriminator, batch } = config;
  const options = ganOptions(config, examples);
  const atOnce = (change: Partial<Config["descent"]> = {}) =>
    ganOptions(
      {
        ...config,
        descent: { ...allWeights(descent), ...change },
        discriminator: { ...discriminator, descent: { ...allWeights(discriminator.descent), ...change } },
      },
      examples,
    );
  const own = ganPlan(options).players;
  const isLimited = Object.values(options.descent).some(({ update }) => update.limit !== undefined);
  const whole = atOnce(isLimited ? { update: "gradient" } : {});
  const full = ganPlan(whole).players;
  const of = (players: readonly Player[], name: PlayerName) => players.find((player) => player.name === name)!;
  const measured = own.filter(({ norms }) => norms);
  const gradients = measured.length > 0 ? ganPlan(atOnce({ update: "gradient", optimistic: false })).players : [];
  return {
    batch,
    blocks: costs(of(own, "generator"), options),
    fullStep: costs(of(full, "generator"), whole)[0]!,
    discriminatorBlocks: costs(of(own, "discriminator"), options),
    discriminatorStep: costs(of(full, "discriminator"), whole)[0]!,
    measuring: measured.map(({ name, norms }) => {
      const { macs } = norms!.manifest.cost;
      const gradient = of(gradients, name as PlayerName).moves[0]!.programs[0]!.manifest.cost.macs;
      return { player: name, macsPerSample: macs / batch, ofFullGradient: macs / gradient };
    }),
  };
}

/** The same update on all weights at once. */
function allWeights(descent: Config["descent"]): Config["descent"] {
  return { ...descent, partition: "all", select: "cyclic", order: "ascending" };
}

function costs(player: Player, options: GanOptions): StepCost[] {
  const name = player.name as PlayerName;
  const groups = options.descent[name].partition(options[name]);
  const sizes = new Map(options[name].parameters.map((spec) => [spec.name, sizeOf(spec.shape)]));
  return player.moves.map((move, i) => {
    const members = player.blocks.filter((block) => block.move === i);
    const moved = groups.filter(({ parameters }) => move.parameters.includes(parameters[0]!.name));
    return {
      name: move.name,
      blocks: members.length,
      parameters: members[0]?.size ?? move.parameters.reduce((total, weight) => total + sizes.get(weight)!, 0),
      ...counted(move, options.batch),
      predicted: predicted(name, moved, options),
    };
  });
}

/** What one step of a move runs: with a search, one trial. */
function counted({ programs, prefix, search }: Move, batch: number) {
  const run = [...(prefix ? [prefix] : []), ...programs, ...(search ? [search.trial] : [])];
  const sum = (of: (cost: ProgramCost) => number) => run.reduce((total, { manifest }) => total + of(manifest.cost), 0);
  return {
    macsPerSample: sum(({ macs }) => macs) / batch,
    bytesHeld: sum(({ bytesHeld }) => bytesHeld),
    bytesReturned: sum(({ bytesReturned }) => bytesReturned),
  };
}

function predicted(player: PlayerName, moved: readonly BlockGroup[], options: GanOptions): StepCost["predicted"] {
  const cost = predictedCost(player, moved, options);
  return cost
    ? { macsPerSample: cost.macs / options.batch, bytesHeld: cost.bytesHeld, bytesReturned: cost.bytesReturned }
    : null;
}
