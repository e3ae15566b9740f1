import type { Descent, PlayerSpec } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { constant } from "../graph/tensor.ts";
import { mul, square, sub } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { abs, relu } from "../ops/elementwise.ts";
import { take } from "../ops/indexing.ts";
import { exactLine } from "../optim/exact-line.ts";
import { diagonalEstimate } from "../optim/hutchinson.ts";
import { weightState } from "../optim/state.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import { updateRules } from "../optim/update-rules.ts";
import type { SelectionRule } from "../plan.ts";
import { atMost, equal } from "./findings.ts";
import { along, dot, matrix, norm, part, range, sum, symmetricEigenvalues, times } from "./linear-algebra.ts";
import { type Course, course, valueAt, vector } from "./minimisation-runs.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic, valueName, variables } from "./problems.ts";

const { cyclic, permutation, uniform } = selectionRules;

const zeros = (n: number) => new Array<number>(n).fill(0);

/** f = -xy - yz - zx + sum of max(|x_i| - 1, 0)^2. */
function powell(start: readonly number[], select: SelectionRule): PlayerSpec {
  return {
    network: variables("min", { x: { shape: [3], start: { kind: "values", values: start } } }),
    descent: {
      partition: partitions.unit({}),
      select,
      update: { ...updateRules.exact({}), search: exactLine({ tolerance: 1e-10 }) },
      learningRate: 1,
    },
    objective(weights) {
      const x = weights(valueName("min", "x"));
      const next = take(x, constant([1, 2, 0]), 0);
      const value = sub(reduceSum(square(relu(sub(abs(x), constant(1))))), reduceSum(mul(x, next)));
      return { value, metrics: { f: value } };
    },
  };
}

const signs = (x: readonly number[]) => x.map((value) => (value < 0 ? "-" : "+")).join("");

export const powellOracle: Oracle = {
  id: "T12",
  title: "exact cyclic descent circles in Powell's example of 1973, and other orders leave the circle",
  rules: ["cyclic", "gauss-southwell", "uniform", "permutation", "exact", "unit"],
  async check(lab) {
    const e = 0.1;
    const start = [-1 - e, 1 + e / 2, -1 - e / 4];
    const steps = 12;
    const { points } = await course(lab, powell(start, cyclic({})), steps);
    const circle = ["++-", "+--", "+-+", "--+", "-++", "-+-"];
    const wrong = points.slice(1).filter((x, k) => signs(x) !== circle[k % 6]).length;
    // the minimum in one coordinate: sign(s) (1 + |s| / 2), s the sum of the others
    const truth = [[...start]];
    for (const k of range(steps)) {
      const x = [...truth[k]!];
      const s = sum(x) - x[k % 3]!;
      x[k % 3] = Math.sign(s) * (1 + Math.abs(s) / 2);
      truth.push(x);
    }
    const last = points[steps]!;
    const toVertex = (x: readonly number[]) => Math.max(...x.map((value) => Math.abs(Math.abs(value) - 1)));
    const slope = last.map((x) => -(sum(last) - x) + 2 * Math.sign(x) * Math.max(Math.abs(x) - 1, 0));
    const error = Math.max(...points.map((x, k) => norm(along(x, -1, truth[k]!))));
    return [
      equal("points of 12 outside of the circle of 6 octants", wrong, 0, 0),
      equal("largest distance from the iterates of the formula", error, 0, 1e-6),
      equal("distance to a vertex after 12 updates", toVertex(last), toVertex(truth[steps]!), 1e-6),
      equal("length of the gradient there, which does not tend to 0", norm(slope), 2, 1e-3),
      equal("cyclic: 1 if all are of one sign after 18 moves", await escaped(lab, start, cyclic({}), [1]), 0, 0),
      equal(
        "greedy: 1 if all are of one sign after 18 moves",
        await escaped(lab, start, selectionRules["gauss-southwell"](), [1]),
        1,
        0,
      ),
      equal("uniform: share of 5 seeds with one sign then", await escaped(lab, start, uniform(), range(5)), 1, 0),
      equal(
        "permutation: share of 5 seeds with one sign then",
        await escaped(lab, start, permutation(), range(5)),
        1,
        0,
      ),
    ];
  },
};

