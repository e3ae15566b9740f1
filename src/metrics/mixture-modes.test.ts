import { expect, test } from "vitest";
import { collapsed } from "../../test/support/samples.ts";
import { grid, type Mixture, ring } from "../data/mixture.ts";
import type { Matrix } from "./matrix.ts";
import { mixtureModes } from "./mixture-modes.ts";

function draw(mixture: Mixture, count: number, seed: number): Matrix {
  const values = new Float32Array(2 * count);
  mixture.fill(seed, 0, values);
  return { rows: count, columns: 2, values };
}

test.each([ring, grid])("true points of the $name: all modes, even shares, spread 1", (mixture) => {
  const n = 20_000;
  const found = mixtureModes(draw(mixture, n, 1), mixture, draw(mixture, n, 2));
  const K = mixture.centres.length;
  expect(found.modes).toBe(K);
  expect(found.highQuality).toBeCloseTo(1 - Math.exp(-4.5), 2);
  expect(found.kl / ((K - 1) / (2 * n))).toBeGreaterThan(0.3);
  expect(found.kl / ((K - 1) / (2 * n))).toBeLessThan(2.5);
  expect(found.spread.mean).toBeCloseTo(1, 1.8);
  expect(found.spread.least).toBeGreaterThan(0.93);
  expect(found.spread.largest).toBeLessThan(1.07);
  expect(found.worstShare).toBeGreaterThan(0.85);
  expect(found.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  expect(found.slicedDistance).toBeLessThan(0.2);
});

test("one Gaussian alone, of half the width: one mode, ln K, spread 1/2", () => {
  const [x, y] = ring.centres[3]!;
  const values = draw(ring, 4000, 1).values.map(() => 0);
  for (const [i, [a, b]] of pairsOf(draw(grid, 4000, 1)).entries()) {
    // a true point about its own centre, which is at even numbers
    values[2 * i] = x + (0.5 * (a - 2 * Math.round(a / 2)) * ring.deviation) / grid.deviation;
    values[2 * i + 1] = y + (0.5 * (b - 2 * Math.round(b / 2)) * ring.deviation) / grid.deviation;
  }
  const found = mixtureModes({ rows: 4000, columns: 2, values }, ring, draw(ring, 4000, 2));
  expect(found).toMatchObject({ modes: 1, highQuality: 1, worstShare: 0, kl: expect.closeTo(Math.log(8), 12) });
  expect(found.spread.mean).toBeCloseTo(0.5 / Math.sqrt(1 - 4.5 / (Math.exp(4.5) - 1)), 1.7);
});

const pairsOf = ({ rows, values }: Matrix) =>
  Array.from({ length: rows }, (_, i) => [values[2 * i]!, values[2 * i + 1]!] as const);

test("points within three deviations count, others do not", () => {
  const mixture = {
    centres: [
      [0, 0],
      [10, 0],
    ] as const,
    deviation: 1,
  };
  const values = Float64Array.of(2.9, 0, 3.1, 0, 10, -2.9, 10, 0, 5, 0);
  const found = mixtureModes({ rows: 5, columns: 2, values }, mixture, {
    rows: 1,
    columns: 2,
    values: Float64Array.of(0, 0),
  });
  expect(found).toMatchObject({ highQuality: 3 / 5, modes: 2, shares: [1 / 3, 2 / 3], worstShare: 2 / 3 });
});

test("a collapsed generator: finite, and the worst there is", () => {
  expect(mixtureModes(collapsed(100, 2), ring, draw(ring, 100, 1))).toMatchObject({
    highQuality: 0,
    modes: 0,
    kl: Math.log(8),
    spread: { mean: 0, least: 0, largest: 0 },
    worstShare: 0,
  });
});
