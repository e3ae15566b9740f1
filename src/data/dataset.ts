import { ShapeError } from "../errors.ts";
import type { Reals } from "../random.ts";

/** What the trainer needs of a data set: batches of examples as a pure function of (seed, step). */
export interface Dataset {
  readonly name: string;
  /** Shape of one example: [1, 28, 28] for images, [2] for points in the plane. */
  readonly shape: readonly number[];
  /** "unit": values in [0, 1]; "real": unbounded. */
  readonly range: "unit" | "real";
  /** Number of examples, or undefined where they never end. */
  readonly count: number | undefined;
  /** SHA-256 (hex) of the content, or of the recipe for an endless set. */
  readonly fingerprint: string;
  /**
   * Writes part number `part` of `parts` equal parts of batch number `step` to `out` [size, ...shape]; the batch has size * parts examples, which
   * do not depend on how it is divided.
   */
  fill(seed: number, step: number, out: Reals, part?: number, parts?: number): void;
}

/** The number of examples that `out` holds. Throws a `ShapeError` where that is not a whole number, or no such step can be counted. */
export function batchSize(name: string, valuesPerExample: number, step: number, out: Reals): number {
  const size = out.length / valuesPerExample;
  if (!Number.isInteger(size)) {
    throw new ShapeError(
      `${name}: a batch must hold whole examples of ${valuesPerExample} values, got ${out.length} values. Round its length.`,
    );
  }
  if (step < 0 || !Number.isInteger(step) || !Number.isSafeInteger(step * size)) {
    throw new ShapeError(`${name}: step must be a non-negative integer, got ${step}. Count batches from 0.`);
  }
  return size;
}
