import { describe, expect, test } from "vitest";
import { stream, word } from "../random.ts";
import type { Dataset } from "./dataset.ts";
import { imageDataset } from "./image-feed.ts";
import { grid, ring } from "./mixture.ts";
import { stackedDigits } from "./stacked.ts";

const noise = stream(5, "test images");
const digits = {
  name: "images",
  count: 7,
  height: 2,
  width: 3,
  pixels: Uint8Array.from({ length: 42 }, (_, i) => word(noise, 0, i)),
  labels: Uint8Array.from({ length: 7 }, (_, i) => i),
};

function batch(dataset: Dataset, seed: number, step: number, size: number): number[] {
  const out = new Float32Array(size * dataset.shape.reduce((product, n) => product * n, 1)).fill(Number.NaN);
  dataset.fill(seed, step, out);
  return [...out];
}

/** What every data set promises; a new one adds its line. */
describe.each([
  ["images", imageDataset(digits)],
  ["stacked digits", stackedDigits(digits)],
  ["ring", ring],
  ["grid", grid],
])("data set %s", (_, dataset) => {
  test("gives a batch that depends on seed and step alone, in whatever order it is asked", () => {
    const steps = [0, 1, 2, 3, 4, 5];
    const inOrder = steps.map((step) => batch(dataset, 1, step, 4));
    const backwards = steps.toReversed().map((step) => {
      batch(dataset, 2, step, 4);
      return batch(dataset, 1, step, 4);
    });
    expect(backwards.toReversed()).toEqual(inOrder);
  });

  test("gives the same batch whether it is filled whole or in parts", () => {
    const size = dataset.shape.reduce((product, n) => product * n, 1);
    for (const [parts, rows] of [
      [2, 3],
      [3, 2],
      [6, 1],
    ] as const) {
      const divided = Array.from({ length: parts }, (_, part) => {
        const out = new Float32Array(rows * size);
        dataset.fill(4, 9, out, part, parts);
        return [...out];
      });
      expect(divided.flat()).toEqual(batch(dataset, 4, 9, 6));
    }
  });

  test("gives other batches for other seeds and steps", () => {
    const batches = [batch(dataset, 1, 0, 16), batch(dataset, 2, 0, 16), batch(dataset, 1, 1, 16)];
    expect(new Set(batches.map(String)).size).toBe(3);
  });

  test("fills every value, with numbers of its range", () => {
    const values = batch(dataset, 3, 2, 50);
    expect(values.every(Number.isFinite)).toBe(true);
    if (dataset.range === "unit") expect(values.every((x) => x >= 0 && x <= 1)).toBe(true);
  });

  test("has a SHA-256 for a fingerprint", () => {
    expect(dataset.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test("refuses a batch of broken examples and a step that does not exist", () => {
    const whole = new Float32Array(36);
    expect(() => dataset.fill(1, 0, new Float32Array(13))).toThrow(/whole examples of \d+ values, got 13 values/);
    expect(() => dataset.fill(1, -1, whole)).toThrow(/non-negative integer, got -1/);
    expect(() => dataset.fill(1, 0.5, whole)).toThrow(/non-negative integer, got 0.5/);
    expect(() => dataset.fill(1, Number.NaN, whole)).toThrow(/non-negative integer, got NaN/);
  });
});
