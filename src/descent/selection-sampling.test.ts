import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SelectionContext, SelectionRule } from "../plan.ts";
import { costAware, importance, uniform } from "./selection-sampling.ts";

const context: SelectionContext = {
  visit: 0,
  blockCount: 5,
  seed: 1,
  player: "generator",
  macs: [1, 1, 1, 1, 1],
  sizes: [],
  norms: undefined,
  lipschitz: undefined,
  memory: new Float64Array(0),
};

/** How often each block is selected. */
function countsOf(rule: SelectionRule, world: SelectionContext, visits: number): number[] {
  const counts = new Array<number>(world.blockCount).fill(0);
  for (let visit = 0; visit < visits; visit++) counts[rule.select({ ...world, visit })]!++;
  return counts;
}

/** The probabilities by the scores of a rule. */
const probabilitiesOf = (rule: SelectionRule, world: SelectionContext) =>
  Array.from({ length: world.blockCount }, (_, block) => rule.score!(world, block));

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** The statistic of Pearson; with 4 degrees of freedom a chance of one in a thousand to exceed 18.47. */
function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const total = sum(counts);
  return sum(counts.map((n, i) => (n - total * probabilities[i]!) ** 2 / (total * probabilities[i]!)));
}

describe("the frequencies of blocks", () => {
  test("are equal under the uniform rule", () => {
    const counts = countsOf(uniform(), context, 20_000);
    expect(chiSquare(counts, [0.2, 0.2, 0.2, 0.2, 0.2])).toBeLessThan(18.47);
  });

  test("are the reported probabilities under the importance rule", () => {
    const world = { ...context, lipschitz: [0.1, 3, 1, 0, 2] };
    const probabilities = probabilitiesOf(importance(), world);
    expect(chiSquare(countsOf(importance(), world, 20_000), probabilities)).toBeLessThan(18.47);
  });

  test("of a sampler that favours a block by a tenth do not pass for equal", () => {
    const counts = countsOf(importance({ floor: 0 }), { ...context, lipschitz: [1.1, 1, 1, 1, 1] }, 20_000);
    expect(chiSquare(counts, [0.2, 0.2, 0.2, 0.2, 0.2])).toBeGreaterThan(18.47);
  });
});

const constants = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 });

describe("the importance rule", () => {
  test("selects in proportion to L^a, with a part shared equally", () => {
    const world = { ...context, blockCount: 3, lipschitz: [1, 4, 0] };
    const probabilities = probabilitiesOf(importance({ exponent: 0.5, floor: 0.3 }), world);
    const expected = [0.7 / 3 + 0.1, 1.4 / 3 + 0.1, 0.1];
    for (const [i, p] of expected.entries()) expect(probabilities[i]).toBeCloseTo(p, 14);
  });

  test("has probabilities that sum to 1 and keep the floor", () => {
    fc.assert(
      fc.property(constants, fc.double({ min: 0, max: 2, noNaN: true }), (lipschitz, exponent) => {
        const world = { ...context, blockCount: lipschitz.length, lipschitz };
        const probabilities = probabilitiesOf(importance({ exponent }), world);
        expect(sum(probabilities)).toBeCloseTo(1, 12);
        expect(Math.min(...probabilities)).toBeGreaterThanOrEqual((0.1 - 1e-12) / lipschitz.length);
      }),
    );
  });

  test("is uniform for the exponent 0, and where nothing is known", () => {
    const world = { ...context, lipschitz: [1, 2, 3, 4, 0] };
    for (const p of probabilitiesOf(importance({ exponent: 0 }), world)) expect(p).toBeCloseTo(0.2, 15);
    for (const p of probabilitiesOf(importance(), { ...world, lipschitz: [0, 0, 0, 0, 0] }))
      expect(p).toBeCloseTo(0.2, 15);
  });

  test("never selects a block of probability 0", () => {
    const world = { ...context, lipschitz: [0, 1, 0, 2, 0] };
    const counts = countsOf(importance({ floor: 0 }), world, 2000);
    expect(counts.filter((n) => n > 0)).toEqual([counts[1], counts[3]]);
  });

  test("with L = diag(H) and exact steps decreases x'Hx / 2 by |g|^2 / (2 tr H), and e to (I - H / tr H) e, on average", () => {
    const factor = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 16, maxLength: 16 });
    const point = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(factor, point, (a, x) => {
        const four = [0, 1, 2, 3];
        // A'A + I, so that no diagonal element is 0
        const H = four.map((i) =>
          four.map((j) => sum(four.map((k) => a[4 * k + i]! * a[4 * k + j]!)) + (i === j ? 1 : 0)),
        );
        const diagonal = four.map((i) => H[i]![i]!);
        const g = H.map((row) => sum(row.map((h, j) => h * x[j]!)));
        const p = probabilitiesOf(importance({ floor: 0 }), { ...context, blockCount: 4, lipschitz: diagonal });

        const decrease = sum(four.map((i) => (p[i]! * g[i]! ** 2) / (2 * diagonal[i]!)));
        expect(decrease).toBeCloseTo(sum(g.map((gi) => gi * gi)) / (2 * sum(diagonal)), 10);

        for (const i of four)
          expect(x[i]! - p[i]! * (g[i]! / diagonal[i]!)).toBeCloseTo(x[i]! - g[i]! / sum(diagonal), 10);
      }),
    );
  });
});

describe("the cost-aware rule", () => {
  const start = () => ({ ...context, blockCount: 3, macs: [1, 2, 4], memory: new Float64Array(6) });

  test("visits every block once, in order, then prefers the cheap ones of equal gain", () => {
    const world = start();
    const rule = costAware();
    for (let visit = 0; visit < 3; visit++) {
      const block = rule.select({ ...world, visit });
      expect([block, rule.score!(world, block)]).toEqual([visit, 1]);
      rule.observe!(world, block, 5);
    }
    const probabilities = probabilitiesOf(rule, world);
    const expected = [4 / 7, 2 / 7, 1 / 7].map((share) => 0.5 * share + 0.5 / 3);
    for (const [i, p] of expected.entries()) expect(probabilities[i]).toBeCloseTo(p, 14);
    const [cheap, middle, dear] = countsOf(rule, world, 3000);
    expect(cheap!).toBeGreaterThan(middle!);
    expect(middle!).toBeGreaterThan(dear!);
  });

  test("does not count what a block made worse, and is uniform where nothing helps", () => {
    const world = start();
    const rule = costAware();
    for (const [block, decrease] of [1, -1, 0].entries()) rule.observe!(world, block, decrease);
    const probabilities = probabilitiesOf(rule, world);
    for (const [i, p] of [4 / 6, 1 / 6, 1 / 6].entries()) expect(probabilities[i]).toBeCloseTo(p, 15);
    for (let i = 0; i < 50; i++) rule.observe!(world, 0, -1);
    for (const p of probabilitiesOf(rule, world)) expect(p).toBeCloseTo(1 / 3, 15);
  });

  test("averages with weights that fall by the discount", () => {
    const world = start();
    const rule = costAware({ discount: 0.5 });
    for (const decrease of [1, 2, 4]) rule.observe!(world, 1, decrease);
    expect(world.memory[1]).toBeCloseTo((1 * 0.25 + 2 * 0.5 + 4) / 1.75, 14);
    expect(world.memory[0]).toBe(0);
  });
});
