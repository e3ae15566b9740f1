import { klDivergence } from "./classes.ts";
import { checkComparable, type Matrix } from "./matrix.ts";
import { slicedDistance } from "./sliced-distance.ts";

/** Equally likely round Gaussians in the plane. */
export interface Mixture {
  readonly centres: readonly (readonly [x: number, y: number])[];
  /** Standard deviation of each along each axis. */
  readonly deviation: number;
}

/**
 * How points cover a mixture that is known exactly. A point within three standard deviations of the nearest centre is of high quality (Srivastava et al.
 * 2017, VEEGAN), and belongs to that Gaussian; `modes`, `shares`, `kl`, `spread` and `worstShare` are about these points alone.
 */
export interface MixtureModes {
  /** Share of points of high quality: at most 1 - exp(-4.5) = 0.989 of true ones. */
  readonly highQuality: number;
  /** Gaussians that have a point. */
  readonly modes: number;
  /** Of each Gaussian; all 0 where no point is of high quality. */
  readonly shares: readonly number[];
  /** Divergence of the shares from even ones: 0 to ln K, which it is where no point is of high quality. True points have (K - 1) / 2n. */
  readonly kl: number;
  /**
   * Standard deviation, about their own mean, of the points of a Gaussian over that of true ones: mean, least and largest over the Gaussians that have two points.
   * 0 where there is none.
   */
  readonly spread: { readonly mean: number; readonly least: number; readonly largest: number };
  /** The smallest share times K: 1 is even, 0 is a lost Gaussian. */
  readonly worstShare: number;
  /** Sliced Wasserstein-2 distance of all points to true ones. */
  readonly slicedDistance: number;
}

/** Variance along an axis of a standard normal point in the plane that is no farther than 3 from the centre. */
const innerVariance = 1 - (4.5 * Math.exp(-4.5)) / (1 - Math.exp(-4.5));

/** How points [n, 2] cover a mixture; `truth` is another draw of the mixture. Throws ShapeError for no points. */
export function mixtureModes(points: Matrix, { centres, deviation }: Mixture, truth: Matrix): MixtureModes {
  checkComparable("mixtureModes", [points, truth]);
  const members = membersOf(points, centres, 3 * deviation);
  const good = members.reduce((sum, own) => sum + own.length, 0);
  const K = centres.length;
  const shares = members.map((own) => (good > 0 ? own.length / good : 0));
  const spreads = members
    .filter((own) => own.length > 1)
    .map((own) => deviationOf(own) / (deviation * Math.sqrt(innerVariance)));
  const even = shares.map(() => 1 / K);
  return {
    highQuality: good / points.rows,
    modes: members.filter((own) => own.length > 0).length,
    shares,
    kl: good > 0 ? klDivergence(shares, even) : Math.log(K),
    spread:
      spreads.length > 0
        ? {
            mean: spreads.reduce((sum, spread) => sum + spread, 0) / spreads.length,
            least: Math.min(...spreads),
            largest: Math.max(...spreads),
          }
        : { mean: 0, least: 0, largest: 0 },
    worstShare: K * Math.min(...shares),
    slicedDistance: slicedDistance(points, truth),
  };
}

type Point = readonly [x: number, y: number];

/** The points around each centre that are nearest to it and closer than a radius. */
function membersOf({ values }: Matrix, centres: readonly Point[], radius: number): Point[][] {
  const members: Point[][] = centres.map(() => []);
  for (let i = 0; i < values.length; i += 2) {
    const point: Point = [values[i]!, values[i + 1]!];
    const distances = centres.map(([x, y]) => (point[0] - x) ** 2 + (point[1] - y) ** 2);
    const nearest = Math.min(...distances);
    if (nearest < radius ** 2) members[distances.indexOf(nearest)]!.push(point);
  }
  return members;
}

/** Standard deviation of points along an axis, the mean of both axes' variances. */
function deviationOf(points: readonly Point[]): number {
  const n = points.length;
  let variance = 0;
  for (const axis of [0, 1] as const) {
    const mean = points.reduce((sum, point) => sum + point[axis], 0) / n;
    variance += points.reduce((sum, point) => sum + (point[axis] - mean) ** 2, 0) / (n - 1) / 2;
  }
  return Math.sqrt(variance);
}
