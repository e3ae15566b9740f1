import type { Tensor } from "../graph/tensor.ts";
import type { Weights } from "../nn/layer.ts";

/** What a player minimises, and what it reports of it. */
export interface Objective {
  readonly value: Tensor;
  /** Scalars for the log, by name; the objective itself may be among them. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** What the player's network is applied to. */
  readonly batches?: readonly Tensor[];
}

/** The objective as a function of the player's weights, on the batch or on one of so many equal parts of it; everything else in it is input. */
export type ObjectiveAt = (weights: Weights, shards?: number) => Objective;
