import type { Descent } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { exactLine } from "../optim/exact-line.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import { updateRules } from "../optim/update-rules.ts";
import type { SelectionRule } from "../plan.ts";
import { atMost, equal } from "./findings.ts";
import {
  determinant,
  distance,
  identity,
  inverse,
  lowerTriangle,
  matrix,
  multiply,
  plus,
  range,
  secondDifference,
  spectralRadius,
} from "./linear-algebra.ts";
import { course, mapOf, valueAt } from "./minimisation-runs.ts";
import type { Finding, Oracle } from "./oracle.ts";
import { type Matrix, quadratic } from "./problems.ts";

const { cyclic, permutation } = selectionRules;

/** Exact descent in single coordinates, a sweep an iteration. */
const sweeping = (update: UpdateRule, select: SelectionRule = cyclic({}), learningRate = 1): Descent => ({
  partition: partitions.unit({}),
  select,
  update,
  learningRate,
  steps: "sweep",
});

/** I - tril(H)^-1 H: what a sweep of Gauss-Seidel does to the error. */
const gaussSeidel = (H: Matrix): Matrix => plus(identity(H.length), -1, multiply(inverse(lowerTriangle(H)), H));

/** Unit diagonal and c beside it. */
const coupled = (n: number, c: number): Matrix => matrix(n, n, (i, j) => (i === j ? 1 : c));

const newton = updateRules["coordinate-newton"]({});

export const gaussSeidelOracle: Oracle = {
  id: "T8",
  title: "exact cyclic descent on a quadratic is the Gauss-Seidel method",
  rules: ["cyclic", "unit", "curvature", "coordinate-newton", "exact", "block-newton"],
  async check(lab) {
    const H = plus(
      secondDifference(5),
      0.4,
      matrix(5, 5, (i, j) => 1 / (1 + i + j)),
    );
    const c = [1, -2, 0.5, 3, -1];
    const start = [2, 1, -1, 0.5, -3];
    const sweeps = 6;
    const truth = sweptExactly(H, c, start, sweeps);
    const rules: [UpdateRule, number][] = [
      [updateRules.curvature({}), 1e-12],
      [newton, 1e-12],
      [updateRules["block-newton"]({}), 1e-12],
      // a search by values of f sees a minimum to the root of their rounding
      [{ ...updateRules.exact({}), search: exactLine({ tolerance: 1e-9 }) }, 1e-6],
    ];
    const findings: Finding[] = [];
    for (const [rule, tolerance] of rules) {
      const { points } = await course(lab, quadratic(H, c, start, sweeping(rule)), sweeps);
      const error = Math.max(...points.map((x, k) => distance(x, truth[k]!)));
      findings.push(equal(`${rule.name}: distance from the iterates of Gauss-Seidel`, error, 0, tolerance));
    }
    const map = await mapOf(lab, H, sweeping(newton));
    const error = Math.max(...map.map((row, i) => distance(row, gaussSeidel(H)[i]!)));
    findings.push(equal("distance of the map of a sweep from I - tril(H)^-1 H", error, 0, 1e-12));
    const two = await mapOf(lab, coupled(2, 0.6), sweeping(newton));
    findings.push(equal("radius of a sweep, 2 x 2 with 0.6 off the diagonal: 0.6^2", spectralRadius(two), 0.36, 1e-12));
    const backward = await mapOf(lab, H, sweeping(newton, cyclic({ order: "descending" })));
    const flipped = (A: Matrix) => A.toReversed().map((row) => row.toReversed());
    const reversed = flipped(gaussSeidel(flipped(H)));
    const other = Math.max(...backward.map((row, i) => distance(row, reversed[i]!)));
    findings.push(equal("the same in descending order", other, 0, 1e-12));
    return findings;
  },
};

/** Gauss-Seidel by its formula: x_i = (c_i - sum over the others of H_ij x_j) / H_ii. */
function sweptExactly(H: Matrix, c: readonly number[], start: readonly number[], sweeps: number): number[][] {
  const points = [[...start]];
  for (const k of range(sweeps)) {
    const x = [...points[k]!];
    for (const i of range(x.length)) {
      const others = H[i]!.reduce((total, h, j) => (j === i ? total : total + h * x[j]!), 0);
      x[i] = (c[i]! - others) / H[i]![i]!;
    }
    points.push(x);
  }
  return points;
}

export const secondDifferenceOracle: Oracle = {
  id: "T9",
  title: "sweeps over the second difference have the radii of Young 1954",
  rules: ["cyclic", "unit", "curvature", "coordinate-newton"],
  async check(lab) {
    const n = 10;
    const H = secondDifference(n);
    const angle = Math.PI / (n + 1);
    const best = 2 / (1 + Math.sin(angle));
    const redBlack = [...range(n).filter((i) => i % 2 === 0), ...range(n).filter((i) => i % 2 === 1)];
    const radius = async (descent: Descent) => spectralRadius(await mapOf(lab, H, descent));
    const seidel = Math.cos(angle) ** 2;
    const relaxed = await mapOf(lab, H, sweeping(newton, cyclic({}), best));
    return [
      equal("radius in ascending order: cos^2(pi/11)", await radius(sweeping(updateRules.curvature({}))), seidel, 1e-7),
      equal("radius, red before black", await radius(sweeping(newton, cyclic({ order: redBlack }))), seidel, 1e-7),
      // the largest eigenvalue is defective: it moves by the root of what the matrix is rounded by
      equal("radius, overrelaxed by w*: w* - 1", spectralRadius(relaxed), best - 1, 1e-6),
      equal("determinant over (1 - w*)^10", determinant(relaxed) / (1 - best) ** n, 1, 1e-10),
    ];
  },
};

/** Sweeps in which f falls by a factor of e, if a sweep has this radius. */
const sweepsPerEFold = (radius: number) => -1 / (2 * Math.log(radius));

export const worstCyclicOracle: Oracle = {
  id: "T13",
  title: "the cyclic order is n^2 times slower than it could be on the quadratic of Sun and Ye 2021",
  rules: ["cyclic", "permutation", "unit", "coordinate-newton"],
  async check(lab) {
    const findings: Finding[] = [];
    for (const [n, known] of [
      [10, 258],
      [20, 1003],
    ] as const) {
      const H = coupled(n, 0.99);
      const measured = sweepsPerEFold(spectralRadius(await mapOf(lab, H, sweeping(newton))));
      findings.push(equal(`n = ${n}: sweeps in which f falls by e, in cycles`, measured, known, 0.5));
      const slow = sweepsPerEFold(spectralRadius(gaussSeidel(H)));
      findings.push(equal(`n = ${n}: the same over that of I - tril(H)^-1 H`, measured / slow, 1, 1e-6));
    }
    const n = 10;
    const [H, c] = [coupled(n, 0.99), new Array<number>(n).fill(0)];
    const start = range(n).map((i) => Math.sin(i + 1));
    const sweeps = 100;
    const { points } = await course(lab, quadratic(H, c, start, sweeping(newton, permutation())), sweeps);
    const half = points[sweeps / 2]!;
    const fallen = Math.log(valueAt(H, c, half) / valueAt(H, c, points[sweeps]!));
    // 1 / (1 - 0.99), whatever n
    findings.push(atMost(`n = ${n}: sweeps in which f falls by e, in new orders`, sweeps / 2 / fallen, 100));
    return findings;
  },
};
