import type { Descent } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { updateRules } from "../optim/update-rules.ts";
import type { SelectionRule } from "../plan.ts";
import { equal } from "./findings.ts";
import { along, distance, dot, matrix, multiply, range, solve, sum, times, transpose } from "./linear-algebra.ts";
import { course } from "./minimisation-runs.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic } from "./problems.ts";

const [rows, columns] = [7, 4];
const A: Matrix = matrix(rows, columns, (i, j) => Math.cos(1 + 3 * i + 5 * j + i * j));
const truth = [1, -2, 0.5, 3];
const zeros = (n: number) => new Array<number>(n).fill(0);

const exactly = (select: SelectionRule): Descent => ({
  partition: partitions.unit({}),
  select,
  update: updateRules["coordinate-newton"]({}),
  learningRate: 1,
  lipschitz: { rounds: 1, every: 0 },
});

export const leastSquaresOracle: Oracle = {
  id: "T18",
  title: "least squares: columns keep their residual, and rows are the method of Kaczmarz",
  rules: ["permutation", "importance", "uniform", "unit", "coordinate-newton"],
  check: async (lab) => [...(await columnFindings(lab)), ...(await rowFindings(lab))],
};

/** Coordinate descent on |Ax - b|^2 / 2. */
async function columnFindings(lab: Lab): Promise<Finding[]> {
  const b = range(rows).map((i) => Math.sin(2 * i));
  const At = transpose(A);
  const spec = quadratic(multiply(At, A), times(At, b), zeros(columns), exactly(selectionRules.permutation()));
  const { points, moves } = await course(lab, spec, 200);
  let residual = along(times(A, points[0]!), -1, b);
  let slope = 0;
  for (const [k, [moved]] of moves.entries()) {
    const { number } = moved!;
    residual = along(residual, points[k + 1]![number]! - points[k]![number]!, At[number]!);
    slope = Math.max(slope, Math.abs(dot(residual, At[number]!)));
  }
  const last = points[200]!;
  return [
    equal(
      "columns: drift of the residual kept by the moves, after 200",
      distance(residual, along(times(A, last), -1, b)),
      0,
      1e-10,
    ),
    equal("columns: largest product of the residual with the column that moved", slope, 0, 1e-10),
    equal(
      "columns: distance from the solution of the normal equations",
      distance(last, solve(multiply(At, A), times(At, b))),
      0,
      1e-8,
    ),
  ];
}

/** Coordinate descent on the dual |A'y|^2 / 2 - b'y of the solution of least length of Ax = b. */
async function rowFindings(lab: Lab): Promise<Finding[]> {
  const [b, At] = [times(A, truth), transpose(A)];
  const squared = A.map((row) => dot(row, row));
  const spec = (select: SelectionRule) => quadratic(multiply(A, At), b, zeros(rows), exactly(select));
  const { points, moves } = await course(lab, spec(selectionRules.uniform()), 150, { seed: 3 });
  let [x, apart] = [zeros(columns), 0];
  for (const [k, [moved]] of moves.entries()) {
    const { number } = moved!;
    x = along(x, (b[number]! - dot(A[number]!, x)) / squared[number]!, A[number]!);
    apart = Math.max(apart, distance(x, times(At, points[k + 1]!)));
  }
  // one step for as many seeds as it takes to see every row
  const plan = lab.plan([spec(selectionRules.importance({ exponent: 1, floor: 0 }))]);
  const errors = new Map<number, number>();
  for (let seed = 1; errors.size < rows && seed <= 300; seed++) {
    const one = await course(lab, plan, 1, { seed });
    const { number, score } = one.moves[0]![0]!;
    const away = along(times(At, one.points[1]!), -1, truth);
    errors.set(number, score! * dot(away, away));
  }
  const before = dot(truth, truth) - dot(b, b) / sum(squared);
  return [
    equal("rows: largest distance of A'y from the iterates of Kaczmarz", apart, 0, 1e-10),
    // the constants are measured in float32
    equal(
      "rows, p ~ |a_i|^2: mean of |x - x*|^2 after a step, |e|^2 - |Ae|^2 / |A|_F^2",
      sum([...errors.values()]),
      before,
      1e-5,
    ),
  ];
}
