/** When iterations with a round that changed nothing, because a number in it was not finite, are too many. Pure. */

/** Iterations with such a round, as a checkpoint holds them. */
export interface Skips {
  /** Those since the last record of the log. */
  readonly unlogged: number;
  /** Steps of those that count, in ascending order. */
  readonly recent: readonly number[];
}

/** There has been none. */
export const noSkips: Skips = { unlogged: 0, recent: [] };

/** So many in a row are too many, and more than so many of so many iterations. */
export const skipLimits = { inARow: 5, most: 10, of: 1000 } as const;

/** One more. */
export function withSkip({ unlogged, recent }: Skips, step: number): Skips {
  return { unlogged: unlogged + 1, recent: [...recent.filter((old) => old > step - skipLimits.of), step] };
}

/** In words, how many iterations up to the last skipped one are too many; undefined where they are not. */
export function tooMany({ recent }: Skips): string | undefined {
  const { inARow, most, of } = skipLimits;
  const first = recent.at(-inARow);
  if (first !== undefined && recent.at(-1)! - first === inARow - 1) return `${inARow} iterations in a row`;
  return recent.length > most ? `${recent.length} of the last ${of} iterations` : undefined;
}
