import type { Descent } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { accelerated } from "../optim/accelerated.ts";
import { updateRules } from "../optim/update-rules.ts";
import type { Plan } from "../plan.ts";
import { atMost, equal } from "./findings.ts";
import {
  along,
  diagonal,
  distance,
  dot,
  range,
  secondDifference,
  solve,
  sum,
  symmetricEigenvalues,
  times,
} from "./linear-algebra.ts";
import { type Course, course, valueAt, vector } from "./minimisation-runs.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic } from "./problems.ts";

const n = 8;
/** Unit diagonal, so that every coordinate has L = 1. */
const H: Matrix = secondDifference(n).map((row) => row.map((h) => h / 2));
const c = range(n).map((i) => Math.cos(3 * i));
const start = range(n).map((i) => Math.sin(i + 1));
const solution = solve(H, c);
const spectrum = symmetricEigenvalues(H);
const mu = spectrum[0]!;

export const acceleratedOracle: Oracle = {
  id: "T14",
  title: "accelerated coordinate descent is Nesterov's method for one block, and below its envelope for many",
  rules: ["accelerated", "uniform", "unit", "all"],
  check: async (lab) => [...(await nesterovFindings(lab)), ...(await envelopeFindings(lab))],
};

/** One block. */
async function nesterovFindings(lab: Lab): Promise<Finding[]> {
  const L = spectrum.at(-1)!;
  const update = accelerated({ strongConvexity: mu / L, blocks: 1 });
  const spec = quadratic(H, c, start, {
    partition: partitions.all(),
    select: selectionRules.cyclic(),
    update,
    learningRate: 1 / L,
  });
  const beta = (1 - Math.sqrt(mu / L)) / (1 + Math.sqrt(mu / L));
  const found = await theoryPoints(lab, lab.plan([spec]), 40, mu / L, 1);
  const truth = [start];
  for (const k of range(40)) {
    const y = along(truth[k]!, k === 0 ? 0 : beta, along(truth[k]!, -1, truth[k - 1] ?? start));
    truth.push(along(y, -1 / L, along(times(H, y), -1, c)));
  }
  const error = Math.max(...found.map((x, k) => distance(x, truth[k]!)));
  return [equal("one block: distance from the iterates of Nesterov's method", error, 0, 1e-12)];
}

/** The x = r^k u + v of the theory, from what the rule keeps. */
async function theoryPoints(lab: Lab, plan: Plan, steps: number, strongConvexity: number, blocks: number, seed = 1) {
  const a = Math.sqrt(strongConvexity) / blocks;
  const trainer = await lab.trainer(plan, seed);
  const points: number[][] = [];
  for (const k of range(steps + 1)) {
    if (k > 0) await trainer.iterate();
    const [v, w, t] = [
      await trainer.read(vector),
      await trainer.read(`${vector}/accelerated/w`),
      await trainer.read(`${vector}/accelerated/t`),
    ];
    points.push(Array.from(v, (value, i) => value + ((1 - a) / (1 + a)) ** (k - t[i]!) * w[i]!));
  }
  return points;
}

const single = { partition: partitions.unit({}), select: selectionRules.uniform(), learningRate: 1 };

