import { type Stream, stream, uniform } from "../random.ts";
import { forEachDistance, type Points, pointsOf } from "./distances.ts";
import { blockSize } from "./gram.ts";
import type { Matrix } from "./matrix.ts";

/** Lloyd's algorithm needs no more than these to cut space in parts of about equal weight. */
const iterations = 10;

/** Centres of k-means [at most `count`, d]: k-means++ (Arthur and Vassilvitskii 2007), then ten iterations of Lloyd's. */
export function kMeans(x: Matrix, count: number, seed: number): Matrix {
  const points = pointsOf(x);
  let centres = seedCentres(x, points, Math.min(count, x.rows), stream(seed, "metrics/k-means"));
  for (let i = 0; i < iterations; i++) centres = means(x, cellsOf(points, centres), centres);
  return centres;
}

/** For each point, the index of the nearest centre; the first of those that are equally near. */
export function cellsOf(points: Points, centres: Matrix): Uint32Array {
  const cells = new Uint32Array(points.squares.length);
  const nearest = new Float64Array(cells.length).fill(Number.POSITIVE_INFINITY);
  forEachDistance(points, pointsOf(centres), (block, firstA, endA, firstB, endB) => {
    for (let i = firstA; i < endA; i++) {
      for (let j = firstB; j < endB; j++) {
        const distance = block[(i - firstA) * blockSize + j - firstB]!;
        if (distance >= nearest[i]!) continue;
        nearest[i] = distance;
        cells[i] = j;
      }
    }
  });
  return cells;
}

/** Rows, each drawn with a chance that grows as the squared distance from those before. */
function seedCentres(x: Matrix, points: Points, count: number, source: Stream): Matrix {
  const nearest = new Float64Array(x.rows).fill(1);
  const values = new Float64Array(count * x.columns);
  for (let c = 0; c < count; c++) {
    const chosen = draw(nearest, uniform(source, c, 0));
    values.set(x.values.subarray(chosen * x.columns, (chosen + 1) * x.columns), c * x.columns);
    forEachDistance(pointsOf(x, [chosen]), points, (block, _firstA, _endA, first, end) => {
      for (let i = first; i < end; i++)
        nearest[i] = Math.min(c === 0 ? Number.POSITIVE_INFINITY : nearest[i]!, block[i - first]!);
    });
  }
  return { rows: count, columns: x.columns, values };
}

/** The index at which the running sum of the weights passes a share of their sum. */
function draw(weights: Float64Array, share: number): number {
  let left = share * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [at, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return at;
  }
  return 0; // all weights are 0
}

/** The mean of each cell; its old centre where it is empty. */
function means({ columns, values }: Matrix, cells: Uint32Array, old: Matrix): Matrix {
  const sums = new Float64Array(old.values.length);
  const counts = new Uint32Array(old.rows);
  for (const [i, cell] of cells.entries()) {
    counts[cell]!++;
    for (let k = 0; k < columns; k++) sums[cell * columns + k]! += values[i * columns + k]!;
  }
  for (let k = 0; k < sums.length; k++) {
    const count = counts[Math.floor(k / columns)]!;
    sums[k] = count > 0 ? sums[k]! / count : old.values[k]!;
  }
  return { ...old, values: sums };
}
