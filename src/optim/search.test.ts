import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Search, SearchStart } from "../plan.ts";
import { type ArmijoOptions, armijo } from "./armijo.ts";
import { exactLine } from "./exact-line.ts";
import { lipschitzDoubling } from "./lipschitz-doubling.ts";

/** The objective along the line, from the length of the step. */
type Line = (length: number) => number;

/** How a search of a line ends, and the lengths that it tried. */
function searchOf(search: Search, f: Line, start: Partial<SearchStart> = {}) {
  const running = search({ value: f(0), slope: slopeOf(f), learningRate: 0.1, memory: 0, ...start });
  const tried: number[] = [];
  let result = running.next();
  while (!result.done) {
    tried.push(result.value);
    result = running.next(f(result.value));
  }
  return { ...result.value, tried };
}

/** By a one-sided difference, exact for quadratics. */
function slopeOf(f: Line): number {
  const h = 2 ** -10;
  return (4 * f(h) - f(2 * h) - 3 * f(0)) / (2 * h);
}

/** f(x - length g) on a quadratic of curvature L in the direction of its gradient, |g|^2 = 1. */
const quadratic =
  (L: number): Line =>
  (length) =>
    (L / 2) * length ** 2 - length;

const searches = { "lipschitz doubling": lipschitzDoubling(), armijo: armijo(), "exact line": exactLine() };

