import { describe, expect, test } from "vitest";
import { collapsed, gaussian, rowsAt } from "../../test/support/samples.ts";
import { copyingTest } from "./copying-test.ts";

const train = gaussian(1500, 3, 1);
const heldOut = gaussian(600, 3, 2);
const settings = { train, heldOut, cells: 8 };

describe("the copying test", () => {
  test("is near 0 for samples of the distribution itself", () => {
    const { score, cells, share } = copyingTest({ ...settings, generated: gaussian(600, 3, 3) });
    expect(Math.abs(score)).toBeLessThan(1);
    expect(cells).toBe(8);
    expect(share).toBe(1);
  });

  test("is far below 0 for copies, and for copies with a little noise", () => {
    const copies = rowsAt(train, Array(600).keys());
    expect(copyingTest({ ...settings, generated: copies }).score).toBeLessThan(-8);
    const noise = gaussian(600, 3, 4, { deviation: () => 0.05 });
    const blurred = { ...copies, values: copies.values.map((x, at) => x + noise.values[at]!) as Float64Array };
    expect(copyingTest({ ...settings, generated: blurred }).score).toBeLessThan(-3);
  });

  test("is above 0 for samples that are too far out", () => {
    expect(copyingTest({ ...settings, generated: gaussian(600, 3, 3, { deviation: () => 2 }) }).score).toBeGreaterThan(
      1,
    );
  });

  test("leaves out cells with too few samples: a lost mode is not a copied one", () => {
    const [near, far] = [0, 1].map(
      (side) => (x: typeof train) =>
        rowsAt(
          x,
          [...Array(x.rows).keys()].filter((i) => x.values[3 * i]! > 0 === (side === 0)),
        ),
    ) as [(x: typeof train) => typeof train, (x: typeof train) => typeof train];
    const half = copyingTest({ ...settings, generated: near(gaussian(1200, 3, 3)) });
    expect(half.cells).toBeLessThan(8);
    expect(half.share).toBeLessThan(1);
    expect(Math.abs(half.score)).toBeLessThan(1.5);
    const apart = copyingTest({
      ...settings,
      heldOut: far(heldOut),
      generated: near(gaussian(1200, 3, 3)),
      cells: 200,
    });
    expect(apart).toMatchObject({ cells: 1, share: 1 });
    expect(apart.score).toSatisfy(Number.isFinite);
  });

  test("of a collapsed generator is finite, and 0 where all are equal", () => {
    expect(copyingTest({ ...settings, generated: collapsed(600, 3) }).score).toSatisfy(Number.isFinite);
    const one = collapsed(50, 3);
    expect(copyingTest({ train: one, heldOut: one, generated: one }).score).toBe(0);
  });

  test("refuses samples that are too few", () => {
    expect(() => copyingTest({ ...settings, generated: gaussian(19, 3, 3) })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: copyingTest: expected at least 20 held-out and 20 generated samples, got 19. Take more samples.]`,
    );
  });
});
