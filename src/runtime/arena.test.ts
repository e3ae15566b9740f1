import { expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { arenaBytes, openArena } from "./arena.ts";

test("a tensor knows whether its numbers are finite, wherever one is not, and nothing of what lies behind it", () => {
  const lengths = [1, 3, 15, 16, 17, 31, 64, 100];
  const next = openArena(lengths.map((length) => [length]));
  const tensors = lengths.map((length) => next([length]));
  for (const { arena, values } of tensors) new Float32Array(arena.memory.buffer, values.byteOffset).fill(Number.NaN);
  for (const tensor of tensors) tensor.write((values) => values.fill(-3.4e38)); // their sum is infinite
  for (const tensor of tensors) {
    expect(tensor.isFinite()).toBe(true);
    for (const [i, before] of tensor.values.entries()) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        tensor.values[i] = value;
        expect(tensor.isFinite(), `${value} at ${i} of ${tensor.values.length}`).toBe(false);
      }
      tensor.values[i] = before;
    }
    expect(tensor.isFinite()).toBe(true);
  }
});

test("tensors for which WebAssembly has no addresses are refused before any is made", () => {
  const whole = [[2 ** 29], [2 ** 29 - 16_384]];
  expect(arenaBytes(whole)).toBe(2 ** 32);
  expect(arenaBytes([...whole, [1]])).toBe(2 ** 32 + 64);
  expect(() => openArena([...whole, [1]])).toThrow(ConfigError);
  expect(() => openArena([[20_000, 70_000], [3]])).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: memory: expected at most 4,295 MB of tensors, which WebAssembly can address, got 5,601 MB. Use a smaller batch or smaller networks, or a GPU (\`--device webgpu\`).]`,
  );
});
