import { describe, expect, test } from "vitest";
import { evaluator, largestError, numbers } from "../../test/support/evaluate.ts";
import { gradients } from "../autodiff/gradients.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { zeros } from "../nn/initialiser.ts";
import { parameter } from "../nn/layer.ts";
import { mul, sub } from "../ops/arithmetic.ts";
import { reduceSum, reshape } from "../ops/broadcasting.ts";
import { detach } from "../ops/indexing.ts";
import { matMul } from "../ops/product.ts";
import { adam } from "./adam.ts";
import { blockNewton } from "./block-newton.ts";
import { coordinateNewton } from "./coordinate-newton.ts";
import { curvatureStep } from "./curvature.ts";
import { gradientStep } from "./gradient.ts";
import { diagonalEstimate, hutchinson } from "./hutchinson.ts";
import { momentum } from "./momentum.ts";
import { optimistic } from "./optimistic.ts";
import { box, groupThreshold, proximal, proximalOperators, softThreshold } from "./proximal.ts";
import type { BlockSpec, Moved, UpdateContext, UpdateRule } from "./update-rule.ts";
import { updateRules } from "./update-rules.ts";

type Vector = readonly number[];
type Matrix = readonly Vector[];

const dot = (a: Vector, b: Vector) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const times = (A: Matrix, x: Vector) => A.map((row) => dot(row, x));
const identity = (n: number): Matrix =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
const scaled = (A: Matrix, s: number): Matrix => A.map((row) => row.map((x) => s * x));

/** Symmetric, with positive eigenvalues. */
function definite(n: number): Matrix {
  const A = Array.from({ length: n }, (_, i) => numbers(n, `row ${i}`));
  return A.map((row, i) => A.map((column, j) => dot(row, column) + (i === j ? 0.5 : 0)));
}

/** f(x) = 1/2 x'Hx - c'x of one weight x. */
interface Quadratic {
  readonly H: Matrix;
  readonly c: Vector;
}

const gradientAt = ({ H, c }: Quadratic, x: Vector) => times(H, x).map((y, i) => y - c[i]!);

const blockOf = (n: number): BlockSpec => ({ name: "net", parameters: [parameter("net/x", [n], zeros)] });

/** What a rule is given on a quadratic, with gradients and curvature by differentiation of its graph. */
function contextOf({ H, c }: Quadratic): UpdateContext {
  const n = c.length;
  const x = input("net/x", [n], "parameter");
  const column = reshape(x, [n, 1]);
  const Hx = matMul(constant(H.flat(), [n, n]), column);
  const f = sub(mul(constant(0.5), reduceSum(mul(column, Hx))), reduceSum(mul(constant(c), x)));
  const [g] = gradients(f, [x]) as [Tensor];
  return {
    block: "net",
    moved: [{ name: "net/x", value: x, gradient: g }],
    state: (name) => input(name, name.startsWith("net/x/") ? [n] : [], "state"),
    learningRate: input("learningRate", [], "hyper"),
    curvature: ([direction]) => gradients(reduceSum(mul(g, detach(direction!))), [x]),
    noise: (_, shape) => input("noise", shape, "noise"),
  };
}

interface Start {
  readonly learningRate?: number;
  readonly steps?: number;
  readonly noise?: Vector;
}

/** The weight after each of some steps of a rule on a quadratic, and the state after the last one. */
async function descend(rule: UpdateRule, quadratic: Quadratic, x: Vector, options: Start = {}) {
  const { learningRate = 1, steps = 1, noise = x } = options;
  const next = rule.update(contextOf(quadratic));
  const run = await evaluator([...next.values()]);
  const states = rule
    .init(blockOf(x.length))
    .map(({ name, like, initialiser }) => [name, new Array(like ? x.length : 1).fill(initialiser.value)]);
  let values: Record<string, number[]> = { ...Object.fromEntries(states), "net/x": x };
  const path: number[][] = [];
  for (let t = 0; t < steps; t++) {
    const results = await run({ ...values, learningRate: [learningRate], noise });
    values = Object.fromEntries([...next.keys()].map((name, i) => [name, results[i]!]));
    path.push(values["net/x"]!);
  }
  return { path, last: path.at(-1)!, state: values };
}

