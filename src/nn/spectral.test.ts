import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { centralDifferences, evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { gradients } from "../autodiff/gradients.ts";
import { input } from "../graph/tensor.ts";
import { mul } from "../ops/arithmetic.ts";
import { reduceSum, reshape } from "../ops/broadcasting.ts";
import { sizeOf } from "../program.ts";
import { zeros } from "./initialiser.ts";
import { dense, type Layer, parameter } from "./layer.ts";
import { type Network, perceptron, sequential } from "./network.ts";
import { spectrallyNormalised } from "./spectral.ts";

/** A network whose result is its weight. */
function itself(shape: readonly number[]): Network {
  const weight = parameter("net/layer/weight", shape, zeros);
  const layer: Layer = { parameters: [weight], apply: (weights) => weights(weight.name) };
  return sequential("net", [layer]);
}

const weightsOf = (network: Network) => {
  const inputs = new Map(network.parameters.map(({ name, shape }) => [name, input(name, shape, "parameter")]));
  return (name: string) => inputs.get(name)!;
};

/** Values of the weights and, after some rounds of power iteration, of the vectors. */
async function settled(network: Network, weights: Values, rounds: number): Promise<Values> {
  const states = network.states!;
  const run = await evaluator(states.map(({ next }) => next(weightsOf(network), [])));
  let values: Values = {
    ...weights,
    ...Object.fromEntries(states.map(({ spec }) => [spec.name, numbers(sizeOf(spec.shape), spec.name)])),
  };
  for (let round = 0; round < rounds; round++) {
    const next = await run(values);
    values = { ...values, ...Object.fromEntries(states.map(({ spec }, i) => [spec.name, next[i]!])) };
  }
  return values;
}

const drawn = ({ parameters }: Network): Values =>
  Object.fromEntries(parameters.map(({ name, shape }) => [name, numbers(sizeOf(shape), name)]));

function singularValues(values: readonly number[], rows: number): number[] {
  const columns = values.length / rows;
  return new SingularValueDecomposition(Matrix.from1DArray(rows, columns, values), { autoTranspose: true }).diagonal;
}

const x = input("x", [1], "batch");

describe.each([[[4, 6]], [[7, 3]], [[3, 2, 2, 2]], [[1, 5]]])("a weight of shape %s", (shape) => {
  const network = spectrallyNormalised(itself(shape));
  const size = sizeOf(shape);
  const values = { "net/layer/weight": numbers(size, "W") };
  const weights = weightsOf(network);
  const W = weights("net/layer/weight");
  const y = network.apply(weights, x);
  const objective = reduceSum(mul(input("upstream", shape, "batch"), y));

  test("is divided by its largest singular value, once the vector has settled", async () => {
    const at = await settled(network, values, 300);
    const [normalised] = await (await evaluator([y]))(at);
    const [sigma] = singularValues(values["net/layer/weight"], shape[0]!) as [number];
    const expected = values["net/layer/weight"].map((w) => w / sigma);
    expect(largestError(normalised!, expected)).toBeLessThan(1e-10);
    expect(singularValues(normalised!, shape[0]!)[0]).toBeCloseTo(1, 10);
  });

  test("is divided by too little before", async () => {
    const at = await settled(network, values, 0);
    const [normalised] = await (await evaluator([y]))(at);
    expect(singularValues(normalised!, shape[0]!)[0]).toBeGreaterThan(1 - 1e-12);
  });

  test("has, where the vector has settled, the gradient of the quotient", async () => {
    const at = await settled(network, values, 300);
    const given = { ...at, upstream: numbers(size, "upstream") };
    const [slope] = await (await evaluator(gradients(objective, [W])))(given);
    const run = await evaluator([objective]);
    const differences = await centralDifferences(async (v) => (await run(v))[0]![0]!, given, "net/layer/weight");
    expect(largestError(slope!, differences)).toBeLessThan(1e-7);
  });

  test("has before the gradient of the quotient with constant vectors", async () => {
    const at = await settled(network, values, 0);
    const G = numbers(size, "upstream");
    const [slope, of] = await (await evaluator([...gradients(objective, [W]), y]))({ ...at, upstream: G });
    const matrix = (list: readonly number[]) => Matrix.from1DArray(shape[0]!, size / shape[0]!, list);
    const unit = (vector: Matrix) => Matrix.div(vector, vector.norm());
    const v = unit(Matrix.rowVector(at["net/layer/weight/spectral"]!).mmul(matrix(values["net/layer/weight"])));
    const image = v.mmul(matrix(values["net/layer/weight"]).transpose());
    const along = G.reduce((sum, g, i) => sum + g * of![i]!, 0);
    const expected = matrix(G).sub(unit(image).transpose().mmul(v).mul(along)).div(image.norm());
    expect(largestError(slope!, expected.to1DArray())).toBeLessThan(1e-11);
  });

  test("of zeros stays zeros, and the vector what it was", async () => {
    const at = await settled(network, { "net/layer/weight": new Array(size).fill(0) }, 2);
    const before = numbers(shape[0]!, "net/layer/weight/spectral");
    expect(at["net/layer/weight/spectral"]).toEqual(before);
    const results = await (await evaluator([y, ...gradients(reduceSum(y), [W])]))(at);
    expect(results[0]!.every((w) => w === 0)).toBe(true);
    expect(results[1]!.every(Number.isFinite)).toBe(true);
  });
});

test("a normalised perceptron stretches no difference of its inputs, and one that is not does", async () => {
  const rows = 40;
  const plain = perceptron("net", [3], [1], { hidden: [9, 8] });
  const weights = Object.fromEntries(
    Object.entries(drawn(plain)).map(([name, w]) => [name, w.map((each) => 2 * each)]),
  );
  const batch = input("batch", [rows, 3], "batch");
  const points = numbers(3 * rows, "points", -3, 3);
  const stretch = async (network: Network, values: Values) => {
    const [y] = await (await evaluator([reshape(network.apply(weightsOf(network), batch), [rows])]))({
      ...values,
      batch: points,
    });
    const ratios = y!.flatMap((a, i) =>
      y!.slice(0, i).map((b, j) => {
        const distance = Math.hypot(...[0, 1, 2].map((k) => points[3 * i + k]! - points[3 * j + k]!));
        return Math.abs(a - b) / distance;
      }),
    );
    return Math.max(...ratios);
  };
  const network = spectrallyNormalised(plain);
  expect(await stretch(network, await settled(network, weights, 200))).toBeLessThanOrEqual(1);
  expect(await stretch(plain, weights)).toBeGreaterThan(1);
});

test("only matrices are normalised, each with a vector of its own", () => {
  const network = spectrallyNormalised(sequential("net", [dense("net/dense1", 5, 4), dense("net/dense2", 4, 2)]));
  expect(network.states!.map(({ weight, spec: { name, shape, role } }) => ({ weight, name, shape, role }))).toEqual([
    { weight: "net/dense1/weight", name: "net/dense1/weight/spectral", shape: [1, 5], role: "state" },
    { weight: "net/dense2/weight", name: "net/dense2/weight/spectral", shape: [1, 4], role: "state" },
  ]);
});
