import { describe, expect, test } from "vitest";
import { normal, stream } from "../random.ts";
import { comparePaired } from "./comparison.ts";

/** Figures of n runs. */
const runs = (n: number, seed: number, mean = 0) =>
  Array.from({ length: n }, (_, i) => mean + normal(stream(seed, "test/runs"), 0, i));

describe("a comparison", () => {
  test("finds no difference between draws of one distribution about 19 times of 20", () => {
    const draws = [...Array(100).keys()];
    const claims = draws.filter((seed) => {
      const { verdict } = comparePaired(runs(10, 2 * seed), runs(10, 2 * seed + 1), { better: "lower" });
      return verdict !== "no difference";
    });
    expect(claims.length / draws.length).toBeLessThan(0.1);
    expect(claims.length).toBeGreaterThan(0);
  });

  test.each([10, 20])("finds a difference of three deviations with %i pairs, whichever way is better", (n) => {
    const [low, high] = [runs(n, 1), runs(n, 2, 3)];
    expect(comparePaired(high, low, { better: "lower" }).verdict).toBe("better");
    expect(comparePaired(high, low, { better: "higher" }).verdict).toBe("worse");
    expect(comparePaired(low, high, { better: "lower" }).verdict).toBe("worse");
    const { difference, interval, p } = comparePaired(low, high, { better: "higher" });
    expect(interval[0]).toBeLessThan(difference);
    expect(interval[1]).toBeGreaterThan(difference);
    expect(p).toBeLessThan(0.01);
  });

  test("has p = 2 / 2^n where all of n differences have one sign, so that five pairs claim nothing", () => {
    const baseline = [1, 2, 3, 4, 5, 6];
    const candidate = baseline.map((x, i) => x - 0.5 - i / 10);
    expect(comparePaired(baseline, candidate, { better: "lower" })).toMatchObject({ p: 2 / 64, verdict: "better" });
    const five = comparePaired(baseline.slice(1), candidate.slice(1), { better: "lower" });
    expect(five).toMatchObject({ p: 2 / 32, verdict: "no difference" });
  });

  test("of equal runs finds nothing, of a constant difference that difference", () => {
    const none = comparePaired([1, 2, 3], [1, 2, 3], { better: "lower" });
    expect(none).toEqual({ difference: 0, interval: [0, 0], p: 1, verdict: "no difference" });
    const all = comparePaired(Array(8).fill(1), Array(8).fill(3), { better: "lower" });
    expect(all).toEqual({ difference: 2, interval: [2, 2], p: 2 / 256, verdict: "worse" });
  });

  test("refuses runs without a partner, single ones and failed ones", () => {
    expect(() => comparePaired([1, 2], [1], { better: "lower" })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: comparePaired: expected finite figures of at least two pairs of runs, got [1,2] and [1]. Give a run that failed the figure of noise.]`,
    );
    expect(() => comparePaired([1], [1], { better: "lower" })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: comparePaired: expected finite figures of at least two pairs of runs, got [1] and [1]. Give a run that failed the figure of noise.]`,
    );
    expect(() => comparePaired([1, 2], [1, Infinity], { better: "lower" })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: comparePaired: expected finite figures of at least two pairs of runs, got [1,2] and [1,Infinity]. Give a run that failed the figure of noise.]`,
    );
  });
});
