import type { Descent } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { largestCoordinates } from "../optim/largest-coordinates.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import { updateRules } from "../optim/update-rules.ts";
import type { SelectionRule } from "../plan.ts";
import { atLeast, atMost, equal } from "./findings.ts";
import { along, diagonal, distance, dot, matrix, part, range, solve, sum, times } from "./linear-algebra.ts";
import { type Course, course, valueAt, vector } from "./minimisation-runs.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic } from "./problems.ts";

const { cyclic, uniform, importance } = selectionRules;

const newton = updateRules["coordinate-newton"]({});

const stepping = (update: UpdateRule, select: SelectionRule, learningRate = 1, blockSize = 1): Descent => ({
  partition: partitions.unit({ blockSize }),
  select,
  update,
  learningRate,
  lipschitz: { rounds: 1, every: 0 },
});

/** A matrix with these numbers on the diagonal, all exact in float32, and others beside it. */
const withDiagonal = (d: readonly number[]): Matrix =>
  matrix(d.length, d.length, (i, j) => (i === j ? d[i]! : Math.cos(2 * i + 2 * j + i * j) / 3));

const five = withDiagonal([1, 4, 1.5, 8, 2.25]);
const zeros = (n: number) => new Array<number>(n).fill(0);
const somewhere = [1, -0.7, 2, 0.4, -1.2];

/** One step from one point for as many seeds as it takes to see every block move. */
async function eachByChance(
  lab: Lab,
  descent: Descent,
): Promise<{ probability: number; reached: readonly number[] }[]> {
  const n = five.length;
  const plan = lab.plan([quadratic(five, zeros(n), somewhere, descent)]);
  const seen = new Map<number, { probability: number; reached: readonly number[] }>();
  for (let seed = 1; seen.size < n && seed <= 200; seed++) {
    const { points, moves } = await course(lab, plan, 1, { seed });
    const { number, score } = moves[0]![0]!;
    seen.set(number, { probability: score!, reached: points[1]! });
  }
  return [...seen.values()];
}

export const expectedDecreaseOracle: Oracle = {
  id: "T10",
  title: "random coordinates decrease a quadratic by what the identities say, on average",
  rules: ["importance", "uniform", "unit", "coordinate-newton", "gradient"],
  async check(lab) {
    const [n, e] = [five.length, somewhere];
    const g = times(five, e);
    const trace = sum(range(n).map((i) => five[i]![i]!));
    const mean = (outcomes: readonly { probability: number; reached: readonly number[] }[]) =>
      outcomes.reduce((total, { probability, reached }) => along(total, probability, reached), zeros(n));
    const value = (x: readonly number[]) => valueAt(five, zeros(n), x);
    const sampled = await eachByChance(lab, stepping(newton, importance({ exponent: 1, floor: 0 })));
    const decrease = sum(sampled.map(({ probability, reached }) => probability * (value(e) - value(reached))));
    const ofScores = 1e-7; // they are remembered in float32
    const L = 10;
    const evenly = await eachByChance(lab, stepping(updateRules.gradient({}), uniform(), 1 / L));
    const probabilities = (outcomes: typeof sampled) => sum(outcomes.map(({ probability }) => probability));
    return [
      equal("p ~ H_ii, exact steps: mean decrease, |g|^2 / (2 tr H)", decrease, dot(g, g) / (2 * trace), ofScores),
      equal(
        "p ~ H_ii, exact steps: distance of the mean from (I - H / tr H) e",
        distance(mean(sampled), along(e, -1 / trace, g)),
        0,
        ofScores,
      ),
      equal("p ~ H_ii: sum of the probabilities of all blocks", probabilities(sampled), 1, ofScores),
      equal("uniform: sum of the probabilities of all blocks", probabilities(evenly), 1, 1e-12),
      equal(
        "uniform, steps 1/L: distance of the mean from (I - H / (n L)) e",
        distance(mean(evenly), along(e, -1 / (n * L), g)),
        0,
        1e-12,
      ),
    ];
  },
};

/** The decrease of f by each step of a course. */
function decreases(H: Matrix, { points }: Course): number[] {
  const values = points.map((x) => valueAt(H, zeros(x.length), x));
  return values.slice(1).map((value, k) => values[k]! - value);
}

/** Points that have nothing to do with each other. */
const samples = (n: number, count: number) => range(count).map((k) => range(n).map((i) => Math.sin(7 * k + 3 * i + 1)));

/** The decrease of f in one step from each of some points. */
async function decreasesFrom(lab: Lab, H: Matrix, descent: Descent, points: readonly (readonly number[])[]) {
  const plan = lab.plan([quadratic(H, zeros(H.length), zeros(H.length), descent)]);
  const found: number[] = [];
  for (const start of points) found.push(decreases(H, await course(lab, plan, 1, { start }))[0]!);
  return found;
}

