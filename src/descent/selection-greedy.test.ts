import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SelectionContext, SelectionRule } from "../plan.ts";
import { bandit } from "./selection-bandit.ts";
import { gaussSouthwell, gaussSouthwellLipschitz, staleGreedy } from "./selection-greedy.ts";

const context: SelectionContext = {
  visit: 0,
  blockCount: 4,
  seed: 1,
  player: "generator",
  macs: [],
  sizes: [],
  norms: undefined,
  lipschitz: undefined,
  memory: new Float64Array(0),
};

test("the Gauss-Southwell rules select the largest, the lowest of equal ones", () => {
  const greedy = gaussSouthwell();
  const world = { ...context, norms: [1, 9, 9, 4], lipschitz: [0.1, 1, 0.9, 0.4] };
  expect(greedy.select(world)).toBe(1);
  expect(greedy.score!(world, 1)).toBe(3);
  expect(greedy.select({ ...world, norms: [0, 0, 0, 0] })).toBe(0);
  const scaled = gaussSouthwellLipschitz();
  expect(scaled.select(world)).toBe(0); // 10, 9, 10, 10
  expect(scaled.score!(world, 0)).toBe(10);
  expect(scaled.select({ ...world, lipschitz: [0.2, 1, 0.9, 0.4] })).toBe(2);
});

test("a block of which no curvature is known is as good as it gets, and without a gradient as bad", () => {
  const world = { ...context, blockCount: 3, norms: [0, 5, 1e-6], lipschitz: [0, 1, 0] };
  expect(gaussSouthwellLipschitz().select(world)).toBe(2);
  expect(gaussSouthwellLipschitz().score!(world, 2)).toBeLessThan(Number.POSITIVE_INFINITY);
  expect(gaussSouthwellLipschitz().score!(world, 0)).toBe(0);
});

const five = [0, 1, 2, 3, 4];
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const entries = (length: number) =>
  fc.array(
    // squares of smaller ones would be subnormal, and lose the digits by which they differ
    fc.double({ min: -2, max: 2, noNaN: true }).map((x) => (Math.abs(x) < 1e-6 ? 0 : x)),
    { minLength: length, maxLength: length },
  );

/** A'A + I / 10 of random A: positive definite. */
const quadratic = entries(25).map((a) =>
  five.map((i) => five.map((j) => sum(five.map((k) => a[5 * k + i]! * a[5 * k + j]!)) + (i === j ? 0.1 : 0))),
);

const times = (H: readonly number[][], x: readonly number[]) => H.map((row) => sum(row.map((h, j) => h * x[j]!)));
const valueAt = (H: readonly number[][], x: readonly number[]) => sum(times(H, x).map((hx, i) => hx * x[i]!)) / 2;

/** The decreases of x'Hx / 2 by an exact step of each coordinate, found by making it. */
function decreases(H: readonly number[][], x: readonly number[]): number[] {
  const g = times(H, x);
  return five.map(
    (i) =>
      valueAt(H, x) -
      valueAt(
        H,
        x.map((xi, j) => (i === j ? xi - g[i]! / H[i]![i]! : xi)),
      ),
  );
}

const worldOf = (H: readonly number[][], x: readonly number[]): SelectionContext => ({
  ...context,
  blockCount: 5,
  norms: times(H, x).map((g) => g * g),
  lipschitz: five.map((i) => H[i]![i]!),
});

