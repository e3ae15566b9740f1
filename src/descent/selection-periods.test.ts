import { describe, expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { periodic } from "./selection-periods.ts";

/** The blocks that move at the first visits. */
function moved(periods: readonly number[], visits: number): number[][] {
  const rule = periodic({ periods });
  const sets = rule.sets!(periods.length);
  const context = { blockCount: periods.length, seed: 1, player: "g", macs: [], sizes: [], norms: undefined };
  const rest = { lipschitz: undefined, memory: new Float64Array(0) };
  return Array.from({ length: visits }, (_, visit) => sets[rule.select({ ...context, ...rest, visit })]!);
}

describe("blocks at their own pace", () => {
  test("are all due at once with periods 1, and one after the other with as many as there are blocks", () => {
    expect(moved([1, 1, 1], 2)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(moved([3, 3, 3], 5)).toEqual([[0], [1], [2], [0], [1]]);
  });

  test("move as often as their periods say, and only then", () => {
    const periods = [1, 2, 3];
    for (const [visit, blocks] of moved(periods, 24).entries()) {
      expect(blocks).toEqual([0, 1, 2].filter((i) => (visit - i) % periods[i]! === 0));
    }
    expect(periodic({ periods }).sets!(3)).toHaveLength(4);
  });

  test("without periods are all due", () => {
    expect(periodic().sets!(4)).toEqual([[0, 1, 2, 3]]);
    expect(moved([2, 1, 1], 2)).toEqual([
      [0, 1, 2],
      [1, 2],
    ]);
    expect(periodic({ periods: [2] }).sets!(3)).toEqual(periodic({ periods: [2, 1, 1] }).sets!(3));
  });

  test("leave out the times at which none is due", () => {
    expect(moved([2, 4], 6)).toEqual([[0], [1], [0], [0], [1], [0]]);
    expect(moved([3], 3)).toEqual([[0], [0], [0]]);
  });

  test("are refused where the periods do not fit", () => {
    const complaint = (periods: readonly number[], blocks: number) => {
      try {
        periodic({ periods }).check!(blocks);
        return "none";
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return (error as Error).message;
      }
    };
    expect([complaint([1, 2, 3], 2), complaint([1, 5, 13], 3), complaint([0], 1)]).toMatchInlineSnapshot(`
      [
        "periods: expected at most 2, one a block, got 3.",
        "periods: expected periods that meet after at most 64 visits, got 65 with 1, 5, 13.",
        "period: expected a whole number of at least 1, got 0.",
      ]
    `);
  });
});
