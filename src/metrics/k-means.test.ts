import { expect, test } from "vitest";
import { collapsed, gaussian } from "../../test/support/samples.ts";
import { pointsOf } from "./distances.ts";
import { cellsOf, kMeans } from "./k-means.ts";

/** Row i around the corner i mod 4 of a square of side 10. */
const corners = gaussian(200, 2, 1);
for (let i = 0; i < 200; i++) {
  corners.values[2 * i]! += 10 * (i & 1);
  corners.values[2 * i + 1]! += 5 * (i & 2);
}

test("clouds that are apart are the cells, and their means the centres", () => {
  const centres = kMeans(corners, 4, 0);
  const cells = cellsOf(pointsOf(corners), centres);
  for (let i = 4; i < 200; i++) expect(cells[i]).toBe(cells[i % 4]);
  expect(new Set(cells).size).toBe(4);
  const mean = corners.values.reduce((sum, x, at) => (at % 8 === 0 ? sum + x / 50 : sum), 0);
  expect(centres.values[2 * cells[0]!]).toBeCloseTo(mean, 12);
});

test("the same seed gives the same centres, another seed others", () => {
  const x = gaussian(100, 2, 1);
  expect(kMeans(x, 5, 1)).toEqual(kMeans(x, 5, 1));
  expect(kMeans(x, 5, 1)).not.toEqual(kMeans(x, 5, 2));
});

test("equal rows, and fewer rows than cells, have finite centres", () => {
  expect(kMeans(collapsed(10, 2), 3, 0).values.every((value) => Math.abs(value - 0.3) < 1e-12)).toBe(true);
  expect(kMeans(corners, 500, 0).rows).toBe(200);
});
