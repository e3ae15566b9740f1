import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { grid, type Mixture, ring } from "./mixture.ts";

/** The examples of a batch, each as its nearest centre and its offset from that in deviations. */
function examples(mixture: Mixture, size: number, seed = 1, step = 0): { mode: number; offset: [number, number] }[] {
  const out = new Float32Array(2 * size);
  mixture.fill(seed, step, out);
  return Array.from({ length: size }, (_, i) => nearest(mixture, out[2 * i]!, out[2 * i + 1]!));
}

function nearest({ centres, deviation }: Mixture, x: number, y: number) {
  const distances = centres.map(([cx, cy]) => Math.hypot(x - cx, y - cy));
  const mode = distances.indexOf(Math.min(...distances));
  const [cx, cy] = centres[mode]!;
  return { mode, offset: [(x - cx) / deviation, (y - cy) / deviation] as [number, number] };
}

describe.each([
  // 0.999 quantiles of chi-square with 7 and 24 degrees of freedom
  { mixture: ring, chiSquareLimit: 24.32 },
  { mixture: grid, chiSquareLimit: 51.18 },
])("mixture $mixture.name", ({ mixture, chiSquareLimit }) => {
  const size = 20_000;
  const drawn = examples(mixture, size);

  test("hits every mode with an equal share", () => {
    const share = size / mixture.centres.length;
    const counts = mixture.centres.map((_, mode) => drawn.filter((example) => example.mode === mode).length);
    expect(counts.reduce((sum, n) => sum + (n - share) ** 2 / share, 0)).toBeLessThan(chiSquareLimit);
  });

  test("spreads about the centres with its deviation along each axis, independently", () => {
    const mean = (f: (x: number, y: number) => number) =>
      drawn.reduce((sum, { offset: [x, y] }) => sum + f(x, y), 0) / size;
    // five standard errors of each moment of standard normal numbers
    const error = 5 / Math.sqrt(size);
    expect(Math.abs(mean((x) => x))).toBeLessThan(error);
    expect(Math.abs(mean((_, y) => y))).toBeLessThan(error);
    expect(Math.abs(mean((x) => x * x) - 1)).toBeLessThan(error * Math.SQRT2);
    expect(Math.abs(mean((_, y) => y * y) - 1)).toBeLessThan(error * Math.SQRT2);
    expect(Math.abs(mean((x, y) => x * y))).toBeLessThan(error);
  });

  test("gives example i whatever the size of the batch", () => {
    const long = new Float32Array(20);
    const short = new Float32Array(6);
    mixture.fill(4, 3, long);
    mixture.fill(4, 3, short);
    expect([...short]).toEqual([...long.subarray(0, 6)]);
  });

  test("draws both the modes and the offsets anew for every seed and step", () => {
    const batches = [examples(mixture, 50, 1, 0), examples(mixture, 50, 1, 1), examples(mixture, 50, 2, 0)];
    expect(new Set(batches.map((batch) => String(batch.map(({ mode }) => mode)))).size).toBe(3);
    const firstOffsets = batches.map((batch) => batch[0]!.offset[0].toFixed(2)); // float32 blurs the digits after
    expect(new Set(firstOffsets).size).toBe(3);
  });

  test("has the SHA-256 of its recipe for a fingerprint", () => {
    const { centres, deviation } = mixture;
    const recipe = JSON.stringify({ kind: "gaussian mixture", version: 1, centres, deviation });
    expect(mixture.fingerprint).toBe(createHash("sha256").update(recipe).digest("hex"));
  });
});

test("the ring has eight centres at radius 2, 45 degrees apart", () => {
  ring.centres.forEach(([x, y], i) => {
    expect(x).toBeCloseTo(2 * Math.cos((i * Math.PI) / 4), 14);
    expect(y).toBeCloseTo(2 * Math.sin((i * Math.PI) / 4), 14);
  });
  expect(ring.centres).toHaveLength(8);
});

test("the grid has 25 centres, two apart, about the origin", () => {
  const places = grid.centres.map(([x, y]) => `${x / 2},${y / 2}`);
  const wanted = [-2, -1, 0, 1, 2].flatMap((y) => [-2, -1, 0, 1, 2].map((x) => `${x},${y}`));
  expect(new Set(places)).toEqual(new Set(wanted));
});
