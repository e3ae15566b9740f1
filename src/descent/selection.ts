/** When a block is selected. */
export interface SelectionContext {
  /** Counted from 0. */
  readonly iteration: number;
  readonly blockCount: number;
  /** Seed of the training: a random rule draws from its streams. */
  readonly seed: number;
}

/** Which block moves at an iteration. */
export interface SelectionRule {
  readonly name: string;
  select(context: SelectionContext): number;
}

/** S1, cyclic: the blocks in their order, again and again (Beck and Tetruashvili 2013). */
export const cyclic: SelectionRule = { name: "cyclic", select: ({ iteration, blockCount }) => iteration % blockCount };

/** Every selection rule, by its name in configurations. */
export const selectionRules = { cyclic } as const satisfies Record<string, SelectionRule>;

/** A key of `selectionRules`. */
export type SelectionName = keyof typeof selectionRules;