const convex: Quadratic = { H: definite(5), c: numbers(5, "c") };
const concave: Quadratic = { ...convex, H: scaled(convex.H, -1) };
const start = numbers(5, "start", -3, 3);

describe("curvature", () => {
  test("steps to the minimum along the gradient of a convex quadratic: the new gradient is orthogonal to the old", async () => {
    const { path } = await descend(curvatureStep(), convex, start, { steps: 4, learningRate: 1e-6 });
    let before: Vector = start;
    for (const x of path) {
      const [g, next] = [gradientAt(convex, before), gradientAt(convex, x)];
      expect(Math.abs(dot(g, next))).toBeLessThan(1e-12 * dot(g, g));
      before = x;
    }
  });

  test("steps ten learning rates where the objective curves downwards", async () => {
    const { last } = await descend(curvatureStep(), concave, start, { learningRate: 0.01 });
    const g = gradientAt(concave, start);
    const expected = start.map((x, i) => x - 0.1 * g[i]!);
    expect(largestError(last, expected)).toBeLessThan(1e-14);
  });
});

describe("coordinate-newton", () => {
  test("solves a quadratic of one weight, and one whose Hessian is diagonal, in one step", async () => {
    const one = await descend(coordinateNewton(), { H: [[3]], c: [2] }, [-7]);
    expect(one.last[0]).toBeCloseTo(2 / 3, 14);
    const H = identity(5).map((row, i) => row.map((x) => x * (i + 1) ** 2));
    const { last } = await descend(coordinateNewton(), { H, c: convex.c }, start);
    const minimum = convex.c.map((x, i) => x / (i + 1) ** 2);
    expect(largestError(last, minimum)).toBeLessThan(1e-14);
  });

  test("goes downhill where the objective curves downwards, as far as it would uphill to the stationary point", async () => {
    const { last } = await descend(coordinateNewton(), { H: [[-4]], c: [0] }, [3], { learningRate: 0.5 });
    expect(last).toEqual([4.5]);
  });

  test("refuses a block of more than 64 weights", () => {
    const large = { H: identity(65), c: numbers(65, "c") };
    expect(() => coordinateNewton().update(contextOf(large))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: coordinate-newton: expected a block of at most 64 weights, got net with 65. Divide the network into smaller blocks, or use hutchinson, which estimates the diagonal.]`,
    );
    expect(() => coordinateNewton().update(contextOf({ H: identity(64), c: numbers(64, "c") }))).not.toThrow();
  });
});

describe("block-newton", () => {
  const minimumOf = async () => (await descend(blockNewton(), convex, start)).last;

  test("solves a convex quadratic of five weights in one step, from anywhere", async () => {
    for (const name of ["a", "b", "c"]) {
      const { last } = await descend(blockNewton(), convex, numbers(5, name, -100, 100));
      const residual = gradientAt(convex, last);
      expect(Math.max(...residual.map(Math.abs))).toBeLessThan(1e-11);
    }
  });

  test("stays at the minimum, with numbers", async () => {
    const minimum = await minimumOf();
    const { path } = await descend(blockNewton(), convex, minimum, { steps: 3 });
    for (const x of path) expect(largestError(x, minimum)).toBeLessThan(1e-14);
    const exactly = await descend(blockNewton(), { ...convex, c: [0, 0, 0, 0, 0] }, [0, 0, 0, 0, 0]);
    expect(exactly.last).toEqual([0, 0, 0, 0, 0]);
  });

  test("is done before its iterations where the Hessian has few eigenvalues, and then changes nothing", async () => {
    const { last } = await descend(blockNewton(), { H: scaled(identity(5), 4), c: convex.c }, start);
    expect(
      largestError(
        last,
        convex.c.map((x) => x / 4),
      ),
    ).toBeLessThan(1e-14);
  });

  test("minimises in the space of the gradient and its products with the Hessian if it may take fewer", async () => {
    const { last } = await descend(blockNewton({ iterations: 2 }), convex, start);
    const g = gradientAt(convex, start);
    const residual = gradientAt(convex, last);
    for (const basis of [g, times(convex.H, g)]) expect(Math.abs(dot(residual, basis))).toBeLessThan(1e-10);
    expect(Math.max(...residual.map(Math.abs))).toBeGreaterThan(1e-3);
  });

  test("adds the damping to the Hessian", async () => {
    const { last } = await descend(blockNewton({ damping: 2 }), convex, start);
    const d = last.map((x, i) => x - start[i]!);
    const [left, g] = [times(convex.H, d).map((y, i) => y + 2 * d[i]!), gradientAt(convex, start)];
    const right = g.map((y) => -y);
    expect(largestError(left, right)).toBeLessThan(1e-12);
  });

  test("takes the gradient where the objective curves downwards along it", async () => {
    const { last } = await descend(blockNewton(), concave, start, { learningRate: 0.01 });
    const g = gradientAt(concave, start);
    const expected = start.map((x, i) => x - 0.01 * g[i]!);
    expect(largestError(last, expected)).toBeLessThan(1e-14);
  });

  test("ends with the solution so far, downhill, at the first direction along which the objective curves downwards", async () => {
    const lengths = new Set<number>();
    for (let k = 0; k < 15; k++) {
      const start = numbers(5, `start ${k}`, -3, 3);
      const H = convex.H.map((row, i) => row.map((x, j) => x - (i === j ? 0.1 * k : 0)));
      const { last } = await descend(blockNewton(), { H, c: convex.c }, start);
      const d = last.map((x, i) => x - start[i]!);
      const g = gradientAt({ H, c: convex.c }, start);
      const { solution, iterations } = truncatedNewton(H, g);
      lengths.add(iterations);
      expect(largestError(d, solution)).toBeLessThan(1e-9);
      expect(dot(d, g)).toBeLessThan(0);
    }
    expect([...lengths].sort()).toEqual([1, 2, 3, 5]);
  });
});

/** Nocedal and Wright 2006, algorithm 7.1, without its tolerance, and the number of iterations that it made. */
function truncatedNewton(H: Matrix, g: Vector) {
  const n = g.length;
  let z: Vector = g.map(() => 0);
  let r = g;
  let d: Vector = g.map((x) => -x);
  for (let j = 0; j < n; j++) {
    const Hd = times(H, d);
    if (dot(d, Hd) <= 0) return { solution: j === 0 ? d : z, iterations: j };
    const alpha = dot(r, r) / dot(d, Hd);
    z = z.map((x, i) => x + alpha * d[i]!);
    const next = r.map((x, i) => x + alpha * Hd[i]!);
    const beta = dot(next, next) / dot(r, r);
    d = next.map((x, i) => -x + beta * d[i]!);
    r = next;
  }
  return { solution: z, iterations: n };
}

describe("hutchinson", () => {
  const n = 5;
  const signs = Array.from({ length: 2 ** n }, (_, k) => Array.from({ length: n }, (_, i) => (k & (1 << i) ? 1 : -1)));
  const mean = (list: readonly Vector[]) =>
    list[0]!.map((_, i) => list.reduce((sum, x) => sum + x[i]!, 0) / list.length);

  test("estimates the diagonal of the Hessian: its mean over all vectors of signs, and its variance, are exact", async () => {
    const run = await evaluator(diagonalEstimate(contextOf(convex)));
    const estimates: Vector[] = [];
    for (const noise of signs) estimates.push((await run({ "net/x": start, noise }))[0]!);
    const diagonal = convex.H.map((row, i) => row[i]!);
    expect(largestError(mean(estimates), diagonal)).toBeLessThan(1e-14);
    const variance = mean(estimates.map((h) => h.map((x, i) => (x - diagonal[i]!) ** 2)));
    const offDiagonal = convex.H.map((row, i) => dot(row, row) - row[i]! ** 2);
    expect(largestError(variance, offDiagonal)).toBeLessThan(1e-13);
  });

  test("uses only the signs of the noise", async () => {
    const [a, b] = [0.2, 3].map((scale) => signs[11]!.map((x) => scale * x));
    const [one, other] = [a, b].map((noise) => descend(hutchinson(), convex, start, { noise: noise! }));
    expect((await one!).last).toEqual((await other!).last);
  });

  test("is Newton's step on a diagonal Hessian, within its bounds, and never moves a weight further than they allow", async () => {
    const H = identity(5).map((row, i) => row.map((x) => x * (i - 2.5)));
    const c = [0.1, -30, 0.2, 0.3, -40];
    const { last } = await descend(hutchinson(), { H, c }, new Array(5).fill(0), { learningRate: 0.5 });
    const expected = c.map((x, i) => 0.5 * Math.min(Math.max(x / (Math.abs(i - 2.5) + 1e-8), -1), 1));
    expect(largestError(last, expected)).toBeLessThan(1e-14);
  });
});

describe("optimistic", () => {
  test("is optimistic gradient descent: x - lr (2g - g_last), and x - lr g at first", async () => {
    const { path, state } = await descend(optimistic(gradientStep()), convex, start, { steps: 5, learningRate: 0.1 });
    let [x, last] = [start, gradientAt(convex, start)];
    for (const actual of path) {
      const g = gradientAt(convex, x);
      x = x.map((w, i) => w - 0.1 * (2 * g[i]! - last[i]!));
      last = g;
      expect(largestError(actual, x)).toBeLessThan(1e-14);
    }
    expect(state["net/optimistic/seen"]).toEqual([1]);
    expect(largestError(state["net/x/optimistic/gradient"]!, last)).toBeLessThan(1e-14);
  });

  test("gives the rule the extrapolated gradient and keeps the rest of it (heavy ball)", async () => {
    const rule = optimistic(momentum({ momentum: 0.5 }));
    const { path } = await descend(rule, convex, start, { steps: 4, learningRate: 0.1 });
    let [x, last, v] = [start, gradientAt(convex, start), start.map(() => 0)];
    for (const actual of path) {
      const g = gradientAt(convex, x);
      v = v.map((y, i) => 0.5 * y + 2 * g[i]! - last[i]!);
      x = x.map((w, i) => w - 0.1 * v[i]!);
      last = g;
      expect(largestError(actual, x)).toBeLessThan(1e-13);
    }
    expect(optimistic(hutchinson()).needs).toEqual(["curvature", "noise"]);
  });

  test("finds the point of balance of a bilinear game, from which plain steps at once go away", async () => {
    // x y, both at once: (y, -x) in place of a gradient
    const game = contextOf({ H: identity(2), c: [0, 0] });
    const [{ name, value }] = game.moved as [Moved];
    const field = reshape(matMul(constant([0, 1, -1, 0], [2, 2]), reshape(value, [2, 1])), [2]);
    const play = async (rule: UpdateRule) => {
      const update = () => rule.update({ ...game, moved: [{ name, value, gradient: field }] });
      const options = { steps: 300, learningRate: 0.3 };
      return (await descend({ ...rule, update }, { H: identity(2), c: [0, 0] }, [1, 0], options)).last;
    };
    expect(Math.hypot(...(await play(optimistic(gradientStep()))))).toBeLessThan(1e-2);
    expect(Math.hypot(...(await play(gradientStep())))).toBeGreaterThan(1e5);
  });

  test("refuses a rule with a search", () => {
    expect(() => optimistic(updateRules.exact({}))).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: optimistic: exact searches along the negative gradient. Use a rule without a search.]`,
    );
  });
});

