import type { Tensor } from "../graph/tensor.ts";
import type { TensorSpec } from "../program.ts";

/** A weight of the block that moves. */
export interface Moved {
  readonly name: string;
  readonly value: Tensor;
  /** Gradient of the objective with respect to it, of the same shape. */
  readonly gradient: Tensor;
}

/** The weights of a block, without their values. */
export interface BlockSpec {
  readonly name: string;
  readonly parameters: readonly TensorSpec[];
}

/** How a block moves once its gradient is known. */
export interface UpdateRule {
  readonly name: string;
  /** State that the rule keeps for a block. */
  init(block: BlockSpec): TensorSpec[];
  /** Next values of the weights and of the state, by name. */
  update(
    block: string,
    moved: readonly Moved[],
    state: (name: string) => Tensor,
    learningRate: Tensor,
  ): Map<string, Tensor>;
}
