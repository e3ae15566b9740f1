import { expect, test } from "vitest";
import { mannWhitney } from "./mann-whitney.ts";

const z = (x: readonly number[], y: readonly number[]) => mannWhitney(Float64Array.from(x), Float64Array.from(y));

test("z is that worked out by hand, with and without ties", () => {
  // U = 0, mean 4.5, variance 9 / 12 x 7
  expect(z([1, 2, 3], [4, 5, 6])).toBeCloseTo(-4.5 / Math.sqrt(5.25), 12);
  // pairs won 1 + 2 halves of 4, mean 2, variance 4 / 12 x (5 - 6 / 12)
  expect(z([2, 3], [1, 2])).toBeCloseTo(1.5 / Math.sqrt(1.5), 12);
});

test("z changes its sign with the samples exchanged, and is 0 for equal ones", () => {
  const [x, y] = [
    [3, 1, 4, 1, 5],
    [9, 2, 6, 5, 3, 5],
  ];
  expect(z(x, y)).toBeCloseTo(-z(y, x), 12);
  expect(z(x, x)).toBe(0);
  expect(z([0, 0], [0, 0, 0])).toBe(0);
  expect(z([], [1])).toBe(0);
});
