import { describe, expect, test } from "vitest";
import { classifierScore, histogram, klDivergence } from "./classes.ts";

describe("the histogram", () => {
  test("is the share of each class", () => {
    expect(histogram(Uint8Array.of(0, 2, 2, 0), 4)).toEqual([0.5, 0, 0.5, 0]);
  });

  test("refuses labels that are no class, and none", () => {
    expect(() => histogram([1, 4], 4)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: histogram: expected labels from 0 to 3, got 4. Give more classes?]`,
    );
    expect(() => histogram([], 4)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: histogram: expected labels, got none. Take some samples.]`,
    );
  });
});

describe("the divergence", () => {
  test("of equal shares is 0, of one class from k even ones ln k", () => {
    expect(klDivergence([0.2, 0.8, 0], [0.2, 0.8, 0])).toBe(0);
    expect(klDivergence([0, 0, 1, 0], [0.25, 0.25, 0.25, 0.25])).toBeCloseTo(Math.log(4), 14);
  });

  test("is infinite from shares that lack a class", () => {
    expect(klDivergence([0.5, 0.5], [1, 0])).toBe(Number.POSITIVE_INFINITY);
  });

  test("refuses shares of other classes", () => {
    expect(() => klDivergence([1], [0.5, 0.5])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: klDivergence: expected as many shares of one as of the other, got 1 and 2. Count the same classes for both.]`,
    );
  });
});

describe("the classifier score", () => {
  /** Logits of a classifier that is sure of a class, up to where exp overflows and beyond. */
  const sureOf = (classes: readonly number[], logit = 2000) => ({
    rows: classes.length,
    columns: 10,
    values: Float32Array.from(classes.flatMap((label) => [...Array(10).keys()].map((c) => (c === label ? logit : 0)))),
  });
  const evenly = [...Array(100).keys()].map((i) => i % 10);

  test("is the number of classes for sure and even ones, 1 for one class or no idea", () => {
    expect(classifierScore(sureOf(evenly))).toEqual({
      mean: expect.closeTo(10, 12),
      deviation: expect.closeTo(0, 12),
      confidence: 1,
    });
    expect(classifierScore(sureOf(Array(100).fill(3))).mean).toBeCloseTo(1, 12);
    const noIdea = classifierScore(sureOf(evenly, 0));
    expect(noIdea.mean).toBeCloseTo(1, 12);
    expect(noIdea.confidence).toBeCloseTo(0.1, 12);
  });

  test("is that of parts, one after the other, and their spread", () => {
    const halves = [...Array(50).fill(3), ...evenly.slice(50)];
    expect(classifierScore(sureOf(halves), 2)).toMatchObject({
      mean: expect.closeTo(5.5, 12),
      deviation: expect.closeTo(4.5, 12),
    });
  });
});