describe("on a quadratic with exact steps", () => {
  const maxR = (world: SelectionContext) =>
    bandit({ refresh: 1, epsilon: 0 }).select({ ...world, memory: new Float64Array(11) });

  test("Gauss-Southwell-Lipschitz is the best coordinate, and so is max_r", () => {
    fc.assert(
      fc.property(quadratic, entries(5), (H, x) => {
        const world = worldOf(H, x);
        const all = decreases(H, x);
        const best = Math.max(...all);
        for (const chosen of [gaussSouthwellLipschitz().select(world), maxR(world)]) {
          expect(all[chosen]!).toBeGreaterThanOrEqual(best - 1e-12 * (1 + valueAt(H, x)));
        }
      }),
    );
  });

  test("Gauss-Southwell is at least the mean of the coordinates where all have one L", () => {
    fc.assert(
      fc.property(quadratic, entries(5), (A, x) => {
        const H = A.map((row, i) => row.map((h, j) => h / Math.sqrt(A[i]![i]! * A[j]![j]!)));
        const all = decreases(H, x);
        const slack = 1e-12 * (1 + valueAt(H, x));
        expect(all[gaussSouthwell().select(worldOf(H, x))]!).toBeGreaterThanOrEqual(sum(all) / 5 - slack);
      }),
    );
  });

  test("max_r without L is Gauss-Southwell, visit after visit", () => {
    fc.assert(
      fc.property(quadratic, fc.array(entries(5), { minLength: 1, maxLength: 6 }), (H, points) => {
        const memory = new Float64Array(11);
        const rule = bandit({ refresh: 1, epsilon: 0 });
        for (const [visit, x] of points.entries()) {
          const world = { ...worldOf(H, x), visit, memory, lipschitz: undefined };
          expect(rule.wantsNorms!(visit, 5)).toBe(true);
          const chosen = rule.select(world);
          const greedy = gaussSouthwell().select(world);
          // scaling to the units of decreases can make of nearly equal ones equal ones
          expect(world.norms![chosen]).toBeCloseTo(world.norms![greedy]!, 12);
          rule.observe!(world, chosen, 0.01 * world.norms![chosen]!);
        }
      }),
    );
  });

  test("a diagonal one is solved in as many steps as it has coordinates, each at least as good as 1 - mu_1 / L says", () => {
    const H = [1, 2, 5, 10, 4].map((h, i) => five.map((j) => (i === j ? h : 0)));
    const x = [3, -1, 2, 0.5, -2];
    const mu1 = 1 / (1 + 1 / 2 + 1 / 5 + 1 / 10 + 1 / 4);
    for (let step = 0; step < 5; step++) {
      const before = valueAt(H, x);
      x[gaussSouthwell().select(worldOf(H, x))] = 0;
      expect(valueAt(H, x)).toBeLessThanOrEqual((1 - mu1 / 10) * before);
    }
    expect(x).toEqual([0, 0, 0, 0, 0]);
  });
});

/** Selects and observes; the ages of blocks at the end are those since their last visit. */
function play(
  rule: SelectionRule,
  blockCount: number,
  visits: number,
  decrease: (block: number, visit: number) => number,
) {
  const world = { ...context, blockCount, memory: new Float64Array(2 * blockCount) };
  const ages = new Array<number>(blockCount).fill(0);
  const selected: number[] = [];
  let oldest = 0;
  for (let visit = 0; visit < visits; visit++) {
    const block = rule.select({ ...world, visit });
    selected.push(block);
    oldest = Math.max(oldest, ages[block]!);
    rule.observe!(world, block, decrease(block, visit));
    for (const other of ages.keys()) ages[other] = other === block ? 0 : ages[other]! + 1;
  }
  return { selected, oldest: Math.max(oldest, ...ages), memory: world.memory };
}

describe("stale greed", () => {
  test("begins with every block in order, then prefers the best", () => {
    const { selected, memory } = play(staleGreedy(), 3, 30, (block) => [0.1, 1, 0.2][block]!);
    expect(selected.slice(0, 4)).toEqual([0, 1, 2, 1]);
    expect(selected.slice(3).every((block) => block === 1)).toBe(true);
    expect([...memory.slice(0, 3)]).toEqual([0.1, 1, 0.2]);
    expect(staleGreedy().score!({ ...context, memory }, 2)).toBe(0.2);
  });

  test("returns to a block of a tenth of the decrease when rho^age is below a tenth", () => {
    const rho = 0.9;
    const age = Math.ceil(Math.log(10) / -Math.log(rho)); // 22
    const { selected } = play(staleGreedy({ staleness: rho }), 2, 2 + 2 * age, (block) => [1, 0.1][block]!);
    expect(selected.indexOf(1, 2)).toBe(1 + age + 1);
  });

  test("lets no block starve, whatever the decreases", () => {
    const decrease = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, 1e9, -1e9, 1e-9));
    const world = fc.array(decrease, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), world, fc.constantFrom(0.5, 0.9, 0.97), (blockCount, values, rho) => {
        const bound = Math.floor(Math.log(100) / -Math.log(rho)) + blockCount;
        const rule = staleGreedy({ staleness: rho });
        const { oldest } = play(
          rule,
          blockCount,
          4 * bound,
          (block, visit) => values[(7 * block + visit) % values.length]!,
        );
        expect(oldest).toBeLessThanOrEqual(bound);
      }),
    );
  });

  test("starves a block if the bonus falls with age, as r rho^age would have it", () => {
    const { selected } = play(staleGreedy(), 2, 1500, (block) => [1, 0][block]!);
    expect(selected.filter((block) => block === 1).length).toBe(4); // at 1, then after 460 visits each
    const [r, rho] = [[1, 0], 0.99];
    const ages = [0, 0];
    for (let visit = 0; visit < 1500; visit++) {
      const scores = r.map((value, block) => value * rho ** ages[block]!);
      const block = scores[1]! > scores[0]! ? 1 : 0;
      for (const other of ages.keys()) ages[other] = other === block ? 0 : ages[other]! + 1;
    }
    expect(ages[1]).toBe(1500);
  });
});
