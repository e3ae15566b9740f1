import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ShapeError } from "../errors.ts";
import { broadcast, broadcastAxes, normaliseAxes } from "./broadcast.ts";
import { sameShape } from "./tensor.ts";

const shapes = fc.array(fc.constantFrom(0, 1, 2, 3), { maxLength: 4 });

/** `shape` with ones in front, to a rank. */
const aligned = (shape: readonly number[], rank: number) => [...Array<number>(rank - shape.length).fill(1), ...shape];

/** The definition: a and b stretch to the result, and each of its sizes comes from one of them. */
function byDefinition(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const pairs = aligned(a, rank).map((size, axis) => [size, aligned(b, rank)[axis]!]);
  const sizes = pairs.map((pair) => pair.filter((to) => pair.every((from) => from === to || from === 1)));
  return sizes.every(([size]) => size !== undefined) ? sizes.map(([size]) => size!) : undefined;
}

function attempt(a: readonly number[], b: readonly number[]): readonly number[] | undefined {
  try {
    return broadcast("test", a, b);
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}

describe("broadcast", () => {
  test("agrees with the definition for any two shapes", () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        expect(attempt(a, b)).toEqual(byDefinition(a, b));
      }),
    );
  });

  test("is symmetric, and does nothing to equal shapes and to a scalar", () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        expect(attempt(a, b)).toEqual(attempt(b, a));
        expect(broadcast("test", a, a)).toEqual(a);
        expect(broadcast("test", [], a)).toEqual(a);
      }),
    );
  });

  test("says which shapes do not fit", () => {
    expect(() => broadcast("add", [2, 3], [4])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: add: expected sizes that are equal or 1, counted from the last axis, got [2, 3] and [4]. Reshape one of them?]`,
    );
  });
});

describe("broadcastAxes", () => {
  test("are the axes whose coordinate does not matter to the element that is read", () => {
    fc.assert(
      fc.property(shapes, shapes, (from, other) => {
        const to = attempt(from, other);
        fc.pre(to !== undefined);
        const axes = broadcastAxes(from, to!);
        const read = aligned(from, to!.length);
        // reducing the axes to size 1 gives the original shape, up to ones in front
        expect(to!.map((size, axis) => (axes.includes(axis) ? 1 : size))).toEqual(read);
        for (const axis of axes) expect(axis < to!.length - from.length || to![axis] !== 1).toBe(true);
      }),
    );
  });

  test("are none between equal shapes, and otherwise the repeated ones", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        expect(broadcastAxes(shape, shape)).toEqual([]);
      }),
    );
    expect(broadcastAxes([1], [2, 1])).toEqual([0]);
    expect(broadcastAxes([3], [2, 3])).toEqual([0]);
    expect(broadcastAxes([2, 1], [2, 0])).toEqual([1]);
  });
});

describe("normaliseAxes", () => {
  test("counts negative axes from the last and sorts", () => {
    const rankAndAxes = fc
      .integer({ min: 1, max: 5 })
      .chain((rank) =>
        fc.tuple(
          fc.constant(rank),
          fc.shuffledSubarray([...Array(rank).keys()]),
          fc.array(fc.boolean(), { minLength: rank, maxLength: rank }),
        ),
      );
    fc.assert(
      fc.property(rankAndAxes, ([rank, axes, isNegative]) => {
        const written = axes.map((axis) => (isNegative[axis] ? axis - rank : axis));
        expect(normaliseAxes("test", written, rank)).toEqual(axes.toSorted((a, b) => a - b));
      }),
    );
  });

  test.each([[[2]], [[-3]], [[0, 0]], [[1, -1]], [[0.5]], [[Number.NaN]]])("refuses %j of a matrix", (axes) => {
    expect(() => normaliseAxes("test", axes, 2)).toThrow(ShapeError);
  });

  test("says which axes it got", () => {
    expect(() => normaliseAxes("reduceSum", [0, -2], 2)).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: reduceSum: axes are distinct and below the rank 2, got [0, -2].]`,
    );
  });
});

test("two shapes are the same when they agree in rank and in every size", () => {
  fc.assert(
    fc.property(shapes, shapes, (a, b) => {
      expect(sameShape(a, b)).toBe(`${a}` === `${b}`);
    }),
  );
});
