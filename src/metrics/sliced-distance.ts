import { ShapeError } from "../errors.ts";
import { checkComparable, type Matrix } from "./matrix.ts";

/** Directions, evenly around half a circle. */
const directions = 64;

/**
 * Sliced Wasserstein-2 distance of two sets of points [n, 2] in the plane (Bonneel et al. 2015): the root of the mean, over directions, of the mean squared
 * difference of the quantiles of both projections. Sets may differ in size. Throws ShapeError for no points, or points elsewhere.
 */
export function slicedDistance(a: Matrix, b: Matrix): number {
  checkComparable("slicedDistance", [a, b]);
  if (a.columns !== 2) {
    throw new ShapeError(`slicedDistance: expected points in the plane, got ${a.columns} columns. Use kernelDistance?`);
  }
  let sum = 0;
  for (let l = 0; l < directions; l++) {
    const angle = (Math.PI * (l + 0.5)) / directions;
    sum += squaredDistance(project(a, angle), project(b, angle));
  }
  return Math.sqrt(sum / directions);
}

/** How far along a direction each point is, sorted. */
function project({ rows, values }: Matrix, angle: number): Float64Array {
  const [x, y] = [Math.cos(angle), Math.sin(angle)];
  return new Float64Array(rows).map((_, i) => x * values[2 * i]! + y * values[2 * i + 1]!).sort();
}

/** Integral of the squared difference of two step functions on [0, 1] with equal steps each. */
function squaredDistance(a: Float64Array, b: Float64Array): number {
  const [m, n] = [a.length, b.length];
  let sum = 0;
  for (let i = 0, j = 0, from = 0; i < m && j < n; ) {
    // in units of 1 / mn, so that the ends of steps are whole numbers
    const end = Math.min((i + 1) * n, (j + 1) * m);
    sum += (end - from) * (a[i]! - b[j]!) ** 2;
    if (end === (i + 1) * n) i++;
    if (end === (j + 1) * m) j++;
    from = end;
  }
  return sum / (m * n);
}
