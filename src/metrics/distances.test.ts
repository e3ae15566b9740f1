import { expect, test } from "vitest";
import { gaussian, rowsAt } from "../../test/support/samples.ts";
import { forEachDistance, pointsOf } from "./distances.ts";
import { blockSize } from "./gram.ts";
import type { Matrix } from "./matrix.ts";

/** All distances, by pair. */
function distances(a: Matrix, b: Matrix): Float64Array {
  const found = new Float64Array(a.rows * b.rows).fill(Number.NaN);
  const points = pointsOf(a);
  forEachDistance(points, a === b ? points : pointsOf(b), (block, firstA, endA, firstB, endB) => {
    for (let i = firstA; i < endA; i++) {
      for (let j = firstB; j < endB; j++) found[i * b.rows + j] = block[(i - firstA) * blockSize + j - firstB]!;
    }
  });
  return found;
}

function sumOfSquares(a: Matrix, i: number, b: Matrix, j: number): number {
  let sum = 0;
  for (let k = 0; k < a.columns; k++) sum += (a.values[i * a.columns + k]! - b.values[j * b.columns + k]!) ** 2;
  return sum;
}

test.each([
  [1, 1, 1],
  [3, 5, 2],
  [blockSize, blockSize + 1, 3],
  [2 * blockSize + 7, blockSize - 1, 5],
])("distances of %i to %i points of %i numbers are sums of squared differences", (m, n, d) => {
  const [a, b] = [gaussian(m, d, 1), gaussian(n, d, 2, { mean: () => 3 })];
  const [all, own] = [distances(a, b), distances(a, a)];
  let error = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) error = Math.max(error, Math.abs(all[i * n + j]! - sumOfSquares(a, i, b, j)));
    for (let j = i + 1; j < m; j++) error = Math.max(error, Math.abs(own[i * m + j]! - sumOfSquares(a, i, a, j)));
    expect(own[i * m + i]).toBe(Number.POSITIVE_INFINITY);
    if (i % blockSize > 0) expect(own[i * m + i - 1]).toBe(Number.POSITIVE_INFINITY);
  }
  expect(error).toBeLessThan(1e-12);
});

test("equal points are at distance 0 exactly, and a pair has one distance wherever it is asked for", () => {
  const a = gaussian(150, 33, 1, { mean: () => 1000 });
  const moved = rowsAt(a, [140, 7, 3]);
  const [all, back, own] = [distances(a, moved), distances(moved, a), distances(a, a)];
  for (const [at, i] of [140, 7, 3].entries()) {
    expect(all[i * 3 + at]).toBe(0);
    const before = [...Array(i).keys()];
    expect(
      before.filter((j) => all[j * 3 + at] !== own[j * 150 + i] || back[at * 150 + j] !== own[j * 150 + i]),
    ).toEqual([]);
  }
});

test("rounding makes no distance negative", () => {
  const a = gaussian(100, 20, 1, { mean: () => 1000 });
  const near = { ...a, values: a.values.map((x) => x * (1 + 2e-16)) };
  expect(Math.min(...distances(a, near))).toBe(0);
});
