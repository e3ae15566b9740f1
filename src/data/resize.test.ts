import { expect, test } from "vitest";
import { fillUniform, stream } from "../random.ts";
import { resize } from "./resize.ts";

function noise(length: number): Float32Array {
  const values = new Float32Array(length);
  fillUniform(stream(7, "pictures"), length, values);
  return values;
}

const mean = (values: Float32Array) => values.reduce((sum, x) => sum + x, 0) / values.length;
const sizes = [
  [28, 28],
  [1, 1],
  [3, 100],
  [57, 29],
  [27, 300],
  [2, 1],
] as const;

test.each(sizes)("an image of its size stays as it is, bit for bit: %i x %i", (...size) => {
  const image = noise(size[0] * size[1]);
  expect(resize(image, size, size)).toEqual(image);
});

test.each(sizes)("an even image stays even, in between and at the borders: %i x %i", (...size) => {
  for (const value of resize(new Float32Array(size[0] * size[1]).fill(0.3), size, [28, 28])) {
    expect(value).toBeCloseTo(0.3, 6);
  }
});

test.each([
  [28, 56],
  [100, 33],
  [31, 29],
])("shrinking keeps the mean, whatever the ratio: %i x %i", (...size) => {
  const image = noise(size[0] * size[1]);
  expect(mean(resize(image, size, [28, 28]))).toBeCloseTo(mean(image), 6);
});

test("shrinking by a whole number takes the means of squares", () => {
  const image = Float32Array.from({ length: 24 }, (_, i) => i);
  // rows of 6; squares of 2 x 2 start at 0, 2, 4, 12, ...
  expect([...resize(image, [4, 6], [2, 3])]).toEqual([0, 2, 4, 12, 14, 16].map((x) => x + (0 + 1 + 6 + 7) / 4));
});

test("a ramp stays a ramp when it grows, up to the centres of its outermost pixels", () => {
  const [size, grown] = [7, 28];
  const ramp = Float32Array.from({ length: size * size }, (_, i) => i % size);
  const out = resize(ramp, [size, size], [grown, grown]);
  for (let x = 0; x < grown; x++) {
    const place = Math.min(Math.max((x + 0.5) / 4 - 0.5, 0), size - 1);
    expect(out[5 * grown + x]).toBeCloseTo(place, 5);
  }
});

test("rows and columns are not mixed up", () => {
  const image = noise(5 * 40);
  const turned = Float32Array.from(image, (_, i) => image[(i % 5) * 40 + Math.floor(i / 5)]!); // [40, 5]
  const out = resize(image, [5, 40], [28, 9]);
  const outTurned = resize(turned, [40, 5], [9, 28]);
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 9; x++) expect(out[y * 9 + x]).toBeCloseTo(outTurned[x * 28 + y]!, 5);
  }
});
