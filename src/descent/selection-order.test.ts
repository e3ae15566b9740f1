import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SelectionContext, SelectionRule } from "../plan.ts";
import { cyclic, permutation } from "./selection-order.ts";
import { uniform } from "./selection-sampling.ts";
import { jacobi, layerwiseImportance } from "./selection-sets.ts";

const context: SelectionContext = {
  visit: 0,
  blockCount: 3,
  seed: 1,
  player: "generator",
  macs: [],
  sizes: [],
  norms: undefined,
  lipschitz: undefined,
  memory: new Float64Array(0),
};

const selections = (rule: SelectionRule, blockCount: number, count: number, seed = 1) =>
  Array.from({ length: count }, (_, visit) => rule.select({ ...context, visit, blockCount, seed }));

describe("the cyclic rule", () => {
  test("goes through the blocks in the order it is given", () => {
    expect(selections(cyclic(), 3, 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(selections(cyclic({ order: "descending" }), 3, 7)).toEqual([2, 1, 0, 2, 1, 0, 2]);
    expect(selections(cyclic({ order: [1, 0, 2] }), 3, 7)).toEqual([1, 0, 2, 1, 0, 2, 1]);
  });

  test.each([
    [3, [0, 1]],
    [3, [0, 1, 1]],
    [3, [1, 2, 3]],
    [1, []],
  ])("refuses for %i blocks the order %j, when it is checked and when it begins", (blockCount, order) => {
    const rule = cyclic({ order });
    expect(() => rule.check!(blockCount)).toThrow(/^order: expected/);
    expect(() => rule.select({ ...context, blockCount })).toThrow(/^order: expected/);
  });

  test("says what an order must hold", () => {
    expect(() => cyclic({ order: [0, 2, 2] }).check!(3)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: order: expected each of the blocks 0 to 2 once, got [0, 2, 2]. The number of blocks is that of the partition.]`,
    );
    expect(() => cyclic({ order: [1] }).check!(1)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: order: expected the only block, 0, once, got [1]. The number of blocks is that of the partition.]`,
    );
  });
});

describe("the permutation rule", () => {
  test("visits each block once a sweep", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (blockCount, seed) => {
        const visits = selections(permutation(), blockCount, 4 * blockCount, seed);
        for (let sweep = 0; sweep < 4; sweep++) {
          const sorted = visits.slice(sweep * blockCount, (sweep + 1) * blockCount).sort((a, b) => a - b);
          expect(sorted).toEqual([...sorted.keys()]);
        }
      }),
    );
  });

  test("draws an order for each sweep, all of them equally often", () => {
    const visits = selections(permutation(), 3, 3 * 6000);
    const counts = new Map<string, number>();
    for (let i = 0; i < visits.length; i += 3) {
      const order = visits.slice(i, i + 3).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(20.52); // the 0.999 quantile with 5 degrees of freedom
  });
});

/**
 * Sweeps in which exact coordinate descent divides f = x'Hx / 2 by e, H = (1 - c) I + c 11' with c = 0.99: the slope of ln f far from the start
 * (Sun and Ye 2021, whose worst case for the cyclic order it is).
 */
function sweepsPerEFold(rule: SelectionRule, n: number, sweeps: number): number {
  const c = 0.99;
  const x = Array.from({ length: n }, (_, i) => Math.sin(i + 1));
  let sum = x.reduce((a, b) => a + b, 0);
  const value = () => ((1 - c) * x.reduce((s, xi) => s + xi * xi, 0) + c * sum * sum) / 2;
  const slope = { from: 0 };
  for (let visit = 0; visit < sweeps * n; visit++) {
    if (visit === (sweeps * n) / 2) slope.from = Math.log(value());
    const i = rule.select({ ...context, visit, blockCount: n });
    const step = (1 - c) * x[i]! + c * sum; // H_ii = 1
    x[i]! -= step;
    sum -= step;
  }
  return sweeps / 2 / (slope.from - Math.log(value()));
}

describe("on the quadratic of Sun and Ye", () => {
  test("the cyclic order needs sweeps that grow with the square of n", () => {
    // -1 / (2 ln r), r the spectral radius of I - tril(H)^-1 H by numpy
    expect(Math.abs(sweepsPerEFold(cyclic(), 10, 4000) - 258)).toBeLessThan(1);
    expect(Math.abs(sweepsPerEFold(cyclic(), 20, 12_000) - 1003)).toBeLessThan(1);
    expect(Math.abs(sweepsPerEFold(cyclic({ order: "descending" }), 10, 4000) - 258)).toBeLessThan(1);
  });

  test.each([permutation(), uniform()])("the rule $name stays below 1 / (1 - c) = 100 sweeps whatever n", (rule) => {
    for (const n of [10, 20]) expect(sweepsPerEFold(rule, n, 2000)).toBeLessThan(100);
  });
});

describe("the layerwise importance rule", () => {
  test("has the first and the last block in every set, with each choice of those between", () => {
    expect(layerwiseImportance({ active: 2 }).sets!(5)).toEqual([
      [0, 1, 2, 4],
      [0, 1, 3, 4],
      [0, 2, 3, 4],
    ]);
    expect(layerwiseImportance({ active: 0 }).sets!(4)).toEqual([[0, 3]]);
    expect(layerwiseImportance({ active: 1 }).sets!(2)).toEqual([[0, 1]]);
    expect(layerwiseImportance({ active: 5 }).sets!(4)).toEqual([[0, 1, 2, 3]]);
  });

  test("has all sets there are, each once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 0, max: 3 }), (blockCount, active) => {
        const sets = layerwiseImportance({ active }).sets!(blockCount);
        expect(new Set(sets.map(String)).size).toBe(sets.length);
        const middle = Math.max(0, blockCount - 2);
        for (const set of sets) expect(set.length).toBe(Math.min(blockCount, 2) + Math.min(active, middle));
        const { score } = layerwiseImportance({ active });
        expect(score!({ ...context, blockCount }, 0)).toBeCloseTo(1 / sets.length, 12);
      }),
    );
  });

  test("selects every set equally often", () => {
    const visits = selections(layerwiseImportance(), 6, 6000);
    const counts = Array.from({ length: 6 }, (_, set) => visits.filter((visit) => visit === set).length);
    const chiSquare = counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(20.52); // the 0.999 quantile with 5 degrees of freedom
  });

  test("refuses more than 64 sets and says what would do", () => {
    expect(layerwiseImportance({ active: 2 }).sets!(13)).toHaveLength(55);
    const { check, sets } = layerwiseImportance({ active: 3 });
    expect(() => sets!(12)).toThrow(/^active: expected/);
    expect(() => check!(12)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: active: expected at most 64 sets of blocks, got 120: 3 of the 10 blocks between the first and the last. Choose an active of at most 2, or a partition into fewer blocks.]`,
    );
    expect(() => check!(100)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: active: expected at most 64 sets of blocks, got 152096: 3 of the 98 blocks between the first and the last. Choose an active of at most 0, or a partition into fewer blocks.]`,
    );
  });
});

test("the jacobi rule has one set of all blocks", () => {
  expect(jacobi().sets!(3)).toEqual([[0, 1, 2]]);
});
