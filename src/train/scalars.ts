import type { Program } from "../program.ts";

/** What programs report in scalars, by name: each has a place, so that a step makes no number on the heap. */
export interface Scalars {
  /** At the place of each; NaN before it is reported. */
  readonly values: Float64Array;
  placeOf(name: string): number;
  /** The values stay. */
  keep(): void;
  /** The values are what they were when they were kept. */
  takeBack(): void;
  /** By name those that are kept, without what was never reported. */
  kept(): Record<string, number>;
}

/** Room for the scalars of some programs. */
export function openScalars(programs: readonly Program[]): Scalars {
  const reported = programs.flatMap(({ manifest }) => manifest.outputs.filter(({ role }) => role === "metric"));
  const names = [...new Set(reported.map(({ name }) => name))];
  const values = new Float64Array(names.length).fill(Number.NaN);
  const kept = values.slice();
  return {
    values,
    placeOf: (name) => names.indexOf(name),
    keep: () => kept.set(values),
    takeBack: () => values.set(kept),
    kept: () => Object.fromEntries(names.flatMap((name, i) => (Number.isNaN(kept[i]) ? [] : [[name, kept[i]!]]))),
  };
}
