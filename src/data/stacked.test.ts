import { expect, test } from "vitest";
import { imageDataset } from "./image-feed.ts";
import type { LabelledImages } from "./images.ts";
import { stackedDigits } from "./stacked.ts";

/** Image number n of 1 x 2 pixels is [n, 255 - n], so that its number can be read off. */
function numbered(count: number): LabelledImages {
  const pixels = Uint8Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? i / 2 : 255 - (i - 1) / 2));
  return { name: "numbered", count, height: 1, width: 2, pixels, labels: new Uint8Array(count) };
}

/** The numbers of the images in the three channels of each example. */
function triples(count: number, size: number, seed = 1, step = 0): number[][] {
  const out = new Float32Array(6 * size);
  stackedDigits(numbered(count)).fill(seed, step, out);
  return Array.from({ length: size }, (_, i) => [0, 1, 2].map((c) => Math.round(255 * out[6 * i + 2 * c]!)));
}

test("every channel is one whole image, pixel / 255", () => {
  const out = new Float32Array(6 * 100);
  stackedDigits(numbered(200)).fill(3, 5, out);
  for (let plane = 0; plane < 300; plane++) {
    const n = Math.round(255 * out[2 * plane]!);
    expect([...out.subarray(2 * plane, 2 * plane + 2)]).toEqual([Math.fround(n / 255), Math.fround((255 - n) / 255)]);
  }
});

test("the channels are drawn from all images evenly, and independently of each other", () => {
  const [count, size] = [10, 20_000];
  const seen = new Float64Array(count ** 3);
  for (const [a, b, c] of triples(count, size)) seen[100 * a! + 10 * b! + c!]!++;
  const share = size / seen.length;
  // 0.999 quantile of chi-square with 999 degrees of freedom
  expect(seen.reduce((sum, n) => sum + (n - share) ** 2 / share, 0)).toBeLessThan(1142.8);
});

test("example i is the same whatever the size of the batch, and another for every seed and step", () => {
  expect(triples(200, 3, 4, 2)).toEqual(triples(200, 10, 4, 2).slice(0, 3));
  const batches = [triples(200, 8, 1, 0), triples(200, 8, 2, 0), triples(200, 8, 1, 1)];
  expect(new Set(batches.map(String)).size).toBe(3);
});

test("its fingerprint is of the images, and not theirs", () => {
  const prints = [numbered(5), numbered(6)].map((images) => stackedDigits(images).fingerprint);
  expect(new Set([...prints, imageDataset(numbered(5)).fingerprint]).size).toBe(3);
});
