import { ShapeError } from "../errors.ts";
import { forEachDistance, type Points, pointsOf } from "./distances.ts";
import { blockSize } from "./gram.ts";
import { checkComparable, checkSamples, type Matrix } from "./matrix.ts";
import { nearestWithin } from "./neighbours.ts";

/** How two sets of samples cover each other, each seen as the balls around its samples that reach to the k-th nearest other one. */
export interface Manifold {
  /** Share of generated samples in a ball of a real one, and of real samples in a ball of a generated one (Kynkaanniemi et al. 2019). */
  readonly precision: number;
  readonly recall: number;
  /** Balls of real samples around a generated one, on average, over k: about 1 for equal distributions, can be more (Naeem et al. 2020). */
  readonly density: number;
  /** Share of real samples with a generated one in their ball: about 1 - 2^-k for equal distributions and sizes (Naeem et al. 2020). */
  readonly coverage: number;
}

/** Squared distance of each sample to its k-th nearest other one, for every k of `ks`. Throws ShapeError where there are not so many. */
export function neighbourRadii(x: Matrix, ks: readonly number[]): Float64Array[] {
  checkSamples("neighbourRadii", x, Math.max(...ks) + 1);
  return radiiOf(pointsOf(x), ks);
}

function radiiOf(points: Points, ks: readonly number[]): Float64Array[] {
  const k = Math.max(...ks);
  const nearest = nearestWithin(points, k);
  return ks.map((each) => Float64Array.from(points.squares, (_, i) => nearest[i * k + each - 1]!));
}

/**
 * Precision, recall, density and coverage for every k of `ks`, of generated samples against real ones. Balls are open, as in the authors' package
 * prdc (other programs count the border): equal samples, at distance 0, are in no ball of radius 0. `realRadii` is `neighbourRadii(real, ks)`, where it is
 * known from before. Throws ShapeError for sets of different columns or of no more than k samples.
 */
export function manifold(
  real: Matrix,
  fake: Matrix,
  { ks, realRadii }: { readonly ks: readonly number[]; readonly realRadii?: readonly Float64Array[] },
): Manifold[] {
  checkComparable("manifold", [real, fake], Math.max(...ks) + 1);
  if (realRadii && (realRadii.length !== ks.length || realRadii.some(({ length }) => length !== real.rows))) {
    const got = realRadii.map(({ length }) => length).join(", ");
    throw new ShapeError(`manifold: expected ${ks.length} x ${real.rows} real radii, got ${got}. Use neighbourRadii.`);
  }
  const [realPoints, fakePoints] = [pointsOf(real), pointsOf(fake)];
  const counts = ks.map((_, at) => ({ at, covered: new Uint8Array(real.rows), recalled: new Uint8Array(real.rows) }));
  const balls = ks.map(() => new Uint32Array(fake.rows));
  const ofReal = realRadii ?? radiiOf(realPoints, ks);
  const ofFake = radiiOf(fakePoints, ks);
  const widest = ks.indexOf(Math.max(...ks));
  const [widestReal, widestFake] = [ofReal[widest]!, ofFake[widest]!];
  forEachDistance(realPoints, fakePoints, (block, firstReal, endReal, firstFake, endFake) => {
    for (let i = firstReal; i < endReal; i++) {
      const row = (i - firstReal) * blockSize - firstFake;
      const radius = widestReal[i]!;
      for (let j = firstFake; j < endFake; j++) {
        const distance = block[row + j]!;
        if (distance >= radius && distance >= widestFake[j]!) continue;
        for (const { at, covered, recalled } of counts) {
          if (distance < ofFake[at]![j]!) recalled[i] = 1;
          if (distance >= ofReal[at]![i]!) continue;
          covered[i] = 1;
          balls[at]![j]!++;
        }
      }
    }
  });
  return counts.map(({ at, covered, recalled }) => ({
    precision: mean(balls[at]!.map((count) => Math.min(count, 1))),
    recall: mean(recalled),
    density: mean(balls[at]!) / ks[at]!,
    coverage: mean(covered),
  }));
}

const mean = (counts: Uint8Array | Uint32Array) => {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum / counts.length;
};
