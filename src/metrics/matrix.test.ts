import { expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { checkComparable, checkSamples, firstRows } from "./matrix.ts";

const x = { rows: 3, columns: 2, values: Float32Array.of(1, 2, 3, 4, 5, 6) };

test("the first rows share memory, and are all where there are no more", () => {
  expect(firstRows(x, 2)).toEqual({ rows: 2, columns: 2, values: Float32Array.of(1, 2, 3, 4) });
  expect(firstRows(x, 2).values.buffer).toBe(x.values.buffer);
  expect(firstRows(x, 9)).toEqual(x);
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
