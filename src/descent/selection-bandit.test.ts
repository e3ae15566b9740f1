import { describe, expect, test } from "vitest";
import type { SelectionContext, SelectionRule } from "../plan.ts";
import { normal, stream } from "../random.ts";
import { bandit } from "./selection-bandit.ts";

interface World {
  readonly visits: number;
  /** Mean decrease by a step of each block at a visit; what is observed varies around it. */
  readonly decreases: (visit: number) => readonly number[];
  /** What the gradient says at a refresh. */
  readonly norms: (visit: number) => readonly number[];
  readonly lipschitz?: readonly number[];
  readonly noise?: number;
}

/** The blocks that a bandit selects in a world, and its memory at the end. */
function play(rule: SelectionRule, { visits, decreases, norms, lipschitz, noise = 0.1 }: World) {
  const blockCount = decreases(0).length;
  const memory = new Float64Array(rule.memorySize!(blockCount));
  const selected: number[] = [];
  for (let visit = 0; visit < visits; visit++) {
    const context: SelectionContext = {
      visit,
      blockCount,
      seed: 1,
      player: "generator",
      macs: [],
      sizes: [],
      norms: rule.wantsNorms!(visit, blockCount) ? norms(visit) : undefined,
      lipschitz,
      memory,
    };
    const block = rule.select(context);
    selected.push(block);
    rule.observe!(context, block, decreases(visit)[block]! + noise * normal(stream(2, "noise"), visit, 0));
  }
  return {
    selected,
    memory,
    share: (block: number, from = 0) => selected.slice(from).filter((b) => b === block).length / (visits - from),
  };
}

const misleading = () => [1, 1, 1, 1];

describe("the bandit", () => {
  test("stays with the best block of a world that stands still, whatever the gradient says", () => {
    const { share } = play(bandit(), { visits: 4000, decreases: () => [0.2, 0.5, 1, 0.3], norms: misleading });
    // 1 - epsilon + epsilon / D = 0.925, less a visit of each other block after each of 100 refreshes: 0.85
    expect(share(2)).toBeGreaterThan(0.8);
    for (const other of [0, 1, 3]) expect(share(other)).toBeGreaterThan(0.015);
  });

  test("asks for the gradient every 10 D visits, or as often as it is told", () => {
    const wanted = (rule: SelectionRule) => [...Array(100).keys()].filter((visit) => rule.wantsNorms!(visit, 4));
    expect(wanted(bandit())).toEqual([0, 40, 80]);
    expect(wanted(bandit({ refresh: 33 }))).toEqual([0, 33, 66, 99]);
  });

  test("finds the new best block when the world changes, from rare visits alone, as long as it forgets", () => {
    const world: World = {
      visits: 3000,
      decreases: (visit) => (visit < 2000 ? [1, 0.1, 0.2, 0.3] : [0.5, 0.1, 0.7, 0.3]),
      norms: misleading,
      noise: 0.02,
    };
    const never = 1_000_000;
    expect(play(bandit({ refresh: never }), world).share(0, 1000)).toBeLessThan(0.5);
    expect(play(bandit({ refresh: never }), world).share(2, 2200)).toBeGreaterThan(0.85);
    expect(play(bandit({ refresh: never, discount: 1 }), world).share(2, 2200)).toBeLessThan(0.1);
  });

  test("finds it at the next refresh without a visit at random", () => {
    const decreases = (visit: number) => (visit < 100 ? [1, 0.1] : [0.4, 0.9]);
    const rule = bandit({ epsilon: 0, refresh: 50 });
    const { selected } = play(rule, { visits: 200, decreases, norms: decreases, noise: 0 });
    expect(selected).toEqual([...Array(100).fill(0), ...Array(100).fill(1)]);
  });

  test.each([1e-6, 1, 1e6])("learns the units of decreases, here %f times those of the gradient", (unit) => {
    const norms = () => [2, 3, 1];
    const rule = bandit({ epsilon: 0, refresh: 5 });
    const { selected, memory } = play(rule, {
      visits: 19,
      decreases: () => norms().map((n) => unit * n),
      norms,
      noise: 0,
    });
    // had the units been taken for equal, block 1 would look worst of all where unit < 1, and be left after one visit
    expect(selected).toEqual(Array(19).fill(1));
    for (const [block, norm] of norms().entries()) expect(memory[block]! / unit).toBeCloseTo(norm, 9);
  });

  test("weighs observations by discount^age, in steps of any block", () => {
    const memory = new Float64Array(5);
    const rule = bandit({ epsilon: 0, discount: 0.5 });
    const context = {
      visit: 0,
      blockCount: 2,
      seed: 1,
      player: "g",
      macs: [],
      sizes: [],
      lipschitz: undefined,
      memory,
    };
    rule.select({ ...context, norms: [8, 2] });
    rule.observe!({ ...context, norms: undefined }, 0, 4);
    expect([...memory]).toEqual([4, 1, 1, 0, 1]); // block 1 has not been observed: half its norm, as block 0 brought half of its
    for (const [block, decrease] of [
      [1, 3],
      [1, 3],
      [0, 1],
    ] as const)
      rule.observe!({ ...context, norms: undefined }, block, decrease);
    expect(memory[0]).toBeCloseTo((4 * 0.125 + 1) / 1.125, 14);
    expect(memory[1]).toBe(3);
    expect(rule.score!({ ...context, norms: undefined }, 1)).toBe(3);
  });

  test("starts from |g|^2 / 2L where L is known", () => {
    const memory = new Float64Array(5);
    const context = { visit: 0, blockCount: 2, seed: 1, player: "g", macs: [], sizes: [], memory };
    expect(bandit({ epsilon: 0 }).select({ ...context, norms: [8, 6], lipschitz: [4, 1] })).toBe(1);
    expect([...memory]).toEqual([1, 3, 0, 0, 0]);
  });

  test("goes on when no step helps, and forgets the units with its last success", () => {
    const decreases = (visit: number) => (visit < 10 ? [1, 2] : [-1, -2]);
    const rule = bandit({ epsilon: 0, refresh: 20, discount: 0.5 });
    const { selected, memory } = play(rule, { visits: 41, decreases, norms: () => [1, 2], noise: 0 });
    expect(new Set(selected.slice(10))).toEqual(new Set([0, 1]));
    expect([...memory].every(Number.isFinite)).toBe(true);
    expect(memory[4]).toBe(0);
  });
});
