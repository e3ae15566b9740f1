import { ShapeError } from "../errors.ts";
import { permutation, type Stream } from "../random.ts";

/** Samples as the rows of a matrix, row after row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns]. */
  readonly values: Float32Array | Float64Array;
}

/**
 * So many rows of a matrix, drawn without replacement; the matrix itself where it has no more. The first ones would not do for a set of images: those of MNIST lie
 * in the order of their writers, and samples from anywhere may lie in that of their classes.
 */
export function someRows<V extends Matrix["values"]>(
  matrix: Matrix & { readonly values: V },
  count: number,
  source: Stream,
): Matrix & { readonly values: V } {
  const { rows, columns, values } = matrix;
  if (rows <= count) return matrix;
  const drawn = values.slice(0, count * columns) as V;
  const order = permutation(source, 0, rows);
  for (let i = 0; i < count; i++) {
    const from = order[i]! * columns;
    drawn.set(values.subarray(from, from + columns), i * columns);
  }
  return { rows: count, columns, values: drawn };
}

/** Throws ShapeError unless samples are finite numbers of the shape that they claim, with at least so many rows. */
export function checkSamples(where: string, { rows, columns, values }: Matrix, leastRows = 1): void {
  if (columns < 1 || values.length !== rows * columns) {
    const problem = `expected ${rows} rows of ${columns} numbers, got ${values.length} numbers`;
    throw new ShapeError(`${where}: ${problem}. Give rows x columns numbers, at least one column.`);
  }
  if (rows < leastRows) {
    throw new ShapeError(`${where}: expected at least ${leastRows} samples, got ${rows}. Take more samples.`);
  }
  const bad = values.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0) {
    const place = `${values[bad]} in row ${Math.floor(bad / columns)}, column ${bad % columns}`;
    throw new ShapeError(`${where}: expected finite numbers, got ${place}. Has the generator diverged?`);
  }
}

/** `checkSamples` of several sets that are to be compared, which have to have one number of columns. */
export function checkComparable(where: string, sets: readonly Matrix[], leastRows = 1): void {
  for (const set of sets) checkSamples(where, set, leastRows);
  const widths = sets.map(({ columns }) => columns);
  if (new Set(widths).size > 1) {
    const problem = `expected sets of the same number of columns, got ${widths.join(" and ")}`;
    throw new ShapeError(`${where}: ${problem}. Use the same features for all.`);
  }
}