/** The share of the seeds in which the vector has one sign after 18 moves: there f falls without bound. Later rounding takes even the cyclic order there. */
async function escaped(lab: Lab, start: readonly number[], select: SelectionRule, seeds: readonly number[]) {
  const plan = lab.plan([powell(start, select)]);
  let count = 0;
  for (const seed of seeds) {
    const trainer = await lab.trainer(plan, seed + 1);
    for (let k = 0; k < 18; k++) await trainer.iterate();
    count += new Set(signs(Array.from(await trainer.read(vector)))).size === 1 ? 1 : 0;
  }
  return count / seeds.length;
}

const H: Matrix = matrix(6, 6, (i, j) => (i === j ? 2 + i : Math.cos(i + j)));
const c = [1, -1, 2, 0.5, -2, 1];
const start = [3, -2, 1, 4, -1, 2];
const blocks = [
  [0, 1],
  [2, 3],
  [4, 5],
];

const inPairs = (update: UpdateRule, learningRate: number): Descent => ({
  partition: partitions.unit({ blockSize: 2 }),
  select: cyclic({}),
  update,
  learningRate,
});

export const searchOracle: Oracle = {
  id: "T15",
  title: "searched steps satisfy their inequalities, and measured constants are the largest eigenvalues",
  rules: ["lipschitz", "line-search", "curvature", "exact", "unit", "importance"],
  async check(lab) {
    const run = (update: UpdateRule, learningRate: number) =>
      course(lab, quadratic(H, c, start, inPairs(update, learningRate)), 24);
    const [doubling, backtracking, cauchy] = [
      // 1 / learningRate is below every L_b
      await run(updateRules.lipschitz({}), 1),
      await run(updateRules["line-search"]({}), 10),
      await run(updateRules.curvature({}), 1),
    ];
    const constants = blocks.map((block) => symmetricEigenvalues(part(H, block)).at(-1)!);
    const overL = doubling.moves.map(([moved]) => 1 / moved!.length! / constants[moved!.number]!);
    return [
      equal("lipschitz: largest excess of f(x - g/L) over f(x) - |g|^2 / (2L)", excess(doubling, 0.5), 0, 1e-12),
      atMost("lipschitz: largest L over L_b", Math.max(...overL), 2),
      equal("lipschitz: largest distance of the step from -g/L", offLine(doubling), 0, 1e-12),
      equal("lipschitz: largest rise of f", rise(doubling), 0, 1e-12),
      equal("line-search: largest excess of f over Armijo's bound", excess(backtracking, 1e-4), 0, 1e-12),
      equal("line-search: largest rise of f", rise(backtracking), 0, 1e-12),
      equal("curvature: slope at the end of a step over that at its start", slopeLeft(cauchy), 0, 1e-12),
      ...(await constantFindings(lab, constants)),
    ];
  },
};

/** Each step of a course: the block, its gradient before and after, f before and after. */
function stepsOf({ points, moves }: Course) {
  return moves.map(([moved], k) => {
    const [before, after] = [points[k]!, points[k + 1]!];
    const slope = (x: readonly number[]) => {
      const g = along(times(H, x), -1, c);
      return blocks[moved!.number]!.map((i) => g[i]!);
    };
    const step = blocks[moved!.number]!.map((i) => after[i]! - before[i]!);
    const [from, to] = [valueAt(H, c, before), valueAt(H, c, after)];
    return { length: moved!.length ?? Number.NaN, step, g: slope(before), left: slope(after), from, to };
  });
}

const excess = (course: Course, share: number) =>
  Math.max(0, ...stepsOf(course).map(({ length, g, from, to }) => to - from + share * length * dot(g, g)));
