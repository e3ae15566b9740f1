import { pointsOf } from "./distances.ts";
import { checkComparable, type Matrix } from "./matrix.ts";
import { nearestAcross, nearestWithin } from "./neighbours.ts";

/** How well real and generated samples are told apart by their nearest neighbour, each sample left out in its turn. */
export interface NearestNeighbourTest {
  /** Share of samples whose nearest other sample is of their own kind: 0.5 for equal distributions and sizes, 1 for sets that are apart. */
  readonly accuracy: number;
  /** The same of real samples alone: low where they are surrounded by generated ones. */
  readonly real: number;
  /** The same of generated samples alone: high where they lie close together. */
  readonly fake: number;
}

/**
 * The leave-one-out 1-nearest-neighbour two-sample test (Lopez-Paz and Oquab 2017; Xu et al. 2018). A sample at one distance from both kinds counts half.
 * Throws ShapeError for sets of different columns or of fewer than two samples.
 */
export function nearestNeighbourTest(real: Matrix, fake: Matrix): NearestNeighbourTest {
  checkComparable("nearestNeighbourTest", [real, fake], 2);
  const [realPoints, fakePoints] = [pointsOf(real), pointsOf(fake)];
  const { ofA, ofB } = nearestAcross(realPoints, fakePoints);
  const ofReal = recognised(nearestWithin(realPoints, 1), ofA);
  const ofFake = recognised(nearestWithin(fakePoints, 1), ofB);
  return {
    accuracy: (ofReal + ofFake) / (real.rows + fake.rows),
    real: ofReal / real.rows,
    fake: ofFake / fake.rows,
  };
}

/** How many samples are nearer to their own kind than to the other. */
function recognised(own: Float64Array, other: Float64Array): number {
  return own.reduce((count, distance, i) => count + (distance < other[i]! ? 1 : distance === other[i]! ? 0.5 : 0), 0);
}