describe("proximal", () => {
  const learningRate = 0.1;

  test("solves the lasso of an orthogonal design by the soft threshold, in one step of length 1 from anywhere", async () => {
    const c = [3, -2, 0.5, -0.5, 0];
    const rule = proximal(gradientStep(), softThreshold(0.75));
    const { path } = await descend(rule, { H: identity(5), c }, start, { steps: 3 });
    for (const x of path) expect(largestError(x, [2.25, -1.25, 0, 0, 0])).toBeLessThan(1e-15);
  });

  test("ends where the lasso of any design is optimal", async () => {
    for (const weight of [0, 0.3, 0.6]) {
      const rule = proximal(gradientStep(), softThreshold(weight));
      const { last } = await descend(rule, convex, start, { steps: 1000, learningRate });
      const g = gradientAt(convex, last);
      for (const [i, x] of last.entries()) {
        if (x === 0) expect(Math.abs(g[i]!)).toBeLessThanOrEqual(weight + 1e-12);
        else expect(Math.abs(g[i]! + weight * Math.sign(x))).toBeLessThan(1e-12);
      }
    }
    // from the largest slope at 0 on, the solution is 0
    const largest = Math.max(...convex.c.map(Math.abs)) * (1 + 1e-9);
    const none = await descend(proximal(gradientStep(), softThreshold(largest)), convex, start, {
      steps: 1000,
      learningRate,
    });
    expect(none.last).toEqual([0, 0, 0, 0, 0]);
  });

  test("solves the group lasso of an orthogonal design: a weight as a whole is shortened, or 0", async () => {
    const rule = proximal(gradientStep(), groupThreshold(2));
    const { last } = await descend(rule, { H: identity(2), c: [3, -4] }, [1, 1]);
    expect(largestError(last, [3 * 0.6, -4 * 0.6])).toBeLessThan(1e-15);
    expect((await descend(rule, { H: identity(2), c: [1.2, -1.6] }, [1, 1])).last.map(Math.abs)).toEqual([0, 0]);
    expect((await descend(rule, { H: identity(2), c: [0, 0] }, [0, 0])).last.map(Math.abs)).toEqual([0, 0]);
  });

  test("keeps weights in the box, and ends where the objective is least in it", async () => {
    const rule = proximal(gradientStep(), box(0.2));
    const { path, last } = await descend(rule, convex, start, { steps: 1000, learningRate });
    for (const x of path) expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(0.2);
    const g = gradientAt(convex, last);
    for (const [i, x] of last.entries()) {
      if (Math.abs(x) < 0.2) expect(Math.abs(g[i]!)).toBeLessThan(1e-12);
      else expect(g[i]! * x).toBeLessThanOrEqual(0);
    }
  });

  test("is the rule itself without an operator, and with those of weight 0", async () => {
    expect(proximal(adam(), proximalOperators.none())).toEqual(expect.objectContaining({ name: "adam" }));
    const plain = await descend(adam(), convex, start, { steps: 3, learningRate });
    for (const operator of [softThreshold(0), groupThreshold(0), box(1e6)]) {
      const { path, state } = await descend(proximal(adam(), operator), convex, start, { steps: 3, learningRate });
      expect(path).toEqual(plain.path);
      expect(state).toEqual(plain.state);
    }
  });

  test("composes with optimism, in either order", async () => {
    const options = { steps: 5, learningRate };
    const operator = softThreshold(0.5);
    const one = await descend(proximal(optimistic(adam()), operator), convex, start, options);
    const other = await descend(optimistic(proximal(adam(), operator)), convex, start, options);
    expect(one.path).toEqual(other.path);
    expect(proximal(optimistic(hutchinson()), operator).needs).toEqual(["curvature", "noise"]);
  });

  test("refuses a rule with a search, and negative weights", () => {
    expect(() => proximal(updateRules["line-search"]({}), box(1))).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: box: line-search searches for a decrease of the objective alone. Use a rule without a search, or the operator none.]`,
    );
    expect(proximal(updateRules.exact({}), undefined).search).toBeDefined();
    expect(() => softThreshold(-1)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: soft-threshold: expected a number from 0 on, got -1.]`,
    );
    expect(() => box(Number.NaN)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: box: expected a number from 0 on, got NaN.]`,
    );
  });
});
