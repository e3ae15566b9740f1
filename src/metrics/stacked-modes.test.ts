import { expect, test } from "vitest";
import { permutation, stream, uniform } from "../random.ts";
import { stackedModes } from "./stacked-modes.ts";

const even = Array<number>(10).fill(0.1);
const digitsOf = (triples: Iterable<number>) =>
  [...triples].flatMap((t) => [Math.floor(t / 100), Math.floor(t / 10) % 10, t % 10]);

test("every triple once: all modes, no divergence, the correction below 0", () => {
  const digits = digitsOf(permutation(stream(1, "test"), 0, 1000));
  const found = stackedModes(digits, Array(3000).fill(1), even);
  expect(found).toMatchObject({ modes: 1000, modesOfFive: 0, confidentModes: 1000, unsure: 0 });
  expect(found.kl).toBeCloseTo(0, 12);
  expect(found.priorKl).toBeCloseTo(0, 12);
  expect(found.correctedKl).toBeCloseTo(-999 / 2000, 12);
});

test("the correction is what even draws diverge by", () => {
  const n = 26_000;
  const draws = Array.from({ length: n }, (_, i) => Math.floor(1000 * uniform(stream(1, "test"), 0, i)));
  const found = stackedModes(digitsOf(draws), Array(3 * n).fill(1), even);
  expect(found.modes).toBe(1000);
  expect(Math.abs(found.correctedKl)).toBeLessThan(0.003);
});

test("the prior is the product of the digits' shares", () => {
  const shares = [0.3, 0.7, 0, 0, 0, 0, 0, 0, 0, 0];
  expect(stackedModes([0, 1, 1], [1, 1, 1], shares).priorKl).toBeCloseTo(-Math.log(0.3 * 0.7 * 0.7), 12);
  expect(stackedModes([0, 1, 2], [1, 1, 1], shares).priorKl).toBe(Number.POSITIVE_INFINITY);
});

test("triples are counted by how often they occur and by the least sure channel", () => {
  const digits = digitsOf([123, 123, 123, 123, 123, 123, 321, 321, 7]);
  const confidence = Array<number>(27).fill(1);
  for (const i of [0, 3, 6, 9, 12, 15]) confidence[i] = 0.95; // channel 0 of every 123
  confidence[19] = 0.5; // channel 1 of one 321
  expect(stackedModes(digits, confidence, even)).toMatchObject({
    modes: 3,
    modesOfFive: 1,
    confidentModes: 2,
    unsure: 1 / 9,
  });
});

test("a collapsed generator has one mode, ln 1000 from even", () => {
  expect(stackedModes(digitsOf(Array(50).fill(42)), Array(150).fill(1), even)).toMatchObject({
    modes: 1,
    kl: expect.closeTo(Math.log(1000), 12),
    correctedKl: expect.closeTo(Math.log(1000), 12),
  });
});

test("lists that do not fit each other are refused", () => {
  expect(() => stackedModes([1, 2], [1, 1], even)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: stackedModes: expected 3n digits, as many confidences and 10 shares, got 2, 2 and 10. Give the channels of an image side by side.]`,
  );
  expect(() => stackedModes([], [], even)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: histogram: expected labels, got none. Take some samples.]`,
  );
});