/** Many blocks, by chance. */
async function envelopeFindings(lab: Lab): Promise<Finding[]> {
  const [steps, seeds] = [200, 12];
  const update = accelerated({ strongConvexity: mu, blocks: n });
  const plan = lab.plan([quadratic(H, c, start, { ...single, update })]);
  const plain = lab.plan([quadratic(H, c, start, { ...single, update: updateRules.gradient({}) })]);
  const excess = (x: readonly number[]) => valueAt(H, c, x) - valueAt(H, c, solution);
  const mean = new Array<number>(steps + 1).fill(0);
  let slow = 0;
  for (const seed of range(seeds)) {
    const points = await theoryPoints(lab, plan, steps, mu, n, seed + 1);
    for (const [k, x] of points.entries()) mean[k]! += excess(x) / seeds;
    slow += excess((await course(lab, plain, steps, { seed: seed + 1 })).points[steps]!) / seeds;
  }
  const away = along(start, -1, solution);
  const height = excess(start) + (mu / 2) * dot(away, away);
  const ratios = mean.map((value, k) => value / (height * (1 - Math.sqrt(mu) / n) ** k));
  const { points } = await course(lab, plan, 30);
  const touched = points.slice(1).map((x, k) => sum(x.map((value, i) => (value === points[k]![i] ? 0 : 1))));
  return [
    atMost("8 blocks: largest mean excess of f over its envelope (12 seeds, 200 steps)", Math.max(...ratios), 1),
    atMost("8 blocks: mean excess of f at the end over that of uniform descent", mean[steps]! / slow, 0.1),
    equal("8 blocks: most coordinates that a step moves", Math.max(...touched), 1, 0),
    ...(await longRunFindings(lab)),
  ];
}

/** Steps after which r^k is far below the smallest number. */
async function longRunFindings(lab: Lab): Promise<Finding[]> {
  const update = accelerated({ strongConvexity: 0.81, blocks: 2 });
  const spec = quadratic(diagonal([1, 0.81]), [1, -1], [3, 5], { ...single, update });
  const { points } = await course(lab, spec, 800);
  return [
    equal("distance from the solution after 800 steps, r^k = 1e-335", distance(points[800]!, [1, -1 / 0.81]), 0, 1e-12),
  ];
}

/** An iteration is a sweep. */
const sweeping = (anderson: number): Descent => ({
  partition: partitions.unit({}),
  select: selectionRules.cyclic(),
  update: updateRules["coordinate-newton"]({}),
  learningRate: 1,
  steps: "sweep",
  anderson,
});

export const andersonOracle: Oracle = {
  id: "U17",
  title: "Anderson extrapolation of cyclic sweeps never raises f, and solves a quadratic in n + 1 sweeps",
  rules: ["anderson", "cyclic", "unit", "coordinate-newton"],
  async check(lab) {
    const sweeps = 40;
    const swept = (descent: Descent) => course(lab, quadratic(H, c, start, descent), sweeps);
    const { anderson: none, ...without } = sweeping(0);
    const [never, off, five, all] = [
      await swept(without),
      await swept(sweeping(0)),
      await swept(sweeping(5)),
      await swept(sweeping(n)),
    ];
    // sweeps that differ are no one map: many an extrapolation leads astray
    const random = await swept({ ...sweeping(5), select: selectionRules.uniform() });
    const until = ({ points }: Course, error: number) => {
      const index = points.findIndex((x) => distance(x, solution) < error);
      return index < 0 ? Number.POSITIVE_INFINITY : index;
    };
    const rise = ({ points }: Course) => {
      const values = points.map((x) => valueAt(H, c, x));
      return Math.max(...values.slice(1).map((value, k) => value - values[k]!));
    };
    return [
      equal("history n = 8: sweeps until the solution is known to 1e-8, from n to n + 2", until(all, 1e-8), n + 1, 1),
      equal("history 5: largest rise of f in a sweep", Math.max(0, rise(five)), 0, 1e-14),
      equal("history 5, blocks at random: largest rise of f in a sweep", Math.max(0, rise(random)), 0, 1e-14),
      atMost("history 5: sweeps to 1e-3 over those without", until(five, 1e-3) / until(never, 1e-3), 0.4),
      equal(
        "history 0: distance from the iterates without",
        Math.max(...off.points.map((x, k) => distance(x, never.points[k]!))),
        none!,
        0,
      ),
      equal(
        "history 0: tensors in the plan more than without",
        lab.plan([quadratic(H, c, start, sweeping(0))]).tensors.length,
        lab.plan([quadratic(H, c, start, without)]).tensors.length,
        0,
      ),
    ];
  },
};
