import type { Matrix } from "../metrics/matrix.ts";

/** The `count` rows of `among` that are nearest to each row of `queries`, nearest first. */
export function nearestRows(queries: Matrix, among: Matrix, count: number): number[][] {
  return Array.from({ length: queries.rows }, (_, q) => {
    const distances = Float64Array.from({ length: among.rows }, (_, i) => squaredDistance(queries, q, among, i));
    return [...distances.keys()].sort((a, b) => distances[a]! - distances[b]!).slice(0, count);
  });
}

function squaredDistance(a: Matrix, i: number, b: Matrix, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.columns; k++) sum += (a.values[i * a.columns + k]! - b.values[j * b.columns + k]!) ** 2;
  return sum;
}
