import { constant, input, type Tensor } from "../graph/tensor.ts";
import { compile, type ProgramResult } from "../onnx/compile.ts";
import type { Precision } from "../onnx/model.ts";
import { add, div, mul, sub } from "../ops/arithmetic.ts";
import { reduceSum, reshape } from "../ops/broadcasting.ts";
import { greater, less, where } from "../ops/comparison.ts";
import { sqrt } from "../ops/elementwise.ts";
import { concat, slice } from "../ops/layout.ts";
import { gemm } from "../ops/product.ts";
import { type Program, sizeOf, type TensorSpec } from "../program.ts";
import type { StepOptions } from "./step.ts";

/** What an extrapolation is made of. */
export interface AndersonOptions extends Pick<StepOptions, "objective" | "parameters"> {
  /** Name of the player. */
  readonly player: string;
  /** Sweeps that are remembered. */
  readonly history: number;
  readonly precision?: Precision | undefined;
}

const countName = (player: string) => `${player}/anderson/count`;
const endsName = (weight: string) => `${weight}/anderson/ends`;
const changesName = (weight: string) => `${weight}/anderson/changes`;
const startName = (weight: string) => `${weight}/anderson/start`;

/** What is remembered: where the last sweeps ended [K, size], how far they went [K, size], where the present one began, and how many there were. */
export function andersonStates({ player, parameters, history }: AndersonOptions): TensorSpec[] {
  const zero = { kind: "constant", value: 0 } as const;
  const state = (name: string, shape: readonly number[]): TensorSpec => ({
    name,
    shape,
    role: "state",
    initialiser: zero,
  });
  return [
    state(countName(player), []),
    ...parameters.flatMap(({ name, shape }): TensorSpec[] => [
      state(endsName(name), [history, sizeOf(shape)]),
      state(changesName(name), [history, sizeOf(shape)]),
      { name: startName(name), shape, role: "state", initialiser: { kind: "copy", of: name } },
    ]),
  ];
}

/**
 * Anderson extrapolation after a sweep (U17; Anderson 1965; for coordinate descent Bertrand and Massias 2021): of the last K sweeps, from x_i to e_i,
 *
 *     x = sum c_i e_i     c = argmin ||sum c_i (e_i - x_i)||^2  with  sum c_i = 1
 *
 * by (R'R + regularisation) z = 1, c = z / sum z, where R has the changes e_i - x_i scaled to length 1. It is taken if the objective on the present batch is
 * lower there than where the sweep ended, else nothing moves. The next sweep starts from what was taken, and so every sweep extrapolates (as Walker and Ni 2011);
 * Bertrand and Massias wait for K sweeps and begin anew. On a quadratic of at most K weights exact cyclic descent is at the minimum after n + 1 sweeps. State of
 * the update rule and averaged weights stay as the sweep left them.
 */
export function andersonProgram(options: AndersonOptions): Program {
  const { player, parameters, history, objective, precision } = options;
  const count = add(input(countName(player), [], "state"), constant(1));
  const weights = parameters.map((spec) => {
    const { name, shape } = spec;
    const value = input(name, shape, "parameter");
    const row = [1, sizeOf(shape)];
    const kept = (of: string) => slice(input(of, [history, row[1]!], "state"), 0, 1, history);
    const appended = (of: string, last: Tensor) => (history === 1 ? last : concat([kept(of), last], 0));
    const end = reshape(value, row);
    const start = reshape(input(startName(name), shape, "state"), row);
    return { spec, value, ends: appended(endsName(name), end), changes: appended(changesName(name), sub(end, start)) };
  });
  const c = combination(
    weights.map(({ changes }) => changes),
    count,
    history,
    precision === "float64" ? 1e-13 : 1e-6,
  );
  const extrapolated = weights.map(({ spec, ends }) => reshape(gemm(c, ends, { transA: true }), spec.shape));
  const valueAt = (points: readonly Tensor[]) => {
    const byName = new Map(parameters.map(({ name }, i) => [name, points[i]!]));
    return objective((name) => byName.get(name)!).value;
  };
  const isLower = less(valueAt(extrapolated), valueAt(weights.map(({ value }) => value)));
  const results = weights.flatMap(({ spec: { name }, value, ends, changes }, i): ProgramResult[] => {
    const next = where(isLower, extrapolated[i]!, value);
    return [
      { name: `${name}/extrapolated`, tensor: next, role: "parameter", replaces: name },
      replacing(startName(name), next),
      replacing(endsName(name), ends),
      replacing(changesName(name), changes),
    ];
  });
  return compile(`${player}/anderson`, [...results, replacing(countName(player), count)], { precision });
}

const replacing = (name: string, tensor: Tensor): ProgramResult => ({
  name: `${name}/next`,
  tensor,
  role: "state",
  replaces: name,
});

/** The c [K, 1] of the last `count` of K sweeps; the others, which have not been, count for nothing. */
function combination(changes: readonly Tensor[], count: Tensor, history: number, regularisation: number): Tensor {
  const numbers = [...Array(history).keys()];
  const age = constant(
    numbers.map((i) => history - i),
    [history, 1],
  );
  const one = constant(1);
  const zero = constant(0);
  const was = where(greater(age, count), zero, one);
  const gram = changes.map((x) => gemm(x, x, { transB: true })).reduce(add);
  const diagonal = reduceSum(mul(gram, unit(numbers)), { axes: [1], keepdims: true });
  // a sweep that changed nothing, or has not been, is left as it is
  const scale = where(greater(diagonal, zero), div(one, sqrt(where(greater(diagonal, zero), diagonal, one))), zero);
  const scaled = mul(gram, gemm(scale, scale, { transB: true }));
  const system = add(scaled, mul(constant(regularisation), unit(numbers)));
  const z = mul(scale, solved(system, mul(scale, was), numbers));
  return div(z, reduceSum(z));
}

/** The identity matrix. */
const unit = (numbers: readonly number[]): Tensor =>
  constant(
    numbers.flatMap((i) => numbers.map((j) => (i === j ? 1 : 0))),
    [numbers.length, numbers.length],
  );

/** The x [K, 1] of Ax = b by Gauss-Jordan elimination; A [K, K] is positive definite, so that no pivot is 0. */
function solved(A: Tensor, b: Tensor, numbers: readonly number[]): Tensor {
  let system = concat([A, b], 1);
  for (const k of numbers) {
    const row = slice(system, 0, k, k + 1);
    const column = slice(system, 1, k, k + 1);
    const e = constant(
      numbers.map((i) => (i === k ? 1 : 0)),
      [numbers.length, 1],
    );
    const normalised = div(row, slice(row, 1, k, k + 1));
    system = sub(system, gemm(sub(column, e), normalised));
  }
  return slice(system, 1, numbers.length, numbers.length + 1);
}