describe.each(Object.entries(searches))("%s", (_, search) => {
  test("evaluates nothing and stays where the slope is 0, or where slope or objective are not finite", () => {
    for (const [value, slope] of [
      [1, 0],
      [1, -0],
      [1, Number.NaN],
      [1, Number.NEGATIVE_INFINITY],
      [Number.NaN, -1],
      [Number.POSITIVE_INFINITY, -1],
    ] as const) {
      expect(searchOf(search, quadratic(1), { value, slope, memory: 3 })).toEqual({ length: 0, memory: 3, tried: [] });
    }
  });

  test("stays where the objective is flat or rises, whatever the slope that it was told, and ends soon", () => {
    for (const f of [() => 2, (length: number) => 2 + length] satisfies Line[]) {
      // the small slope promises a decrease that is lost in rounding
      for (const slope of [-1, -1e-30]) {
        const { length, tried } = searchOf(search, f, { slope });
        expect(length).toBe(0);
        expect(tried.length).toBeGreaterThan(5);
        expect(tried.length).toBeLessThanOrEqual(60);
      }
    }
  });

  test("comes back from lengths at which the objective is not finite", () => {
    for (const hole of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const f: Line = (length) => (length > 0.02 ? hole : quadratic(10)(length));
      const { length } = searchOf(search, f, { learningRate: 10 });
      expect(length).toBeGreaterThan(0.001);
      expect(length).toBeLessThanOrEqual(0.02);
    }
  });

  test("stays where every trial is not a number", () => {
    const { length } = searchOf(search, (length) => (length === 0 ? 1 : Number.NaN), { slope: -1 });
    expect(length).toBe(0);
  });

  test("ends with a length at which the objective is lower, or with 0, on whatever it is told", () => {
    const anything = fc.oneof(
      fc.double({ min: -10, max: 10 }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0),
    );
    const start = fc.record({
      value: fc.double({ min: -10, max: 10, noNaN: true }),
      slope: fc.double({ min: -1e6, max: 0, noNaN: true }),
      learningRate: fc.oneof(fc.constant(0), fc.double({ min: 1e-30, max: 1e3, noNaN: true })),
      memory: fc.oneof(fc.constant(0), fc.double({ min: 1e-30, max: 1e30, noNaN: true })),
    });
    fc.assert(
      fc.property(start, fc.infiniteStream(anything), (given, answers) => {
        const told = new Map([[0, given.value]]);
        const f: Line = (length) => {
          if (!told.has(length)) told.set(length, answers.next().value);
          return told.get(length)!;
        };
        const { length, memory, tried } = searchOf(search, f, given);
        expect(length === 0 || f(length) < given.value).toBe(true);
        expect(length >= 0 && memory >= 0 && Number.isFinite(memory)).toBe(true);
        expect(tried.length).toBeLessThanOrEqual(60);
        expect(tried.every((trial) => trial > 0)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("lowers the objective at every visit of a smooth line, by turns with another one", () => {
    const lines: Line[] = [(x) => (x - 3) ** 4 + x, (x) => Math.cosh(5 * x - 1) - x];
    let memory = 0;
    for (let visit = 0; visit < 10; visit++) {
      const f = lines[visit % 2]!;
      const result = searchOf(search, f, { memory });
      expect(f(result.length)).toBeLessThan(f(0));
      memory = result.memory;
    }
  });
});

describe("lipschitz doubling", () => {
  test("ends below twice the constant of a quadratic, with a step that its inequality accepts, from any start below it", () => {
    for (const L of [0.3, 1, 77, 1e6]) {
      const f = quadratic(L);
      for (const learningRate of [1 / L, 1.7 / L, 1e3 / L, 1e6 / L]) {
        const { length, memory } = searchOf(lipschitzDoubling(), f, { learningRate });
        expect(memory).toBeLessThan(2 * L * (1 + 1e-12));
        expect(memory).toBeGreaterThan(0);
        expect(length).toBe(1 / memory);
        expect(f(length)).toBeLessThanOrEqual(f(0) - 1 / (2 * memory));
      }
    }
  });

  test("stays below twice the constant from visit to visit, and comes down to where the curvature is lower", () => {
    const search = lipschitzDoubling();
    let memory = 0;
    for (let visit = 0; visit < 60; visit++) {
      const L = visit < 30 ? 50 : 2;
      ({ memory } = searchOf(search, quadratic(L), { memory }));
      if (visit < 30 || visit > 45) expect(memory).toBeLessThan(2 * L);
    }
    // 1 never shrinks
    const held = searchOf(lipschitzDoubling({ shrink: 1 }), quadratic(2), { memory: 64 });
    expect(held).toEqual({ length: 1 / 64, memory: 64, tried: [1 / 64] });
  });
});

describe("armijo", () => {
  test("accepts by its inequality, and begins with twice what it accepted last", () => {
    for (const c of [1e-4, 0.1, 0.5]) {
      for (const L of [0.01, 1, 30, 1e4]) {
        const f = quadratic(L);
        const { length, memory, tried } = searchOf(armijo({ c }), f);
        expect(f(length)).toBeLessThanOrEqual(f(0) - c * length);
        expect(tried[0]).toBe(0.1);
        expect(memory).toBe(length);
        expect(searchOf(armijo({ c }), f, { memory }).tried[0]).toBe(2 * length);
      }
    }
  });

  test("hits the minimum of a quadratic in its second trial, if that is not too near or too far", () => {
    for (const minimum of [0.1, 0.3, 0.49]) {
      const { length, tried } = searchOf(armijo({ c: 0.4 }), quadratic(1 / minimum), { learningRate: 1 });
      expect(tried).toHaveLength(2);
      expect(length).toBeCloseTo(minimum, 12);
    }
  });

  test("goes on between a tenth and a half of the last length", () => {
    const options: ArmijoOptions = { tries: 12 };
    const f: Line = (length) => (length > 1e-5 ? 100 : quadratic(1)(length));
    const { tried } = searchOf(armijo(options), f, { slope: -1 });
    const ratios = tried.slice(1).map((length, i) => length / tried[i]!);
    expect(ratios.every((ratio) => ratio >= 0.1 - 1e-12 && ratio <= 0.5 + 1e-12)).toBe(true);
  });

  test("forgets after a search in vain", () => {
    expect(searchOf(armijo(), () => 1, { slope: -1, memory: 8 }).memory).toBe(0);
  });
});

describe("exact line", () => {
  test("finds the minimum of quadratics, from far below and far above", () => {
    for (const minimum of [1e-4, 0.3, 1, 40]) {
      for (const learningRate of [1e-3, 1, 100]) {
        const { length, memory } = searchOf(exactLine(), quadratic(1 / minimum), { learningRate });
        expect(Math.abs(length / minimum - 1)).toBeLessThan(1e-6);
        expect(memory).toBe(length);
      }
    }
  });

  test("takes three evaluations to a minimum that it has bracketed, and a few to be sure, on a quadratic", () => {
    const { tried } = searchOf(exactLine(), quadratic(1), { memory: 0.7 });
    expect(tried.slice(0, 2)).toEqual([0.7, 1.4]);
    expect(tried[2]).toBeCloseTo(1, 12);
    expect(tried.length).toBeLessThanOrEqual(8);
  });

  test("finds the minimum of quartics and of others, to the tolerance", () => {
    const cases: [Line, number][] = [
      [(x) => x ** 4 - 2 * x, 0.5 ** (1 / 3)],
      [(x) => (x - 2) ** 4 + (x - 2) ** 2, 2],
      [(x) => Math.exp(x) - 3 * x, Math.log(3)],
      [(x) => -Math.sin(x), Math.PI / 2],
      [(x) => Math.abs(x - 0.37), 0.37],
    ];
    for (const [f, minimum] of cases) {
      for (const tolerance of [1e-3, 1e-6]) {
        const { length, tried } = searchOf(exactLine({ tolerance }), f);
        expect(Math.abs(length / minimum - 1)).toBeLessThan(2 * tolerance);
        expect(tried.length).toBeLessThanOrEqual(60);
      }
    }
  });

  test("never takes more evaluations than it may, and ends with the lowest point that it saw", () => {
    for (const evaluations of [1, 2, 5, 9]) {
      const f: Line = (x) => (x - 20) ** 4;
      const { length, tried } = searchOf(exactLine({ evaluations }), f);
      expect(tried.length).toBeLessThanOrEqual(evaluations);
      expect(f(length)).toBe(Math.min(f(0), ...tried.map(f)));
    }
  });

  test("grows 2^20 times at most where the objective falls and falls", () => {
    const { length, tried } = searchOf(exactLine(), (x) => -x);
    expect(length).toBe(0.1 * 2 ** 20);
    expect(tried).toHaveLength(21);
  });
});