/** Steps until the vector is exactly 0. */
async function stepsToZero(lab: Lab, plan: ReturnType<Lab["plan"]>, seed: number, most: number): Promise<number> {
  const trainer = await lab.trainer(plan, seed);
  while (trainer.step < most && (await trainer.read(vector)).some((x) => x !== 0)) await trainer.iterate();
  return trainer.step;
}

export const greedyOracle: Oracle = {
  id: "T11",
  title: "greedy rules take the best block, and have the rates of Nutini et al. 2015",
  rules: ["gauss-southwell", "gauss-southwell-lipschitz", "cyclic", "uniform", "block-newton", "curvature"],
  async check(lab) {
    const gs = selectionRules["gauss-southwell"]();
    const gsl = selectionRules["gauss-southwell-lipschitz"]();
    const points = samples(5, 12);
    const single = (H: Matrix, x: readonly number[]) => times(H, x).map((g, i) => g ** 2 / (2 * H[i]![i]!));
    const best = points.map((x) => Math.max(...single(five, x)));
    const bySlope = await decreasesFrom(lab, five, stepping(updateRules.curvature({}), gsl), points);

    const unit = withDiagonal([1, 1, 1, 1, 1]);
    const means = points.map((x) => sum(single(unit, x)) / 5);
    const greedy = await decreasesFrom(lab, unit, stepping(updateRules.curvature({}), gs), points);
    const overMean = Math.min(...greedy.map((decrease, k) => decrease / means[k]!));

    return [
      equal(
        "GSL, exact steps: largest distance from the best coordinate's decrease",
        distance(bySlope, best),
        0,
        1e-12,
      ),
      atLeast("GS, exact steps, equal L: least decrease over the mean of all coordinates", overMean, 1, 5),
      ...(await blockNewtonFindings(lab)),
      ...(await rateFindings(lab, gs)),
      ...(await diagonalFindings(lab, gs)),
    ];
  },
};

/** GSQ: the decrease by Newton's step in a block. */
async function blockNewtonFindings(lab: Lab): Promise<Finding[]> {
  const [H, x] = [withDiagonal([3, 4, 5, 2, 6, 3]), [1, -2, 0.5, 1, 2, -1]];
  const g = times(H, x);
  const blocks = [
    [0, 1],
    [2, 3],
    [4, 5],
  ];
  const known = blocks.map((b) => {
    const slope = b.map((i) => g[i]!);
    return dot(slope, solve(part(H, b), slope)) / 2;
  });
  const found: number[] = [];
  for (const b of range(3)) {
    const order = range(3).map((i) => (b + i) % 3);
    const descent = stepping(updateRules["block-newton"]({}), cyclic({ order }), 1, 2);
    found.push((await decreasesFrom(lab, H, descent, [x]))[0]!);
  }
  return [equal("block-newton: distance of the decreases from g_b' H_bb^-1 g_b / 2", distance(found, known), 0, 1e-12)];
}

/** The bound by strong convexity in the 1-norm. */
async function rateFindings(lab: Lab, gs: SelectionRule): Promise<Finding[]> {
  const d = [1, 2, 5, 10];
  const mu1 = 1 / sum(d.map((x) => 1 / x));
  const L = 10;
  const spec = quadratic(diagonal(d), zeros(4), [1, -1, 2, 1], stepping(updateRules.gradient({}), gs, 1 / L));
  const values = (await course(lab, spec, 60)).points.map((x) => valueAt(diagonal(d), zeros(4), x));
  const worst = Math.max(...values.slice(1).map((value, k) => value / values[k]!));
  // between gradient descent in the best direction and the bound, which is tighter than 1 - mu / (n L) = 0.975
  return [atMost("GS, steps 1/L, diagonal: largest factor of f in a step, 1 - mu_1 / L", worst, 1 - mu1 / L)];
}

