import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ClassifierScore, classifierScore } from "./classes.ts";
import { comparePaired } from "./comparison.ts";
import { copyingTest } from "./copying-test.ts";
import { frechetDistance } from "./frechet.ts";
import { kernelDistance } from "./kernel-distance.ts";
import { type Manifold, manifold } from "./manifold.ts";
import type { Matrix } from "./matrix.ts";
import { moments } from "./moments.ts";
import { type NearestNeighbourTest, nearestNeighbourTest } from "./nearest-neighbour-test.ts";

interface Recipe {
  readonly seed: number;
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  readonly distinct: number;
  readonly mixing: number;
  readonly shift: number;
}

interface Pair {
  readonly name: string;
  readonly real: Recipe;
  readonly fake: Recipe;
  readonly expected: {
    readonly frechet: number;
    readonly kernel: number;
    readonly manifold: readonly (Manifold & { readonly k: number })[];
    readonly nearestNeighbour?: NearestNeighbourTest;
    readonly copying: number;
  };
}

interface Compared {
  readonly baseline: readonly number[];
  readonly candidate: readonly number[];
  readonly interval: readonly [number, number];
  readonly p: number;
}

/** What tools/metrics-reference.py made of SciPy and scikit-learn. */
const reference: {
  readonly pairs: readonly Pair[];
  readonly classifier: { readonly logits: Recipe; readonly splits: number; readonly expected: ClassifierScore };
  readonly comparisons: readonly Compared[];
} = JSON.parse(readFileSync(new URL("reference.json", import.meta.url), "utf8"));

/** A whole number from -most to most, as in the script. */
function whole(seed: number, i: number, k: number, most: number): number {
  const prime = 67108859; // its squares are below 2^53
  let hashed = (seed * 7919 + i * 104729 + k * 1299709 + 1) % prime;
  for (let round = 0; round < 3; round++) hashed = (hashed * hashed + 48271) % prime;
  return (hashed % (2 * most + 1)) - most;
}

function samples({ seed, rows, columns, rank, distinct, mixing, shift }: Recipe): Matrix {
  const values = new Float64Array(rows * columns).map((_, at) => {
    let mixed = 0;
    for (let r = 0; r < rank; r++) {
      mixed += whole(seed, Math.floor(at / columns) % distinct, r, 8) * whole(mixing, r, at % columns, 4);
    }
    return mixed / 16 + shift;
  });
  return { rows, columns, values };
}

/** To 1e-6 of the expected number. */
function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-6 * Math.abs(expected));
}

describe.each(reference.pairs)("$name", ({ real, fake, expected }) => {
  const [x, y] = [samples(real), samples(fake)];

  test("Frechet distance is SciPy's", () => {
    expectClose(frechetDistance(moments(x), moments(y)), expected.frechet);
  });

  test("kernel distance is scikit-learn's", () => {
    expectClose(kernelDistance(x, y).value, expected.kernel);
  });

  test("precision, recall, density and coverage are those of the definition to the count", () => {
    const found = manifold(x, y, { ks: [3, 5] });
    for (const [at, { k, density, ...shares }] of expected.manifold.entries()) {
      const { density: ours, ...others } = found[at]!;
      expect(others).toEqual(shares);
      expect(Math.round(ours * k * y.rows)).toBe(Math.round(density * k * y.rows));
    }
  });

  const { nearestNeighbour } = expected;
  if (nearestNeighbour) {
    test("the nearest-neighbour test is scikit-learn's, leaving one out", () => {
      expect(nearestNeighbourTest(x, y)).toEqual(nearestNeighbour);
    });
  }

  test("the copying test of one cell is SciPy's rank-sum test", () => {
    const heldOut = samples({ ...fake, seed: 9, rows: 60 });
    const { score } = copyingTest({ train: x, heldOut, generated: y, cells: 1 });
    expectClose(score, expected.copying);
  });
});

test("the classifier score is SciPy's", () => {
  const { logits, splits, expected } = reference.classifier;
  const score = classifierScore(samples(logits), splits);
  expectClose(score.mean, expected.mean);
  expectClose(score.deviation, expected.deviation);
  expectClose(score.confidence, expected.confidence);
});

test.each(reference.comparisons)(
  "p is SciPy's, and the interval but for the draws: $p",
  ({ baseline, candidate, interval, p }) => {
    const comparison = comparePaired(baseline, candidate, { better: "lower" });
    expect(comparison.p).toBeCloseTo(p, 12);
    const width = interval[1]! - interval[0]!;
    expect(Math.abs(comparison.interval[0] - interval[0]!)).toBeLessThan(0.04 * width);
    expect(Math.abs(comparison.interval[1] - interval[1]!)).toBeLessThan(0.04 * width);
  },
);
