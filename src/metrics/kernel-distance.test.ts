import { describe, expect, test } from "vitest";
import { collapsed, gaussian, shuffled } from "../../test/support/samples.ts";
import { kernelDistance } from "./kernel-distance.ts";
import type { Matrix } from "./matrix.ts";

/** The U-statistic as it is defined, pair by pair. */
function byPairs(x: Matrix, y: Matrix): number {
  const mean = (a: Matrix, b: Matrix) => {
    let [sum, pairs] = [0, 0];
    for (let i = 0; i < a.rows; i++) {
      for (let j = 0; j < b.rows; j++) {
        if (a === b && i === j) continue;
        let product = 0;
        for (let k = 0; k < a.columns; k++) product += a.values[i * a.columns + k]! * b.values[j * b.columns + k]!;
        sum += (product / a.columns + 1) ** 3;
        pairs++;
      }
    }
    return sum / pairs;
  };
  return mean(x, x) + mean(y, y) - 2 * mean(x, y);
}

describe("the kernel distance", () => {
  test.each([
    [3, 5, 1],
    [57, 41, 6],
    [130, 200, 13],
  ])("of %i and %i samples of %i features is the mean over pairs", (m, n, d) => {
    const [x, y] = [gaussian(m, d, 1), gaussian(n, d, 2, { mean: () => 0.3 })];
    const { value } = kernelDistance(x, y);
    expect(value).toBeCloseTo(byPairs(x, y), 9);
    expect(kernelDistance(y, x).value).toBeCloseTo(value, 10);
    expect(kernelDistance(shuffled(x), y).value).toBeCloseTo(value, 10);
  });

  test("of two draws of one distribution is 0 on average, and the interval has 0 in it", () => {
    let [sum, squares, covered] = [0, 0, 0];
    const draws = 200;
    for (let seed = 0; seed < draws; seed++) {
      const { value, interval } = kernelDistance(gaussian(60, 4, 2 * seed), gaussian(60, 4, 2 * seed + 1));
      sum += value;
      squares += value ** 2;
      if (interval[0] <= 0 && interval[1] >= 0) covered++;
    }
    expect(Math.abs(sum)).toBeLessThan(3 * Math.sqrt(squares)); // three standard errors
    expect(covered / draws).toBeGreaterThan(0.92);
  });

  test("has the true distance in its interval about as often as it says", () => {
    // N(0, 1) and N(1, 1) in one dimension: E (ab + 1)^3 is 1 + 3 E ab + 3 E a^2 E b^2 + E a^3 E b^3, with moments 0, 1, 0 and 1, 2, 4
    const truth = 4 + (1 + 3 + 12 + 16) - 2 * (1 + 6);
    let covered = 0;
    const draws = 200;
    for (let seed = 0; seed < draws; seed++) {
      const shifted = gaussian(150, 1, 2 * seed + 1, { mean: () => 1 });
      const { interval } = kernelDistance(gaussian(150, 1, 2 * seed), shifted);
      if (interval[0] <= truth && truth <= interval[1]) covered++;
    }
    expect(covered / draws).toBeGreaterThan(0.87);
    expect(covered / draws).toBeLessThan(1);
  });

  test("of a collapsed generator is finite and far from 0", () => {
    const { value, interval } = kernelDistance(gaussian(200, 4, 1), collapsed(200, 4));
    expect(interval[0]).toBeGreaterThan(0.5);
    expect(value).toBeLessThan(10);
    expect(kernelDistance(collapsed(50, 4), collapsed(50, 4)).value).toBeCloseTo(0, 12);
  });
});
