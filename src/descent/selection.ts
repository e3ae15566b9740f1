/** Which block moves at an iteration, counted from 0. */
export interface SelectionRule {
  readonly name: string;
  select(iteration: number, blockCount: number): number;
}

/** S1, cyclic: the blocks in their order, again and again (Beck and Tetruashvili 2013). */
export const cyclic: SelectionRule = { name: "cyclic", select: (iteration, blockCount) => iteration % blockCount };

/** Every selection rule, by its name in configurations. */
export const selectionRules = { cyclic } as const satisfies Record<string, SelectionRule>;

/** A key of `selectionRules`. */
export type SelectionName = keyof typeof selectionRules;
