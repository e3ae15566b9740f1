import type { Matrix } from "../../src/metrics/matrix.ts";
import { fillNormal, permutation, stream } from "../../src/random.ts";

type RealMatrix = Matrix & { readonly values: Float64Array };

/** Samples with independent normal columns. */
export function gaussian(
  rows: number,
  columns: number,
  seed: number,
  {
    mean = () => 0,
    deviation = () => 1,
  }: { mean?: (column: number) => number; deviation?: (column: number) => number } = {},
): RealMatrix {
  const values = new Float64Array(rows * columns);
  fillNormal(stream(seed, "test/gaussian"), 0, values);
  return { rows, columns, values: values.map((z, i) => mean(i % columns) + deviation(i % columns) * z) };
}

/** Some rows of a matrix, in that order. */
export function rowsAt({ columns, values }: Matrix, indices: Iterable<number>): RealMatrix {
  const rows = [...indices].map((i) => [...values.subarray(i * columns, (i + 1) * columns)]);
  return { rows: rows.length, columns, values: Float64Array.from(rows.flat()) };
}

/** The rows in another order. */
export const shuffled = (x: Matrix): Matrix => rowsAt(x, permutation(stream(1, "test/shuffled"), 0, x.rows));

/** Every row the same: what a collapsed generator gives. */
export const collapsed = (rows: number, columns: number): Matrix => ({
  rows,
  columns,
  values: new Float64Array(rows * columns).fill(0.3),
});
