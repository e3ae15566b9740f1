import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { averaged, ordered, sorted } from "./grouping.ts";

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const estimates = [5, 1, 8, 2, 7, 3];

/** Estimates, and a size that divides their number. */
const cases = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }))
  .chain(([size, count]) =>
    fc.tuple(
      fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: size * count, maxLength: size * count }),
      fc.constant(size),
    ),
  );

describe.each(Object.entries({ ordered, sorted, averaged }))("the grouping %s", (_, grouping) => {
  test("has every index once, in groups of the size", () => {
    fc.assert(
      fc.property(cases, ([values, size]) => {
        const groups = grouping(values, size);
        expect(groups.every((group) => group.length === size)).toBe(true);
        expect(groups.flat().sort((a, b) => a - b)).toEqual([...values.keys()]);
      }),
    );
  });

  test.each([0, 4, 2.5, 7, -1, Number.NaN])("refuses the size %f for 6 coordinates", (size) => {
    expect(() => grouping(estimates, size)).toThrow(/^group size: expected a divisor of 6/);
  });
});

test("ordered groups are neighbours", () => {
  expect(ordered(estimates, 2)).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
});

test("sorted groups have similar estimates: none of a group is larger than one of the group before", () => {
  expect(sorted(estimates, 2)).toEqual([
    [2, 4],
    [0, 5],
    [3, 1],
  ]);
  expect(sorted([1, 1, 1, 1], 2)).toEqual([
    [0, 1],
    [2, 3],
  ]);
  fc.assert(
    fc.property(cases, ([values, size]) => {
      const groups = sorted(values, size).map((group) => group.map((index) => values[index]!));
      for (const [i, group] of groups.slice(1).entries()) {
        expect(Math.max(...group)).toBeLessThanOrEqual(Math.min(...groups[i]!));
      }
    }),
  );
});

test("averaged groups mix: no two sums differ by more than the range of the estimates", () => {
  expect(averaged(estimates, 2)).toEqual([
    [2, 1],
    [4, 3],
    [0, 5],
  ]);
  fc.assert(
    fc.property(cases, ([values, size]) => {
      const sums = averaged(values, size).map((group) => sum(group.map((index) => values[index]!)));
      const range = Math.max(...values) - Math.min(...values);
      expect(Math.max(...sums) - Math.min(...sums)).toBeLessThanOrEqual(range + 1e-9);
    }),
  );
});

test("a wrong size is an error that says what would do", () => {
  expect(() => sorted(new Float32Array(12), 5)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: group size: expected a divisor of 12, the number of coordinates, got 5. Choose 4 or 6.]`,
  );
  expect(() => ordered(new Float32Array(12), 13)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: group size: expected a divisor of 12, the number of coordinates, got 13. Choose 12.]`,
  );
  expect(() => averaged(new Float32Array(12), 0)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: group size: expected a divisor of 12, the number of coordinates, got 0. Choose 1.]`,
  );
});
