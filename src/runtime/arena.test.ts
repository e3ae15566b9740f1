import { expect, test } from "vitest";
import { openArena } from "./arena.ts";

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
