import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { configure } from "./config.ts";
import { checkMemory, memoryNeed } from "./memory-need.ts";
import { planOf } from "./model.ts";
import { presets } from "./presets.ts";

const digits = { shape: [1, 28, 28], range: "unit" } as const;
const needOf = (batch: number) => memoryNeed(planOf(configure(presets.source.config, [["batch", batch]]), digits));

test("what a training needs grows with the batch, its checkpoints do not", () => {
  const [small, large] = [needOf(64), needOf(640)];
  expect(large.programs).toBeGreaterThan(9 * small.programs);
  expect(large.checkpoints).toBe(small.checkpoints);
  // G has 100-128-256-784, D 784-256-128-1 and two moments for each weight of D
  const [G, D] = [247_056, 234_113];
  expect(small.checkpoints / 8).toBeGreaterThan(G + 3 * D - 1000);
  expect(small.checkpoints / 8).toBeLessThan(G + 3 * D + 1000);
});

test("a training that does not fit is refused with the numbers", () => {
  const need = { tensors: 2e9, checkpoints: 1e9, programs: 3e9, rest: 2e8 };
  expect(() => checkMemory(need, 7e9)).not.toThrow();
  expect(() => checkMemory(need, 6e9)).toThrow(ConfigError);
  expect(() => checkMemory(need, 6e9)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: memory: expected at most 6,000 MB, which this process may have, got a training of about 6,200 MB: tensors 2,000 MB, programs 3,000 MB, checkpoints 1,000 MB, everything else 200 MB. Use a smaller batch or smaller networks.]`,
  );
  expect(() => checkMemory(needOf(64))).not.toThrow();
});
