import { expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { stream } from "../random.ts";
import { checkComparable, checkSamples, someRows } from "./matrix.ts";

const x = { rows: 3, columns: 2, values: Float32Array.of(1, 2, 3, 4, 5, 6) };

test("some rows are different ones from all over the matrix, and the matrix itself where there are no more", () => {
  const long = { rows: 100, columns: 2, values: Float32Array.from({ length: 200 }, (_, i) => i) };
  const { rows, columns, values } = someRows(long, 50, stream(1, "rows"));
  expect({ rows, columns, length: values.length }).toEqual({ rows: 50, columns: 2, length: 100 });
  const firsts = Array.from({ length: 50 }, (_, i) => values[2 * i]!);
  expect(firsts.every((first, i) => first % 2 === 0 && values[2 * i + 1] === first + 1)).toBe(true);
  expect(new Set(firsts).size).toBe(50);
  expect(Math.abs(firsts.filter((first) => first < 100).length - 25)).toBeLessThan(12);
  expect(someRows(long, 50, stream(1, "rows"))).toEqual({ rows, columns, values });
  expect(someRows(x, 9, stream(1, "rows"))).toBe(x);
});

test("samples that cannot be measured are refused", () => {
  const broken = { ...x, values: Float32Array.of(1, 2, 3, Number.NaN, 5, 6) };
  const narrow = { rows: 2, columns: 1, values: Float32Array.of(1, 2) };
  expect(() => checkSamples("moments", x, 3)).not.toThrow();
  expect(() => checkSamples("moments", x, 4)).toThrow(ShapeError);
  expect(() => checkSamples("moments", x, 4)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: moments: expected at least 4 samples, got 3. Take more samples.]`,
  );
  expect(() => checkSamples("moments", { ...x, rows: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: moments: expected 2 rows of 2 numbers, got 6 numbers. Give rows x columns numbers, at least one column.]`,
  );
  expect(() => checkSamples("moments", broken)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: moments: expected finite numbers, got NaN in row 1, column 1. Has the generator diverged?]`,
  );
  expect(() => checkComparable("manifold", [x, narrow])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: manifold: expected sets of the same number of columns, got 2 and 1. Use the same features for all.]`,
  );
});
