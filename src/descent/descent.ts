import type { Output } from "../graph/graph.ts";
import type { Network } from "../nn/network.ts";
import type { Precision } from "../onnx/model.ts";
import type { Schedule } from "../optim/schedule.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import type { Order, SelectionRule } from "../plan.ts";
import type { ObjectiveAt } from "./objective.ts";
import type { Partition } from "./partition.ts";
import type { StatePolicy } from "./state-policy.ts";

/** Coordinate descent: which blocks there are, which one moves, how it moves, and what becomes of its state meanwhile. */
export interface Descent {
  readonly partition: Partition;
  readonly select: SelectionRule;
  readonly update: UpdateRule;
  readonly learningRate: number;
  readonly policy?: StatePolicy;
  /** How the learning rate changes; by default not at all. */
  readonly schedule?: RateSchedule;
  /** Moves of an iteration; `sweep`: as many as there are blocks. */
  readonly steps?: number | "sweep";
  /** Moves that a block stays. */
  readonly hold?: number;
  /** Steps of a move, all on one batch. */
  readonly innerSteps?: number;
  /** Rate of the averaged weights; 0: none. */
  readonly average?: number;
  /** Sweeps of a window in which the objective is averaged; 100 by default. */
  readonly window?: number;
  /** Sweeps from which the weights are extrapolated after each (U17); 0: they are not. */
  readonly anderson?: number;
  /** How the Lipschitz constants are measured, where the selection needs them. */
  readonly lipschitz?: { readonly rounds: number; readonly every: number };
}

/** A schedule over all moves of a training. */
export interface RateSchedule {
  readonly factor: Schedule;
  readonly iterations: number;
  /** Whether the rate changes only after every block has had as many moves (HiFT, "delayed": Liu et al. 2024). */
  readonly isPerSweep: boolean;
}

/** A network, what it minimises, and how. */
export interface PlayerSpec {
  readonly network: Network;
  readonly objective: ObjectiveAt;
  readonly lazy?: LazyObjective;
  /** Name of the metric that is the length of the gradient of the block that moves; without it none is reported. */
  readonly gradientMetric?: string;
  readonly descent: Descent;
  /** What its moves hand on to a player who moves after it in the same round on the same batch, in each of so many shards; and what is handed on to them. */
  readonly handsOn?: ((shards: number) => readonly Output[]) | undefined;
  readonly given?: ((shards: number) => readonly Output[]) | undefined;
}

/** An objective of which a costly part is left out in most moves (Karras et al. 2020): the moves minimise in turn what has the objective as its mean. */
export interface LazyObjective {
  /** 2 or more: of as many moves one is whole. */
  readonly every: number;
  /** With the costly part `every` times, and without it. */
  readonly whole: ObjectiveAt;
  readonly light: ObjectiveAt;
}

/** What concerns all players of a game. */
export interface GameOptions {
  readonly order?: Order | undefined;
  readonly replicas?: number | undefined;
  /** Equal parts of a batch that are computed apart, where the update is a kernel: the objective is the mean over them. */
  readonly shards?: number | undefined;
  readonly precision?: Precision | undefined;
  /** Whether the runtime runs kernels: an update that goes element by element is then a program of its own. */
  readonly hasKernels?: boolean | undefined;
}
