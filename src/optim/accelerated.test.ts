import { expect, test } from "vitest";
import { lab } from "../conformance/lab.ts";
import { secondDifference } from "../conformance/linear-algebra.ts";
import { course } from "../conformance/minimisation-runs.ts";
import { quadratic } from "../conformance/problems.ts";
import { partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { accelerated } from "./accelerated.ts";
import { gradientStep } from "./gradient.ts";
import type { UpdateRule } from "./update-rule.ts";

const descent = (update: UpdateRule) => ({ partition: partitions.all(), select: cyclic(), update, learningRate: 0.25 });
const spec = (update: UpdateRule) => quadratic(secondDifference(4), [1, 2, -1, 0], [3, 1, -2, 5], descent(update));

test("is gradient descent for one block where all curvatures are equal", async () => {
  const fast = await course(lab, spec(accelerated({ strongConvexity: 1, blocks: 1 })), 10);
  const plain = await course(lab, spec(gradientStep()), 10);
  expect(fast.points).toEqual(plain.points);
});

test("evaluates the objective at the extrapolated point, not at the weights", async () => {
  const { metrics, points } = await course(lab, spec(accelerated({ strongConvexity: 0.1, blocks: 1 })), 3);
  const plain = await course(lab, spec(gradientStep()), 1, { start: points[2]! });
  expect(metrics[0]!.f).toBe((await course(lab, spec(gradientStep()), 1)).metrics[0]!.f);
  expect(metrics[2]!.f).not.toBeCloseTo(plain.metrics[0]!.f!, 6);
});

test("keeps one count for all blocks of a player", () => {
  const update = accelerated({ strongConvexity: 0.1, blocks: 4 });
  const plan = lab.plan([
    quadratic(secondDifference(4), [1, 2, -1, 0], [3, 1, -2, 5], {
      ...descent(update),
      partition: partitions.unit({}),
    }),
  ]);
  const states = plan.tensors.filter(({ name }) => name.includes("accelerated"));
  expect(states.map(({ name, shape }) => [name, shape])).toEqual([
    ["min/accelerated/count", []],
    ["min/x/entries/accelerated/w", [4]],
    ["min/x/entries/accelerated/t", [4]],
  ]);
});

test("refuses settings out of range", () => {
  expect(() => accelerated({ strongConvexity: 0, blocks: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: accelerated: expected a strongConvexity more than 0 and at most 1, got 0. It is the smallest curvature over the largest.]`,
  );
  expect(() => accelerated({ strongConvexity: 0.5, blocks: 1.5 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: accelerated: expected a whole number of blocks from 1 on, got 1.5.]`,
  );
});
