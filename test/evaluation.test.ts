import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadMnist } from "../src/data/mnist.ts";
import { drawDigit } from "../src/data/strokes.ts";
import { ShapeError } from "../src/errors.ts";
import { classify } from "../src/evaluation/classifier.ts";
import type { Extractor } from "../src/evaluation/extractor.ts";
import { openClassifier, openRandomFeatures, readClassifier } from "../src/evaluation/features.ts";
import { input } from "../src/graph/tensor.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { evaluator, largestError } from "./support/evaluate.ts";

const area = 28 * 28;
const count = 130; // a whole batch, and a part of one
const pixels = new Uint8Array(count * area);
for (let i = 0; i < count; i++) drawDigit(1, i, i % 10, pixels.subarray(i * area, (i + 1) * area));
const images = Float32Array.from(pixels, (pixel) => pixel / 255);

const runtime = nodeRuntime({ threads: 1 });

/** What an extractor makes of images. */
async function extracted(open: (runtime: Runtime) => Promise<Extractor>, images: Float32Array, on = runtime) {
  const extractor = await open(on);
  const { features, logits = new Float32Array() } = await extractor.extract(images);
  await extractor.release();
  return { features: [...features], logits: [...logits], columns: extractor.columns };
}

describe.each([
  ["classifier", openClassifier],
  ["random convolutions", openRandomFeatures],
] as const)("features of the %s", (_, open) => {
  test("are the same every time, and in whatever company an image comes", async () => {
    const all = await extracted(open, images);
    expect(await extracted(open, images)).toEqual(all);
    const extractor = await open(runtime);
    for (const [first, last] of [
      [0, 1],
      [97, 130],
      [60, 61],
    ] as const) {
      const { features } = await extractor.extract(images.subarray(first * area, last * area));
      expect(largestError([...features], all.features.slice(first * all.columns, last * all.columns))).toBeLessThan(
        1e-5,
      );
    }
    expect((await extractor.extract(new Float32Array())).features).toHaveLength(0);
    await extractor.release();
  });

  test("are those of the image in 256 grey levels, and of what lies outside them the nearest", async () => {
    const moved = images.map((x, i) => x + (x === 0 ? -0.5 : x === 1 ? 0.5 : (i % 2 ? 0.4 : -0.4) / 255));
    expect(await extracted(open, moved)).toEqual(await extracted(open, images));
  });

  test("hardly depend on the threads", async () => {
    const [one, two] = [await extracted(open, images), await extracted(open, images, nodeRuntime({ threads: 2 }))];
    expect(largestError(two.features, one.features)).toBeLessThan(1e-5);
  });

  test("differ from image to image, and are not few numbers in disguise", async () => {
    const { features, columns } = await extracted(open, images);
    const living = Array.from(
      { length: columns },
      (_, j) => new Set(features.filter((_, i) => i % columns === j)).size,
    );
    expect(living.filter((values) => values > 100).length).toBe(columns);
    const square = features.reduce((sum, x) => sum + x * x, 0) / features.length;
    expect(square).toBeGreaterThan(0.1);
    expect(square).toBeLessThan(100);
  });

  test("want whole images", async () => {
    const extractor = await open(runtime);
    await expect(extractor.extract(new Float32Array(area + 1))).rejects.toThrow(ShapeError);
    await extractor.release();
  });
});

test("the classifier in float32 is the classifier in float64", async () => {
  const { weights } = readClassifier();
  const few = images.subarray(0, 3 * area);
  const seen = classify(
    (name) => input(name, weights.get(name)!.shape, "parameter"),
    input("images", [3, 1, 28, 28], "batch"),
  );
  const values = Object.fromEntries([...weights].map(([name, tensor]) => [name, [...tensor.values]]));
  const [features, logits] = await (await evaluator([seen.features, seen.logits]))({ ...values, images: [...few] });
  const actual = await extracted(openClassifier, few);
  expect(largestError(actual.features, features!)).toBeLessThan(1e-5);
  expect(largestError(actual.logits, logits!)).toBeLessThan(1e-5);
});

test("the classifier is named after its weights, which take less than 400 kB", () => {
  const file = readFileSync(new URL("../assets/digit-classifier.safetensors", import.meta.url));
  expect(readClassifier().name).toBe(`digits-v1:${createHash("sha256").update(file).digest("hex").slice(0, 12)}`);
  expect(file.length).toBeLessThan(400_000);
});

test.skipIf(!process.env.COORDESCENT_DATA)(
  "the classifier is right about 99.4 % of the test images of MNIST (needs COORDESCENT_DATA)",
  async () => {
    const { pixels, labels } = await loadMnist({ split: "test" });
    const { logits } = await extracted(
      openClassifier,
      Float32Array.from(pixels, (pixel) => pixel / 255),
    );
    const right = labels.filter((label, i) => {
      const row = logits.slice(10 * i, 10 * i + 10);
      return row.indexOf(Math.max(...row)) === label;
    });
    expect(right.length).toBeGreaterThanOrEqual(9940);
  },
);
