import { forEachDistance, type Points } from "./distances.ts";
import { blockSize } from "./gram.ts";

/** Squared distances of each of n points to its k nearest others, nearest first: [n, k]; Infinity where there are not so many. */
export function nearestWithin(points: Points, k: number): Float64Array {
  const nearest = new Float64Array(points.squares.length * k).fill(Number.POSITIVE_INFINITY);
  forEachDistance(points, points, (block, firstA, endA, firstB, endB) => {
    for (let i = firstA; i < endA; i++) {
      const row = (i - firstA) * blockSize - firstB;
      for (let j = firstB; j < endB; j++) {
        const distance = block[row + j]!;
        if (distance < nearest[i * k + k - 1]!) insert(nearest, i * k, k, distance);
        if (distance < nearest[j * k + k - 1]!) insert(nearest, j * k, k, distance);
      }
    }
  });
  return nearest;
}

/** Puts a number in its place among k that rise, the largest of which it drives out. */
function insert(sorted: Float64Array, start: number, k: number, value: number): void {
  let at = start + k - 1;
  for (; at > start && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!;
  sorted[at] = value;
}

/** Squared distance of each point of `a` to the nearest of `b`, and of each of `b` to the nearest of `a`. */
export function nearestAcross(a: Points, b: Points): { readonly ofA: Float64Array; readonly ofB: Float64Array } {
  const ofA = new Float64Array(a.squares.length).fill(Number.POSITIVE_INFINITY);
  const ofB = new Float64Array(b.squares.length).fill(Number.POSITIVE_INFINITY);
  forEachDistance(a, b, (block, firstA, endA, firstB, endB) => {
    for (let i = firstA; i < endA; i++) {
      const row = (i - firstA) * blockSize - firstB;
      for (let j = firstB; j < endB; j++) {
        const distance = block[row + j]!;
        if (distance < ofA[i]!) ofA[i] = distance;
        if (distance < ofB[j]!) ofB[j] = distance;
      }
    }
  });
  return { ofA, ofB };
}
