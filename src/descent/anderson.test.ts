import { expect, test } from "vitest";
import { lab } from "../conformance/lab.ts";
import { secondDifference } from "../conformance/linear-algebra.ts";
import { course } from "../conformance/minimisation-runs.ts";
import { quadratic } from "../conformance/problems.ts";
import { gradientStep } from "../optim/gradient.ts";
import type { Descent } from "./descent.ts";
import { partitions } from "./partition.ts";
import { cyclic } from "./selection-order.ts";

const descent: Descent = {
  partition: partitions.unit({}),
  select: cyclic(),
  update: gradientStep(),
  learningRate: 0.25,
};
const spec = (more: Partial<Descent>) =>
  quadratic(secondDifference(4), [1, 2, -1, 0], [3, 1, -2, 5], { ...descent, ...more });
const points = async (more: Partial<Descent>, moves = 24) => (await course(lab, spec(more), moves)).points;

test("a history of one sweep has nothing to combine, and moves nothing", async () => {
  expect(await points({ anderson: 1 })).toEqual(await points({}));
});

test("moves nothing before the second sweep has ended, of as many visits as there are blocks", async () => {
  for (const hold of [1, 2]) {
    const [plain, fast] = [await points({ hold }), await points({ hold, anderson: 3 })];
    const sweep = 4 * hold;
    expect(fast.slice(0, 2 * sweep)).toEqual(plain.slice(0, 2 * sweep));
    expect(fast[2 * sweep]).not.toEqual(plain[2 * sweep]);
  }
});

test("stays where the sweep ended if the objective is not lower where it leads", async () => {
  // every sweep goes to the other side of the minimum and further away
  const wild = { learningRate: 1.5, partition: partitions.all() };
  const [plain, fast] = [await points(wild, 6), await points({ ...wild, anderson: 3 }, 6)];
  const f = (x: readonly number[]) => {
    const H = secondDifference(4);
    return x.reduce(
      (sum, xi, i) => sum + xi * (H[i]!.reduce((s, h, j) => s + h * x[j]!, 0) / 2 - [1, 2, -1, 0][i]!),
      0,
    );
  };
  for (const [k, x] of fast.entries()) expect(f(x)).toBeLessThanOrEqual(f(plain[k]!));
});

test("a restored training extrapolates like the one whose snapshot it got", async () => {
  const plan = lab.plan([spec({ anderson: 3 })]);
  const [first, second] = [await lab.trainer(plan), await lab.trainer(plan)];
  for (let k = 0; k < 10; k++) await first.iterate();
  const snapshot = await first.snapshot();
  first.restore(snapshot, 10); // a snapshot is float32
  second.restore(snapshot, 10);
  for (let k = 0; k < 10; k++) expect(await second.iterate()).toEqual(await first.iterate());
  expect(await second.snapshot()).toEqual(await first.snapshot());
});

test("refuses what is no number of sweeps, and replicas", () => {
  expect(() => lab.plan([spec({ anderson: -1 })])).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: min: anderson: expected a whole number of sweeps from 0 on, got -1.]`,
  );
  expect(() => lab.plan([spec({ anderson: 2 })], { replicas: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: min: anderson: an extrapolation is accepted by the objective of the whole batch, which 2 replicas do not share. Use one.]`,
  );
});
