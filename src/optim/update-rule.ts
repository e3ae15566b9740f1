import type { Tensor } from "../graph/tensor.ts";
import type { Search } from "../plan.ts";
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

/** State that a rule keeps for a block: one number, or a tensor of the shape of a weight. It starts as one number everywhere. */
export interface StateSpec extends TensorSpec {
  readonly initialiser: { readonly kind: "constant"; readonly value: number };
  /** The weight whose shape it has; absent for one number (shape []) that belongs to the whole block. */
  readonly like?: string;
  /** Whether the one number belongs to all blocks of the player together. */
  readonly shared?: boolean;
  /**
   * What the policy `decay` does to it when the block moves again after another has: a `direction` (an average of gradients, and what counts it) starts
   * afresh, a `scale` (an average of their squares, and what counts it) goes a part of the way back to its start, the `rest` stays.
   */
  readonly memory: "direction" | "scale" | "rest";
}

/** What a rule is given to move a block. */
export interface UpdateContext {
  /** Name of the block, the first part of the names of its state. */
  readonly block: string;
  readonly moved: readonly Moved[];
  readonly state: (name: string) => Tensor;
  /** Scalar. */
  readonly learningRate: Tensor;
  /**
   * The Hessian of the objective with respect to the block, at the weights as they are, times a direction: one tensor for each moved weight, both ways. The
   * direction counts as constant. Only for rules that list `curvature` in their needs.
   */
  readonly curvature: (direction: readonly Tensor[]) => Tensor[];
  /** Standard normal numbers of this step, of some shape; other names are other numbers. Only for rules that list `noise`. */
  readonly noise: (name: string, shape: readonly number[]) => Tensor;
}

/** What a rule needs beyond the gradient; it is then available on one replica only. */
export type UpdateNeed = "curvature" | "noise" | "objective";

/** How a block moves once its gradient is known. */
export interface UpdateRule {
  readonly name: string;
  readonly needs?: readonly UpdateNeed[];
  /** Most weights of a block that it can move. */
  readonly limit?: number;
  /** Whether it compares the gradient with that of the block's last visit. */
  readonly isOptimistic?: boolean;
  /** State that the rule keeps for a block. */
  init(block: BlockSpec): StateSpec[];
  /** Next values of the weights and of the state, by name. With a `search`, of the weights after a step of length `learningRate` along the direction. */
  update(context: UpdateContext): Map<string, Tensor>;
  /** The point at which the objective is evaluated, for a weight of any block; by default the weight itself. */
  point?(parameter: TensorSpec, value: Tensor, state: (name: string, like?: string) => Tensor): Tensor;
  /**
   * The multiple of the gradient that `update` makes as a tensor: the length of the gradient is measured by it. Absent where the gradient is only a term of a
   * sum, which the compiler makes with the product that the gradient is, in one.
   */
  readonly gradientScale?: number;
  /** Chooses the length of the step along the negative gradient by looking at the objective; `update` is then a plain gradient step. */
  readonly search?: Search;
}
