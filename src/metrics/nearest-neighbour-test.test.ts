import { expect, test } from "vitest";
import { collapsed, gaussian, rowsAt } from "../../test/support/samples.ts";
import { nearestNeighbourTest } from "./nearest-neighbour-test.ts";

test("two draws of one distribution are told apart half of the time", () => {
  const { accuracy, real, fake } = nearestNeighbourTest(gaussian(1000, 3, 1), gaussian(1000, 3, 2));
  expect(Math.abs(accuracy - 0.5)).toBeLessThan(0.04);
  expect((real + fake) / 2).toBeCloseTo(accuracy, 12);
});

test("sets that are apart are told apart always", () => {
  const far = gaussian(80, 3, 2, { mean: () => 50 });
  expect(nearestNeighbourTest(gaussian(100, 3, 1), far)).toEqual({ accuracy: 1, real: 1, fake: 1 });
});

test("a copy of the real samples is mistaken for them always", () => {
  const x = gaussian(100, 3, 1);
  expect(nearestNeighbourTest(x, x)).toEqual({ accuracy: 0, real: 0, fake: 0 });
});

test("a collapsed generator gives itself away", () => {
  expect(nearestNeighbourTest(gaussian(100, 3, 1), collapsed(100, 3)).fake).toBe(1);
});

test("a sample as near to one kind as to the other counts half", () => {
  const x = rowsAt(
    gaussian(20, 3, 1),
    [...Array(40).keys()].map((i) => i % 20),
  );
  expect(nearestNeighbourTest(x, x)).toEqual({ accuracy: 0.5, real: 0.5, fake: 0.5 });
});
