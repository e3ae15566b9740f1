import { ShapeError } from "../errors.ts";
import { type Points, pointsOf } from "./distances.ts";
import { cellsOf, kMeans } from "./k-means.ts";
import { mannWhitney } from "./mann-whitney.ts";
import { checkComparable, type Matrix } from "./matrix.ts";
import { nearestAcross } from "./neighbours.ts";

/** Whether generated samples are nearer to the training examples than unseen real ones are. */
export interface CopyingTest {
  /**
   * C_T, a mean of standard normal numbers where generated samples are as good as held-out ones: below -3 they are too near to the examples, far above 0 they are far
   * from all examples.
   */
  readonly score: number;
  /** Cells that count, and the share of the held-out examples in them. */
  readonly cells: number;
  readonly share: number;
}

/** Held-out and generated samples, of each, that a cell needs: the rank-sum statistic is about normal from here on. */
const fewest = 20;

/**
 * The test of Meehan, Chaudhuri and Dasgupta (2020, "A non-parametric test to detect data-copying"): space is cut into cells by k-means on the training
 * examples; in each cell, the distances from generated samples to the nearest training example of the cell are compared with those of held-out examples by the
 * z of Mann and Whitney; the score is the mean over cells, weighted by their share of the held-out examples.
 *
 * Cells with fewer than 20 held-out or 20 generated samples, or with no training example, do not count: a lost mode is not a copied one. Where no
 * cell counts, all of space is one. Throws ShapeError for sets of different columns or of too few samples.
 */
export function copyingTest({
  train,
  heldOut,
  generated,
  cells = 20,
  seed = 0,
}: {
  readonly train: Matrix;
  readonly heldOut: Matrix;
  readonly generated: Matrix;
  readonly cells?: number;
  readonly seed?: number;
}): CopyingTest {
  checkComparable("copyingTest", [train, heldOut, generated]);
  const least = Math.min(heldOut.rows, generated.rows);
  if (least < fewest) {
    const problem = `expected at least ${fewest} held-out and ${fewest} generated samples, got ${least}`;
    throw new ShapeError(`copyingTest: ${problem}. Take more samples.`);
  }
  const centres = kMeans(train, cells, seed);
  const [t, p, q] = [train, heldOut, generated].map((x) => rowsOfCells(x, centres)) as [Rows[], Rows[], Rows[]];
  const counting = t.flatMap((rows, c) =>
    rows.length > 0 && Math.min(p[c]!.length, q[c]!.length) >= fewest
      ? { z: compare(pointsOf(train, rows), pointsOf(heldOut, p[c]), pointsOf(generated, q[c])), heldOut: p[c]!.length }
      : [],
  );
  const all = () => ({ z: compare(pointsOf(train), pointsOf(heldOut), pointsOf(generated)), heldOut: heldOut.rows });
  const used = counting.length > 0 ? counting : [all()];
  const weight = used.reduce((sum, cell) => sum + cell.heldOut, 0);
  return {
    score: used.reduce((sum, cell) => sum + cell.z * cell.heldOut, 0) / weight,
    cells: used.length,
    share: weight / heldOut.rows,
  };
}

type Rows = readonly number[];

/** The rows in each cell. */
function rowsOfCells(x: Matrix, centres: Matrix): Rows[] {
  const rows: number[][] = Array.from({ length: centres.rows }, () => []);
  for (const [i, cell] of cellsOf(pointsOf(x), centres).entries()) rows[cell]!.push(i);
  return rows;
}

/** The z of distances to the nearest training example, of generated samples beside held-out ones. */
function compare(train: Points, heldOut: Points, generated: Points): number {
  return mannWhitney(nearestAcross(generated, train).ofA, nearestAcross(heldOut, train).ofA);
}
