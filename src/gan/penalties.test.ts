import { describe, expect, test } from "vitest";
import { centralDifferences, evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { gradients } from "../autodiff/gradients.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { perceptron } from "../nn/network.ts";
import { mul, square } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { gemm } from "../ops/product.ts";
import { sizeOf } from "../program.ts";
import { fillNormal, stream } from "../random.ts";
import { type Penalty, penalties, penaltyTerms } from "./penalties.ts";

type Name = keyof typeof penalties;
const names = Object.keys(penalties) as Name[];
const N = 5;
const real = input("real", [N, 3], "batch");
const fake = input("fake", [N, 3], "batch");
const batch = {
  real: numbers(3 * N, "real", -1, 3),
  fake: numbers(3 * N, "fake", -2, 1),
  "batch/interpolation": numbers(2 * N, "interpolation", -2, 2),
  "batch/perturbation": numbers(3 * N, "perturbation", -2, 2),
};
const rowsOf = (values: readonly number[]) => Array.from({ length: N }, (_, i) => values.slice(3 * i, 3 * i + 3));
const lengthOf = (row: readonly number[]) => Math.hypot(...row);
const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;

/** A penalty of a discriminator. */
function penaltyOf(penalty: Penalty, discriminator: (x: Tensor) => Tensor, weight = 10): Tensor {
  const slopesAt = (x: Tensor) => gradients(reduceSum(discriminator(x)), [x])[0]!;
  return penalty({ real, fake, slopes: { real: slopesAt(real), fake: slopesAt(fake) }, slopesAt }, weight);
}

const numberOf = async (tensor: Tensor, values: Values) => (await (await evaluator([tensor]))(values))[0]![0]!;

test.each(names)("%s of a linear discriminator looks at the length of its weight alone", async (name) => {
  const w = numbers(3, "w");
  const value = await numberOf(
    penaltyOf(penalties[name], (x) => gemm(x, constant(w, [3, 1]))),
    batch,
  );
  const expected = name === "r1" || name === "r2" ? 5 * lengthOf(w) ** 2 : 10 * (lengthOf(w) - 1) ** 2;
  expect(Math.abs(value - expected)).toBeLessThan(1e-11);
});

describe("of half the squared length, whose slope is the example,", () => {
  const discriminator = (x: Tensor) => mul(constant(0.5), reduceSum(square(x), { axes: [1], keepdims: true }));
  const [x, g] = [rowsOf(batch.real), rowsOf(batch.fake)];
  const halfMeanSquare = (rows: number[][]) => 5 * mean(rows.map((row) => lengthOf(row) ** 2));
  const fromOne = (rows: number[][]) => 10 * mean(rows.map((row) => (lengthOf(row) - 1) ** 2));
  const normal = batch["batch/interpolation"];
  const u = x.map((_, i) => Math.exp(-(normal[2 * i]! ** 2 + normal[2 * i + 1]! ** 2) / 2));
  const centre = mean(batch.real);
  const deviation = Math.sqrt(mean(batch.real.map((each) => (each - centre) ** 2)));
  const closedForms: Record<Name, number> = {
    r1: halfMeanSquare(x),
    r2: halfMeanSquare(g),
    wganGp: fromOne(x.map((row, i) => row.map((each, j) => u[i]! * each + (1 - u[i]!) * g[i]![j]!))),
    dragan: fromOne(rowsOf(batch.real.map((each, i) => each + 0.5 * deviation * batch["batch/perturbation"][i]!))),
  };

  test.each(names)("%s is worked out by hand", async (name) => {
    const value = await numberOf(penaltyOf(penalties[name], discriminator), batch);
    expect(Math.abs(value - closedForms[name])).toBeLessThan(1e-10);
  });
});

describe("of a small network", () => {
  const network = perceptron("discriminator", [3], [1], { hidden: [5, 4] });
  const weights = new Map(network.parameters.map(({ name, shape }) => [name, input(name, shape, "parameter")]));
  const discriminator = (x: Tensor) => network.apply((name) => weights.get(name)!, x);
  const values: Values = {
    ...batch,
    ...Object.fromEntries(network.parameters.map(({ name, shape }) => [name, numbers(sizeOf(shape), name)])),
  };

  test.each(names)("%s has the gradients of central differences", async (name) => {
    const penalty = penaltyOf(penalties[name], discriminator);
    const [run, slopes] = [await evaluator([penalty]), await evaluator(gradients(penalty, [...weights.values()]))];
    const exact = await slopes(values);
    for (const [i, weight] of [...weights.keys()].entries()) {
      const measured = await centralDifferences(async (at) => (await run(at))[0]![0]!, values, weight);
      expect(largestError(exact[i]!, measured), weight).toBeLessThan(1e-6);
    }
    expect(Math.max(...exact.flat().map(Math.abs))).toBeGreaterThan(0.1);
  });

  test.each(names)("%s and its gradients are finite where the network is dead", async (name) => {
    const penalty = penaltyOf(penalties[name], discriminator);
    const dead = Object.fromEntries(
      network.parameters.map(({ name, shape }) => [name, new Array(sizeOf(shape)).fill(0)]),
    );
    const run = await evaluator([penalty, ...gradients(penalty, [...weights.values()])]);
    const [[value], ...slopes] = (await run({ ...values, ...dead })) as [[number], ...number[][]];
    expect(value).toBeCloseTo(name === "r1" || name === "r2" ? 0 : 10, 4);
    expect(slopes.flat().every((slope) => slope === 0)).toBe(true);
  });
});

test("the points of wganGp lie uniformly between the examples and the generated ones", async () => {
  const rows = 20_000;
  const [zeros, ones] = [input("zeros", [rows, 1], "batch"), input("ones", [rows, 1], "batch")];
  // with the example itself for its slope the penalty is the mean of (u - 1)^2, 1/3
  const penalty = penalties.wganGp(
    { real: ones, fake: zeros, slopes: { real: ones, fake: zeros }, slopesAt: (x) => x },
    1,
  );
  const normal = new Float64Array(2 * rows);
  fillNormal(stream(1, "batch/interpolation"), 0, normal);
  const given = { ones: new Array(rows).fill(1), zeros: new Array(rows).fill(0), "batch/interpolation": [...normal] };
  expect(Math.abs((await numberOf(penalty, given)) - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / rows));
});

test("a penalty without a weight is not there, and scale multiplies the others", async () => {
  const discriminator = (x: Tensor) => gemm(x, constant([1, 2, 2], [3, 1]));
  const slopesAt = (x: Tensor) => gradients(reduceSum(discriminator(x)), [x])[0]!;
  const at = { real, fake, slopes: { real: slopesAt(real), fake: slopesAt(fake) }, slopesAt };
  expect(penaltyTerms(at, { r1: 0, wganGp: 0 })).toEqual([]);
  const [term, ...others] = penaltyTerms(at, { r2: 2 }, 3);
  expect(others).toEqual([]);
  expect(await numberOf(term!, batch)).toBe(27);
});
