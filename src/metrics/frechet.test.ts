import { describe, expect, test } from "vitest";
import { collapsed, gaussian, shuffled } from "../../test/support/samples.ts";
import { frechetBias, frechetDistance } from "./frechet.ts";
import type { Matrix } from "./matrix.ts";
import { type Moments, moments } from "./moments.ts";

/** Moments of a Gaussian with independent columns. */
function diagonalMoments(mean: readonly number[], deviation: readonly number[]): Moments {
  const d = mean.length;
  const covariance = new Float64Array(d * d);
  for (const [k, s] of deviation.entries()) covariance[k * d + k] = s * s;
  return { count: 100, mean: Float64Array.from(mean), covariance };
}

const trace = ({ mean: { length: d }, covariance }: Moments) =>
  covariance.reduce((sum, value, at) => (at % (d + 1) === 0 ? sum + value : sum), 0);

/** x mixed by a matrix of another rank: correlated columns, singular where the rank is small. */
function mixed(x: Matrix, columns: number): Matrix {
  const mix = gaussian(x.columns, columns, 9);
  const values = new Float64Array(x.rows * columns);
  for (let i = 0; i < x.rows; i++) {
    for (let r = 0; r < x.columns; r++) {
      for (let k = 0; k < columns; k++) {
        values[i * columns + k]! += x.values[i * x.columns + r]! * mix.values[r * columns + k]!;
      }
    }
  }
  return { rows: x.rows, columns, values };
}

describe("the Frechet distance", () => {
  test("of Gaussians with independent columns is that of means and deviations", () => {
    const a = diagonalMoments([0, 1, 2], [1, 0, 3]);
    const b = diagonalMoments([1, 1, 0], [2, 2, 0]);
    expect(frechetDistance(a, b)).toBeCloseTo(1 + 4 + 1 + 4 + 9, 12);
  });

  test.each([
    ["of full rank", mixed(gaussian(100, 24, 1), 24)],
    ["singular", mixed(gaussian(100, 5, 1), 24)],
    ["of fewer samples than columns", gaussian(10, 24, 1)],
    ["of one point", collapsed(50, 24)],
  ])("of a set to itself is 0: %s", (_, x) => {
    const own = moments(x);
    expect(Math.abs(frechetDistance(own, moments(shuffled(x))))).toBeLessThanOrEqual(1e-12 * (trace(own) + 1));
  });

  test("is symmetric, and the same after a rotation", () => {
    const [x, y] = [mixed(gaussian(80, 4, 1), 6), mixed(gaussian(90, 6, 2), 6)];
    const rotated = (m: Matrix): Matrix => {
      const values = Float64Array.from(m.values);
      for (let i = 0; i < values.length; i += 6) {
        for (let k = 0; k < 5; k++) {
          const [a, b] = [values[i + k]!, values[i + k + 1]!];
          values[i + k] = 0.6 * a - 0.8 * b;
          values[i + k + 1] = 0.8 * a + 0.6 * b;
        }
      }
      return { ...m, values };
    };
    const distance = frechetDistance(moments(x), moments(y));
    expect(frechetDistance(moments(y), moments(x))).toBeCloseTo(distance, 10);
    expect(frechetDistance(moments(rotated(x)), moments(rotated(y)))).toBeCloseTo(distance, 10);
  });

  test("of a collapsed generator is the trace and the squared distance of the means", () => {
    const [real, fake] = [moments(mixed(gaussian(100, 24, 1), 24)), moments(collapsed(100, 24))];
    const shift = real.mean.reduce((sum, value) => sum + (value - 0.3) ** 2, 0);
    expect(frechetDistance(real, fake)).toBeCloseTo(trace(real) + shift, 9);
  });

  test("of moments of different lengths is refused", () => {
    const [a, b] = [diagonalMoments([0], [1]), diagonalMoments([0, 0], [1, 1])];
    expect(() => frechetDistance(a, b)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: frechetDistance: expected moments of one length, got 1 and 2. Use the same features for both.]`,
    );
  });
});

describe("the bias of the Frechet distance", () => {
  test("for d columns of variance 1 and n samples is 2d/n + d(d + 1)/2n", () => {
    const d = 7;
    const unit = diagonalMoments(Array(d).fill(0), Array(d).fill(1));
    expect(frechetBias(unit, 50, 50)).toBeCloseTo((2 * d + (d * (d + 1)) / 2) / 50, 12);
  });

  test("is the mean distance of two draws of other sizes", () => {
    const deviation = (k: number) => [3, 2, 1, 1, 0.5, 0][k]!;
    const draws = 300;
    let sum = 0;
    for (let seed = 0; seed < draws; seed++) {
      const [a, b] = [gaussian(200, 6, 2 * seed, { deviation }), gaussian(500, 6, 2 * seed + 1, { deviation })];
      sum += frechetDistance(moments(a), moments(b));
    }
    const expected = frechetBias(diagonalMoments(Array(6).fill(0), [3, 2, 1, 1, 0.5, 0]), 200, 500);
    expect(sum / draws / expected).toBeGreaterThan(0.93);
    expect(sum / draws / expected).toBeLessThan(1.07);
  });
});
