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
  const need = { tensors: 2e9, arena: 1e9, checkpoints: 1e9, programs: 3e9, data: 0, rest: 2e8 };
  expect(() => checkMemory(need, 7e9)).not.toThrow();
  expect(() => checkMemory(need, 6e9)).toThrow(ConfigError);
  expect(() => checkMemory(need, 6e9)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: memory: expected at most 6,000 MB, which this process may have, got a training of about 6,200 MB: tensors 2,000 MB, programs 3,000 MB, checkpoints 1,000 MB, everything else 200 MB. Use a smaller batch or smaller networks.]`,
  );
  expect(() => checkMemory({ ...need, data: 1e9 }, 7e9)).toThrow(/about 7,200 MB: .*, data 1,000 MB, everything else/);
  expect(() => checkMemory(needOf(64))).not.toThrow();
});

test("tensors for which kernels have no addresses are refused, whatever the machine has", () => {
  const wide = (hidden: number[]) =>
    memoryNeed(planOf(configure(presets.default.config, [["generator.hidden", hidden]]), digits));
  expect(() => checkMemory(wide([20_000, 5000]), Number.POSITIVE_INFINITY)).not.toThrow();
  expect(() => checkMemory(wide([20_000, 7000]), Number.POSITIVE_INFINITY)).toThrow(ConfigError);
  expect(() => checkMemory(wide([20_000, 7000]), Number.POSITIVE_INFINITY)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: memory: expected at most 4,295 MB of tensors, which WebAssembly can address, got 5,909 MB. Use a smaller batch or smaller networks, or a GPU (\`--device webgpu\`).]`,
  );
});

test("on a GPU, where there are no kernels, no such limit holds", () => {
  const settings = [
    ["generator.hidden", [20_000, 7000]],
    ["device", "webgpu"],
  ] as const;
  const need = memoryNeed(planOf(configure(presets.default.config, settings), digits));
  expect(need.arena).toBe(0);
  expect(() => checkMemory(need, Number.POSITIVE_INFINITY)).not.toThrow();
});

test("tensors count as often as there are any: what a round replaces several times, three times", () => {
  const need = (innerSteps: number) =>
    memoryNeed(planOf(configure(presets.source.config, [["descent.innerSteps", innerSteps]]), digits));
  expect(need(2).tensors - need(1).tensors).toBeGreaterThan(4 * 240_000);
});