/** A diagonal is solved when every coordinate has moved; all numbers are powers of 2, so that 0 is 0. */
async function diagonalFindings(lab: Lab, gs: SelectionRule): Promise<Finding[]> {
  const n = 8;
  const H = diagonal(range(n).map((i) => 2 ** (i % 4)));
  const start = range(n).map((i) => 2 ** ((5 * i) % 7));
  const planOf = (select: SelectionRule) => lab.plan([quadratic(H, zeros(n), start, stepping(newton, select))]);
  const random = planOf(uniform());
  const seeds = 60;
  let total = 0;
  for (const seed of range(seeds)) total += await stepsToZero(lab, random, seed + 1, 1000);
  const harmonic = (power: number) => sum(range(n).map((i) => 1 / (i + 1) ** power));
  const deviation = Math.sqrt((n * n * harmonic(2) - n * harmonic(1)) / seeds);
  return [
    equal("steps to solve a diagonal of 8 exactly, GS", await stepsToZero(lab, planOf(gs), 1, 99), n, 0),
    equal("the same, cyclic", await stepsToZero(lab, planOf(cyclic({})), 1, 99), n, 0),
    equal("the same, uniform, mean of 60 seeds: n H_n", total / seeds, n * harmonic(1), 3 * deviation),
  ];
}

export const variableBlocksOracle: Oracle = {
  id: "S10",
  title: "the tau largest coordinates are the best block of tau",
  rules: ["largest", "all", "coordinate-newton", "gradient"],
  async check(lab) {
    const [n, tau] = [6, 2];
    const x = [0.5, -4, 1, 3, -2, 0.25];
    const descent = (rule: UpdateRule, learningRate: number): Descent => ({
      partition: partitions.all(),
      select: cyclic({}),
      update: largestCoordinates(rule, tau),
      learningRate,
    });
    const H = diagonal(new Array<number>(n).fill(2));
    const { points } = await course(lab, quadratic(H, zeros(n), x, descent(updateRules.gradient({}), 0.5)), 3);
    const pairs = range(n).flatMap((i) => range(i).map((j) => [i, j] as const));
    // f = |x|^2, and a step sets its coordinates to 0
    const best = Math.max(...pairs.map(([i, j]) => x[i]! ** 2 + x[j]! ** 2));
    const moved = (k: number) => points[k + 1]!.filter((value, i) => value !== points[k]![i]).length;
    const D = diagonal([1, 2, 4, 8, 1, 2]);
    const solved = await course(lab, quadratic(D, zeros(n), x, descent(newton, 1)), n / tau);
    return [
      equal(
        "decrease of |x|^2 by the first step: that of the best pair",
        dot(x, x) - dot(points[1]!, points[1]!),
        best,
        1e-12,
      ),
      equal("coordinates that a step changes", Math.max(moved(0), moved(1), moved(2)), tau, 0),
      equal(
        "largest entry of a diagonal's solution after n / tau steps",
        Math.max(...solved.points[n / tau]!.map(Math.abs)),
        0,
        0,
      ),
    ];
  },
};

export const groupingOracle: Oracle = {
  id: "S16",
  title: "sorted blocks have the least sum of Lipschitz constants, averaged ones equal traces",
  rules: ["sorted", "averaged", "unit", "gauss-southwell-lipschitz"],
  async check(lab) {
    const d = [5, 1, 8, 3, 7, 2, 6, 4];
    const H = diagonal(d);
    const plans = (["unit", "sorted", "averaged"] as const).map((name) => {
      const partition = partitions[name]({ blockSize: 2, unitLipschitz: () => d });
      const select = selectionRules["gauss-southwell-lipschitz"]();
      const descent = { ...stepping(updateRules.gradient({}), select, 0.1, 2), partition };
      return lab.plan([quadratic(H, zeros(8), d, { ...descent, lipschitz: { rounds: 60, every: 0 } })]);
    });
    const sums: number[] = [];
    for (const plan of plans) sums.push(sum(await (await course(lab, plan, 1)).read("min/lipschitz")));
    const traces = plans[2]!.players[0]!.blocks.map(({ slices }) =>
      slices?.kind === "fixed" ? sum(slices.numbers.map((i) => d[i]!)) : Number.NaN,
    );
    const least = Math.min(...pairings(range(8)).map((pairs) => sum(pairs.map(([i, j]) => Math.max(d[i]!, d[j]!)))));
    return [
      equal("sorted: sum of the measured L_b, the least over all 105 divisions into pairs", sums[1]!, least, 1e-3),
      equal("ordered: sum of the measured L_b", sums[0]!, 5 + 8 + 7 + 6, 1e-3),
      equal("averaged: sum of the measured L_b", sums[2]!, 8 + 7 + 6 + 5, 1e-3),
      equal("averaged: largest trace of a block", Math.max(...traces), 9, 0),
      equal("averaged: least trace of a block", Math.min(...traces), 9, 0),
    ];
  },
};

/** All divisions into pairs. */
function pairings(items: readonly number[]): (readonly [number, number])[][] {
  const [first, ...rest] = items;
  if (first === undefined) return [[]];
  return rest.flatMap((partner) =>
    pairings(rest.filter((item) => item !== partner)).map((pairs) => [[first, partner] as const, ...pairs]),
  );
}
