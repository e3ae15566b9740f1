import { expect, test } from "vitest";
import { gaussian, rowsAt, shuffled } from "../../test/support/samples.ts";
import { slicedDistance } from "./sliced-distance.ts";

const x = gaussian(500, 2, 1);

test("points moved by v are |v| / sqrt 2 away", () => {
  const moved = { ...x, values: x.values.map((value, at) => value + [3, 4][at % 2]!) as Float64Array };
  expect(slicedDistance(x, moved)).toBeCloseTo(5 / Math.SQRT2, 12);
});

test("points twice as far from 0 are at the root mean square of the projections", () => {
  const doubled = { ...x, values: x.values.map((value) => 2 * value) as Float64Array };
  const square = x.values.reduce((sum, value) => sum + value ** 2, 0) / 500;
  expect(slicedDistance(x, doubled)).toBeCloseTo(Math.sqrt(square / 2), 12);
});

test("order and repetition do not matter: quantiles do", () => {
  const thrice = rowsAt(
    x,
    [...Array(1500).keys()].map((i) => i % 500),
  );
  expect(slicedDistance(shuffled(x), thrice)).toBeCloseTo(0, 12);
  const y = gaussian(300, 2, 2);
  expect(slicedDistance(thrice, y)).toBeCloseTo(slicedDistance(y, x), 12);
});

test("points elsewhere than in the plane are refused", () => {
  const y = gaussian(5, 3, 1);
  expect(() => slicedDistance(y, y)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: slicedDistance: expected points in the plane, got 3 columns. Use kernelDistance?]`,
  );
});
