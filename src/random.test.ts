import { expect, test, vi } from "vitest";
import {
  fillNormal,
  fillUniform,
  normal,
  normalQuantile,
  permutation,
  stream,
  threefry2x32,
  uniform,
  word,
} from "./random.ts";

test("threefry agrees with the known answers of Random123", () => {
  const out = new Int32Array(2);
  const answer = (k0: number, k1: number, c0: number, c1: number) => {
    threefry2x32(k0, k1, c0, c1, out);
    return [...out].map((x) => (x >>> 0).toString(16));
  };
  expect(answer(0, 0, 0, 0)).toEqual(["6b200159", "99ba4efe"]);
  expect(answer(-1, -1, -1, -1)).toEqual(["1cb996fc", "bb002be7"]);
  expect(answer(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual(["c4923a9c", "483df7a0"]);
});

test("the normal quantile agrees with Python's statistics.NormalDist().inv_cdf", () => {
  const known = [
    [1e-9, -5.9978070150076865],
    [1e-5, -4.2648907939228256],
    [0.01, -2.3263478740408408],
    [0.074, -1.4466320671589785],
    [0.076, -1.4325027208258114],
    [0.3, -0.5244005127080407],
    [0.5, 0],
    [0.99, 2.3263478740408408],
    [0.999999, 4.753424308817089],
    [2 ** -33, -6.337957754553789],
  ] as const;
  for (const [p, z] of known) expect(Math.abs(normalQuantile(p) - z)).toBeLessThanOrEqual(4e-15 * Math.abs(z));
});

test("a fill equals its numbers one by one, whatever its length", () => {
  const source = stream(7, "latent");
  const long = new Float32Array(9);
  const short = new Float32Array(4);
  const huge = new Float32Array(2051);
  fillUniform(source, 3, huge);
  expect([...huge]).toEqual([...huge.keys()].map((i) => Math.fround(uniform(source, 3, i))));
  fillUniform(source, 3, long);
  fillUniform(source, 3, short);
  expect([...long]).toEqual([...long.keys()].map((i) => Math.fround(uniform(source, 3, i))));
  expect([...short]).toEqual([...long.subarray(0, 4)]);
});

test.each([
  ["few", 0, [...Array(21).keys()]],
  ["few from an odd number on", 7, [...Array(21).keys()]],
  ["about a block of them", 0, [1015, 1016, 1017, 1023, 1024, 1025, 1032]],
  ["about a block from an odd number on", 1023, [1022, 1023, 1024, 1025, 2047, 2048]],
  ["numbers across 2^31", 2 ** 31 - 5, [40]],
  ["numbers across 2^32", 2 ** 32 - 1027, [2060]],
])("normal numbers are the same to the bit alone and in a fill, %s", (_, first, lengths) => {
  for (const { key0, key1, step } of [
    { key0: -5, key1: -0x80000000, step: 2 ** 31 + 7 },
    { key0: 0x7fffffff, key1: 3, step: 2 ** 35 + 1 },
  ]) {
    const source = { key0, key1 };
    for (const length of lengths) {
      const known = Array.from({ length }, (_, i) => normal(source, step, first + i));
      const memory = new ArrayBuffer(8 * length + 24);
      const doubles = new Float64Array(memory, 16, length);
      fillNormal(source, step, doubles, first);
      expect(doubles).toEqual(Float64Array.from(known));
      const singles = new Float32Array(memory, 12, length);
      fillNormal(source, step, singles, first);
      expect(singles).toEqual(Float32Array.from(known));
      expect([...new Uint8Array(memory, 0, 12)]).toEqual(Array(12).fill(0));
    }
  }
});

test("fills are the same to the bit where the engine has no WebAssembly", async () => {
  vi.stubGlobal("WebAssembly", undefined);
  vi.resetModules();
  const plain = await import("./random.ts");
  const filled = (fill: (out: Float64Array) => void, length = 2 ** 20) => {
    const out = new Float64Array(length);
    fill(out);
    return Buffer.from(out.buffer);
  };
  const source = stream(3, "latent");
  const known = filled((out) => plain.fillNormal(source, 1, out, 5));
  const uniforms = filled((out) => plain.fillUniform(source, 1, out, -1, 2), 5001);
  vi.unstubAllGlobals();
  vi.resetModules();
  expect(filled((out) => fillNormal(source, 1, out, 5)).equals(known)).toBe(true);
  expect(filled((out) => fillUniform(source, 1, out, -1, 2), 5001).equals(uniforms)).toBe(true);
});

test("a part of a fill equals that part of the whole", () => {
  const source = stream(7, "latent");
  const whole = new Float64Array(3000);
  const part = new Float64Array(1501);
  fillNormal(source, 5, whole);
  for (const first of [1300, 1301]) {
    fillNormal(source, 5, part, first);
    expect(part).toEqual(whole.subarray(first, first + 1501));
  }
  expect(whole[17]).toBe(normal(source, 5, 17));
});

test("seeds, streams, steps and indices give different numbers", () => {
  const words = [
    word(stream(1, "a"), 0, 0),
    word(stream(2, "a"), 0, 0),
    word(stream(1, "b"), 0, 0),
    word(stream(1, "a"), 1, 0),
    word(stream(1, "a"), 0, 1),
    word(stream(1, "a"), 0, 2),
  ];
  expect(new Set(words).size).toBe(words.length);
});

test("normal numbers have the moments of a normal distribution", () => {
  const z = new Float32Array(200_000);
  fillNormal(stream(11, "moments"), 0, z);
  const moment = (k: number) => z.reduce((sum, x) => sum + x ** k, 0) / z.length;
  // five standard errors of each moment of 200,000 standard normal numbers
  expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / z.length));
  expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / z.length));
  expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / z.length));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / z.length));
});

test("a permutation holds every index once, and its first place is uniform", () => {
  const order = permutation(stream(1, "order"), 0, 1000);
  expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
  const counts = new Array<number>(5).fill(0);
  for (let step = 0; step < 5000; step++) counts[permutation(stream(1, "order"), step, 5)[0]!]!++;
  const chiSquare = counts.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  expect(chiSquare).toBeLessThan(18.47); // the 0.001 quantile with 4 degrees of freedom
});
