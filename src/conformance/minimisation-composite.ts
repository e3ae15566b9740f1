import type { PlayerSpec } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { type ProximalOperator, proximal, proximalOperators } from "../optim/proximal.ts";
import { updateRules } from "../optim/update-rules.ts";
import { equal } from "./findings.ts";
import {
  along,
  distance,
  dot,
  matrix,
  multiply,
  norm,
  range,
  solve,
  sum,
  symmetricEigenvalues,
  times,
  transpose,
} from "./linear-algebra.ts";
import { lassoReference } from "./minimisation-lasso-reference.ts";
import { course } from "./minimisation-runs.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic } from "./problems.ts";

/** |Ax - b|^2 / (2 rows), but for a constant, plus a penalty. */
interface Regression {
  readonly A: Matrix;
  readonly b: readonly number[];
}

const squares = ({ A, b }: Regression) => {
  const At = transpose(A);
  return {
    H: multiply(At, A).map((row) => row.map((h) => h / A.length)),
    c: times(At, b).map((value) => value / A.length),
  };
};

const { "soft-threshold": soft, "group-threshold": group, box } = proximalOperators;

/** Cyclic proximal gradient steps in blocks, a sweep an iteration. */
function penalised(regression: Regression, penalty: ProximalOperator, learningRate: number, blockSize = 1): PlayerSpec {
  const { H, c } = squares(regression);
  return quadratic(
    H,
    c,
    range(H.length).map((i) => Math.sin(i + 1)),
    {
      partition: partitions.unit({ blockSize }),
      select: selectionRules.cyclic({}),
      update: proximal(updateRules.gradient({}), penalty),
      learningRate,
      steps: "sweep",
    },
  );
}

async function solved(lab: Lab, spec: PlayerSpec, sweeps: number): Promise<readonly number[]> {
  return (await course(lab, spec, sweeps)).points[sweeps]!;
}

const thresholded = (x: number, t: number) => Math.sign(x) * Math.max(Math.abs(x) - t, 0);

/** Orthogonal columns of length root of `rows`: rows of a Hadamard matrix. */
const orthogonal: Regression = {
  A: matrix(8, 4, (i, j) => (popcount(i & (j + 1)) % 2 === 0 ? 1 : -1)),
  b: [1, -2, 0.5, 3, -1, 2, 0.3, -0.7],
};

function popcount(bits: number): number {
  return bits === 0 ? 0 : (bits & 1) + popcount(bits >> 1);
}

const { A, b } = lassoReference;
const correlated: Regression = { A, b };

export const compositeOracle: Oracle = {
  id: "T17",
  title: "proximal coordinate descent solves the lasso, the group lasso and a box",
  rules: ["soft-threshold", "group-threshold", "box", "gradient", "cyclic", "unit"],
  check: async (lab) => [
    ...(await orthogonalFindings(lab)),
    ...(await lassoFindings(lab)),
    ...(await groupFindings(lab)),
    ...(await boxFindings(lab)),
  ],
};

async function orthogonalFindings(lab: Lab): Promise<Finding[]> {
  const { c } = squares(orthogonal);
  // each leaves some weights at 0 and others not
  const [single, alpha] = [0.2, 0.4];
  const lasso = await solved(lab, penalised(orthogonal, soft(single), 1), 1);
  const blocks = await solved(lab, penalised(orthogonal, group(alpha), 1, 2), 1);
  const shrunk = [0, 2].flatMap((i) => {
    const part = c.slice(i, i + 2);
    return part.map((value) => value * Math.max(1 - alpha / norm(part), 0));
  });
  return [
    equal(
      "orthogonal design: distance from the soft threshold after a sweep",
      distance(
        lasso,
        c.map((x) => thresholded(x, single)),
      ),
      0,
      1e-12,
    ),
    equal("orthogonal design: distance from the group threshold after a sweep", distance(blocks, shrunk), 0, 1e-12),
  ];
}

