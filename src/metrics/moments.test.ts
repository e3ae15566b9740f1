import { expect, test } from "vitest";
import { moments } from "./moments.ts";

test("mean and covariance are those worked out by hand, with the divisor n - 1", () => {
  const { count, mean, covariance } = moments({ rows: 3, columns: 2, values: Float32Array.of(1, 0, 2, 4, 6, 2) });
  expect(count).toBe(3);
  expect([...mean]).toEqual([3, 2]);
  expect([...covariance]).toEqual([7, 1, 1, 4]);
});

test("a large mean costs no digits", () => {
  const values = Float64Array.of(1, 0, 2, 4, 6, 2).map((x) => x + 2 ** 40);
  expect([...moments({ rows: 3, columns: 2, values }).covariance]).toEqual([7, 1, 1, 4]);
});