const rise = (course: Course) => Math.max(0, ...stepsOf(course).map(({ from, to }) => to - from));
const offLine = (course: Course) =>
  Math.max(...stepsOf(course).map(({ step, length, g }) => norm(along(step, length, g))));
const slopeLeft = (course: Course) =>
  Math.max(...stepsOf(course).map(({ g, left }) => Math.abs(dot(g, left)) / (dot(g, g) || 1)));

/** The Lipschitz constants that the runner measures. */
async function constantFindings(lab: Lab, constants: readonly number[]): Promise<Finding[]> {
  const descent = { ...inPairs(updateRules.gradient({}), 0.01), select: selectionRules.importance({}) };
  const spec = quadratic(H, c, start, { ...descent, lipschitz: { rounds: 60, every: 0 } });
  const measured = await (await course(lab, spec, 1)).read("min/lipschitz");
  return constants.map((constant, b) =>
    equal(`measured constant of block ${b} over the largest eigenvalue of H_bb`, measured[b]! / constant, 1, 1e-3),
  );
}

/** Puts the estimate in place of the weights, on which the Hessian of a quadratic does not depend, and writes down the noise. */
const probe: UpdateRule = {
  name: "probe",
  needs: ["curvature", "noise"],
  init: ({ parameters }) => parameters.map((parameter) => weightState(parameter, "noise", "rest")),
  update(context) {
    const estimate = diagonalEstimate(context);
    return new Map(
      context.moved.flatMap(({ name, value }, i) => [
        [name, estimate[i]!],
        [`${name}/noise`, context.noise(`${name}/hutchinson/probe`, value.shape)],
      ]),
    );
  },
};

export const hutchinsonOracle: Oracle = {
  id: "T16",
  title: "Hutchinson's estimate has the diagonal as its mean and the squares beside it as its variance",
  rules: ["hutchinson", "all"],
  async check(lab) {
    const n = 4;
    const H4 = part(H, range(n));
    const spec = (update: UpdateRule) =>
      quadratic(H4, zeros(n), start.slice(0, n), {
        partition: partitions.all(),
        select: cyclic({}),
        update,
        learningRate: 0.01,
      });
    const estimates = new Map<string, number[]>();
    const trainer = await lab.trainer(lab.plan([spec(probe)]));
    const rule = await lab.trainer(lab.plan([spec(updateRules.hutchinson({ beta1: 0, beta2: 0 }))]));
    let apart = 0;
    while (estimates.size < 2 ** n && trainer.step < 400) {
      await trainer.iterate();
      await rule.iterate();
      const estimate = Array.from(await trainer.read(vector));
      estimates.set(signs(Array.from(await trainer.read(`${vector}/noise`))), estimate);
      const squares = await rule.read(`${vector}/hutchinson/s`);
      apart = Math.max(apart, ...estimate.map((h, i) => Math.abs(h ** 2 - squares[i]!)));
    }
    const all = [...estimates.values()];
    const means = range(n).map((i) => sum(all.map((h) => h[i]!)) / all.length);
    const variances = range(n).map((i) => sum(all.map((h) => (h[i]! - means[i]!) ** 2)) / all.length);
    return [
      ...range(n).map((i) => equal(`mean over all sign vectors: H_${i}${i}`, means[i]!, H4[i]![i]!, 1e-12)),
      ...range(n).map((i) => {
        const beside = sum(range(n).map((j) => (j === i ? 0 : H4[i]![j]! ** 2)));
        return equal(
          `variance ${i} over all sign vectors: sum of the squares beside H_${i}${i}`,
          variances[i]!,
          beside,
          1e-12,
        );
      }),
      equal("sign vectors seen", all.length, 2 ** n, 0),
      equal("hutchinson: largest distance of its scale from the square of the estimate", apart, 0, 1e-12),
    ];
  },
};