async function lassoFindings(lab: Lab): Promise<Finding[]> {
  const { H, c } = squares(correlated);
  const most = Math.max(...c.map(Math.abs));
  const atMost = await solved(lab, penalised(correlated, soft(most * (1 + 1e-9)), 1), 60);
  const findings = [equal("alpha_max: largest entry of the solution", Math.max(...atMost.map(Math.abs)), 0, 0)];
  for (const [k, alpha] of lassoReference.alphas.entries()) {
    const x = await solved(lab, penalised(correlated, soft(alpha), 1), 160);
    const g = along(times(H, x), -1, c);
    // x = prox(x - g) where the conditions of Karush, Kuhn and Tucker hold
    const kkt = distance(
      x,
      along(x, -1, g).map((value) => thresholded(value, alpha)),
    );
    const where = `alpha = alpha_max ${(alpha / most).toPrecision(1)}`;
    findings.push(
      equal(`${where}: violation of the optimality conditions`, kkt, 0, 1e-10),
      equal(`${where}: duality gap`, dualityGap(x, alpha), 0, 1e-10),
      equal(`${where}: distance from scikit-learn`, distance(x, lassoReference.solutions[k]!), 0, 1e-6),
      equal(`${where}: distance from FISTA`, distance(x, fista(H, c, alpha, 4000)), 0, 1e-7),
    );
  }
  return findings;
}

/** Primal minus dual value, the dual point being the residual scaled until it is feasible. */
function dualityGap(x: readonly number[], alpha: number): number {
  const rows = b.length;
  const residual = along(b, -1, times(A, x));
  const slope = Math.max(...times(transpose(A), residual).map(Math.abs)) / rows;
  const dual = residual.map((r) => r * Math.min(1, alpha / slope));
  const away = along(b, -1, dual);
  const primal = dot(residual, residual) / (2 * rows) + alpha * sum(x.map(Math.abs));
  return primal - (dot(b, b) - dot(away, away)) / (2 * rows);
}

/** The fast iterative shrinkage algorithm of Beck and Teboulle 2009, begun anew where f rises (O'Donoghue and Candes 2015). */
function fista(H: Matrix, c: readonly number[], alpha: number, steps: number): number[] {
  const L = symmetricEigenvalues(H).at(-1)!;
  let [x, y, t] = [c.map(() => 0), c.map(() => 0), 1];
  for (let k = 0; k < steps; k++) {
    const g = along(times(H, y), -1, c);
    const next = along(y, -1 / L, g).map((value) => thresholded(value, alpha / L));
    const step = along(next, -1, x);
    if (dot(along(y, -1, next), step) > 0) t = 1;
    const after = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
    y = along(next, (t - 1) / after, step);
    [x, t] = [next, after];
  }
  return x;
}

async function groupFindings(lab: Lab): Promise<Finding[]> {
  const { H, c } = squares(correlated);
  const alpha = 0.3;
  const L = symmetricEigenvalues(H).at(-1)!;
  const x = await solved(lab, penalised(correlated, group(alpha), 1 / L, 2), 450);
  const g = along(times(H, x), -1, c);
  const violation = [0, 2, 4].map((i) => {
    const [part, slope] = [x.slice(i, i + 2), g.slice(i, i + 2)];
    const size = norm(part);
    return size === 0 ? Math.max(0, norm(slope) - alpha) : norm(along(slope, alpha / size, part));
  });
  const slopes = [0, 2, 4].map((i) => norm(c.slice(i, i + 2)));
  const none = await solved(lab, penalised(correlated, group(Math.max(...slopes) * (1 + 1e-9)), 1 / L, 2), 60);
  return [
    equal("group lasso: violation of the optimality conditions", Math.max(...violation), 0, 1e-10),
    equal("group lasso, alpha_max: largest entry of the solution", Math.max(...none.map(Math.abs)), 0, 0),
  ];
}

async function boxFindings(lab: Lab): Promise<Finding[]> {
  const { H, c } = squares(correlated);
  const bound = 0.3;
  const x = await solved(lab, penalised(correlated, box(bound), 1), 120);
  const clipped = (value: number) => Math.min(Math.max(value, -bound), bound);
  const violation = distance(x, along(x, -1, along(times(H, x), -1, c)).map(clipped));
  // the others solve their part of the system
  const free = range(x.length).filter((i) => Math.abs(x[i]!) < bound);
  const held = range(x.length).filter((i) => !free.includes(i));
  const rest = free.map((i) => c[i]! - sum(held.map((j) => H[i]![j]! * x[j]!)));
  const truth = solve(
    free.map((i) => free.map((j) => H[i]![j]!)),
    rest,
  );
  return [
    equal("box: violation of the optimality conditions", violation, 0, 1e-10),
    equal(
      "box: distance of the weights inside from the solution of their equations",
      distance(
        free.map((i) => x[i]!),
        truth,
      ),
      0,
      1e-10,
    ),
    equal("box: largest weight", Math.max(...x.map(Math.abs)), bound, 0),
  ];
}
