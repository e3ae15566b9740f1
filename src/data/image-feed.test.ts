import { expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { imageDataset } from "./image-feed.ts";
import type { LabelledImages } from "./images.ts";

/** Image number n of 1 x 2 pixels is [n, 255 - n], so that its number can be read off. */
function numbered(count: number): LabelledImages {
  const pixels = Uint8Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? i / 2 : 255 - (i - 1) / 2));
  return { name: "numbered", count, height: 1, width: 2, pixels, labels: new Uint8Array(count) };
}

/** The numbers of the images of batches 0 .. steps - 1, laid end to end. */
function numbers(count: number, size: number, steps: number, seed = 1): number[] {
  const dataset = imageDataset(numbered(count));
  return Array.from({ length: steps }, (_, step) => {
    const out = new Float32Array(2 * size);
    dataset.fill(seed, step, out);
    return Array.from({ length: size }, (_, i) => Math.round(out[2 * i]! * 255));
  }).flat();
}

const ascending = (values: number[]) => values.toSorted((a, b) => a - b);

test.each([
  ["that divide the epoch", 5],
  ["across the border of epochs", 7],
  ["longer than the data set", 23],
  ["longer than two epochs", 50],
])("holds every image exactly once in each epoch, with batches %s", (_, size) => {
  const all = numbers(20, size, Math.ceil(80 / size));
  for (let epoch = 0; epoch < 4; epoch++) {
    expect(ascending(all.slice(20 * epoch, 20 * epoch + 20))).toEqual([...Array(20).keys()]);
  }
});

test("walks one sequence of images, however it is cut into batches", () => {
  const cut = (size: number) => numbers(20, size, Math.ceil(120 / size)).slice(0, 120);
  for (const size of [3, 20, 33, 64]) expect(cut(size)).toEqual(cut(1));
});

test("shuffles each epoch and each seed anew", () => {
  const [one, two] = [numbers(20, 20, 2, 1), numbers(20, 20, 2, 2)];
  const orders = [one.slice(0, 20), one.slice(20), two.slice(0, 20), two.slice(20)];
  expect(new Set(orders.map(String)).size).toBe(4);
});

test("scales pixels by exactly 1/255 and keeps an image together", () => {
  const out = new Float32Array(512);
  imageDataset(numbered(256)).fill(9, 0, out);
  for (let i = 0; i < 256; i++) {
    const n = Math.round(out[2 * i]! * 255);
    expect([...out.subarray(2 * i, 2 * i + 2)]).toEqual([Math.fround(n / 255), Math.fround((255 - n) / 255)]);
  }
});

test("gives images the shape [1, height, width]", () => {
  const { shape, count, range, name } = imageDataset(numbered(3));
  expect({ shape, count, range, name }).toEqual({ shape: [1, 1, 2], count: 3, range: "unit", name: "numbered" });
});

test("has a fingerprint of pixels, labels and sizes, not of the name", () => {
  const images = numbered(6);
  const print = (change: Partial<LabelledImages>) => imageDataset({ ...images, ...change }).fingerprint;
  const changed = [
    print({ pixels: images.pixels.with(0, 9) }),
    print({ labels: images.labels.with(0, 9) }),
    print({ height: 2, width: 1 }),
  ];
  expect(print({ name: "other" })).toBe(print({}));
  expect(new Set([print({}), ...changed]).size).toBe(4);
});

test("refuses images whose sizes and data disagree", () => {
  const images = numbered(6);
  expect(() => imageDataset({ ...images, count: 5 })).toThrow(ShapeError);
  expect(() => imageDataset({ ...images, labels: new Uint8Array(5) })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: numbered: expected pixels [6, 1, 2] and labels [6] or none, of at least one image, got 12 pixels and 5 labels. Are count, height and width right?]`,
  );
  expect(() => imageDataset({ ...numbered(0) })).toThrow(/at least one image/);
});
