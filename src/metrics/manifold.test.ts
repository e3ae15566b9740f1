import { describe, expect, test } from "vitest";
import { collapsed, gaussian, rowsAt, shuffled } from "../../test/support/samples.ts";
import { manifold, neighbourRadii } from "./manifold.ts";

const ks = [3, 5];

describe("the manifold of samples", () => {
  test("of equal distributions: density near 1, coverage as Naeem et al. calculate it", () => {
    const n = 1500;
    const found = manifold(gaussian(n, 3, 1), gaussian(n, 3, 2), { ks });
    for (const [at, k] of ks.entries()) {
      let missed = 1;
      for (let i = 1; i <= k; i++) missed *= (n - i) / (2 * n - i);
      expect(Math.abs(found[at]!.coverage - (1 - missed))).toBeLessThan(0.02);
      expect(Math.abs(found[at]!.density - 1)).toBeLessThan(0.05);
      expect(Math.abs(found[at]!.precision - found[at]!.recall)).toBeLessThan(0.03);
    }
  });

  test("does not depend on the order of samples", () => {
    const [x, y] = [gaussian(300, 6, 1), gaussian(210, 6, 2)];
    expect(manifold(shuffled(x), shuffled(y), { ks })).toEqual(manifold(x, y, { ks }));
  });

  test("is the same for one k alone, for several in any order and for radii known before", () => {
    const [x, y] = [gaussian(200, 4, 1), gaussian(150, 4, 2)];
    const [three, five] = manifold(x, y, { ks, realRadii: neighbourRadii(x, ks) });
    expect(manifold(x, y, { ks: [5, 3] })).toEqual([five, three]);
    expect(manifold(x, y, { ks: [3] })).toEqual([three]);
    expect(five!.coverage).toBeGreaterThan(three!.coverage);
  });

  test("with real and generated exchanged has precision and recall exchanged", () => {
    const [x, y] = [gaussian(200, 4, 1), gaussian(150, 4, 2, { deviation: () => 0.5 })];
    const [forth, back] = [manifold(x, y, { ks })[0]!, manifold(y, x, { ks })[0]!];
    expect(forth.precision).toBe(back.recall);
    expect(forth.recall).toBe(back.precision);
    expect(forth.precision).toBeGreaterThan(forth.recall);
  });

  test("of a collapsed generator: nothing is recalled, next to nothing covered", () => {
    const real = gaussian(300, 4, 1);
    const [found] = manifold(real, collapsed(300, 4), { ks: [5] });
    expect(found!.recall).toBe(0);
    expect(found!.coverage).toBeLessThan(0.1);
    const [copies] = manifold(real, rowsAt(real, Array(300).fill(7)), { ks: [5] });
    expect(copies).toMatchObject({ precision: 1, recall: 0 });
    expect(copies!.coverage).toBeLessThan(0.1);
    const [both] = manifold(collapsed(30, 4), collapsed(30, 4), { ks: [5] });
    expect(both).toEqual({ precision: 0, recall: 0, density: 0, coverage: 0 });
  });

  test("needs more samples than neighbours, and radii of every real sample", () => {
    const x = gaussian(6, 2, 1);
    expect(manifold(x, x, { ks: [5] })[0]!.coverage).toBe(1);
    const few = gaussian(5, 2, 1);
    expect(() => neighbourRadii(few, [5])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: neighbourRadii: expected at least 6 samples, got 5. Take more samples.]`,
    );
    expect(() => manifold(x, few, { ks: [5] })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: manifold: expected at least 6 samples, got 5. Take more samples.]`,
    );
    const realRadii = neighbourRadii(few, [3]);
    expect(() => manifold(x, few, { ks: [3], realRadii })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: manifold: expected 1 x 6 real radii, got 5. Use neighbourRadii.]`,
    );
  });
});
