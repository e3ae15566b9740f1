import { expect, test } from "vitest";
import { collapsed, gaussian } from "../../test/support/samples.ts";
import { diversity } from "./diversity.ts";

test("normal points of the line are 2 / sqrt pi apart on average", () => {
  expect(diversity(gaussian(20_000, 1, 1))).toBeCloseTo(2 / Math.sqrt(Math.PI), 1.5);
});

test("one answer has none, two answers are as far apart as they are", () => {
  expect(diversity(collapsed(20, 3))).toBe(0);
  expect(diversity({ rows: 2, columns: 2, values: Float32Array.of(0, 0, 3, 4) })).toBe(5);
});

test("the seed chooses the pairs", () => {
  const x = gaussian(50, 2, 1);
  expect(diversity(x, 1)).toBe(diversity(x, 1));
  expect(diversity(x, 1)).not.toBe(diversity(x, 2));
});
