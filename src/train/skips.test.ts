import { expect, test } from "vitest";
import { noSkips, tooMany, withSkip } from "./skips.ts";

const skipping = (steps: readonly number[]) => steps.reduce(withSkip, noSkips);
const every = (gap: number, count: number) => Array.from({ length: count }, (_, i) => gap * (i + 1));

test("five skipped iterations in a row are too many, four again and again are not", () => {
  expect(tooMany(skipping([7, 8, 9, 10]))).toBeUndefined();
  expect(tooMany(skipping([7, 8, 9, 10, 11]))).toBe("5 iterations in a row");
  expect(tooMany(skipping([7, 8, 9, 10, 12, 13, 14, 15]))).toBeUndefined();
});

test("more than one in a hundred of a thousand are too many, and what is older does not count", () => {
  expect(tooMany(skipping(every(99, 10)))).toBeUndefined();
  expect(tooMany(skipping(every(99, 11)))).toBe("11 of the last 1000 iterations");
  expect(tooMany(skipping(every(100, 200)))).toBeUndefined();
});

test("what a checkpoint holds of them does not grow", () => {
  const { unlogged, recent } = skipping(every(100, 5000));
  expect([unlogged, recent.length]).toEqual([5000, 10]);
});
