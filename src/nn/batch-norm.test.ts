import { expect, test } from "vitest";
import { evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { noise } from "../../test/support/noise.ts";
import { partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { ganPlan } from "../gan/game.ts";
import { nonSaturating } from "../gan/losses.ts";
import { input } from "../graph/tensor.ts";
import { adam } from "../optim/adam.ts";
import { gradientStep } from "../optim/gradient.ts";
import { sizeOf } from "../program.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { createTrainer } from "../train/trainer.ts";
import { momentsOf, normalise } from "./batch-norm.ts";
import { convolutionalDiscriminator, convolutionalGenerator } from "./convolutional.ts";
import type { Network } from "./network.ts";
import { spectrallyNormalised } from "./spectral.ts";

const generator = convolutionalGenerator("generator", 3, [1, 8, 8], { hidden: [2, 3], batchNorm: true });
const discriminator = convolutionalDiscriminator("discriminator", [1, 8, 8], { hidden: [2, 3], batchNorm: true });

const weightsOf = ({ parameters }: Network) => {
  const inputs = new Map(parameters.map(({ name, shape }) => [name, input(name, shape, "parameter")]));
  return (name: string) => inputs.get(name)!;
};
/** Numbers for every weight and state, variances above 0. */
const valuesOf = ({ parameters, states = [] }: Network): Values =>
  Object.fromEntries(
    [...parameters, ...states.map(({ spec }) => spec)].map(({ name, shape }) => [
      name,
      numbers(sizeOf(shape), name, name.endsWith("variance") ? 0.5 : -1),
    ]),
  );
const shapesOf = ({ parameters }: Network) => Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]));

test("all layers are normalised but the last of the generator and the first and last of the discriminator", () => {
  expect(shapesOf(generator)).toEqual({
    "generator/dense1/weight": [3, 2, 4],
    "generator/dense1/bias": [2],
    "generator/dense1/scale": [2],
    "generator/transposed1/weight": [2, 3, 4, 4],
    "generator/transposed1/bias": [3],
    "generator/transposed1/scale": [3],
    "generator/transposed2/weight": [3, 1, 4, 4],
    "generator/transposed2/bias": [1],
  });
  expect(discriminator.states!.map(({ spec }) => spec.name)).toEqual([
    "discriminator/convolution2/mean",
    "discriminator/convolution2/variance",
  ]);
  expect([generator.mixesRows, discriminator.mixesRows]).toEqual([true, true]);
});

test("a network without layers that normalise has no running moments and mixes no rows", () => {
  const plain = convolutionalDiscriminator("discriminator", [1, 8, 8], { hidden: [2], batchNorm: true });
  expect([plain.states, plain.mixesRows, plain.settled]).toEqual([undefined, undefined, undefined]);
});

test("normalised channels have the shift for their mean and the scale for their spread", async () => {
  const x = input("x", [4, 2, 3, 5], "batch");
  const [scale, shift] = [input("scale", [2], "parameter"), input("shift", [2], "parameter")];
  const y = normalise(x, momentsOf("", x), scale, shift);
  const moments = momentsOf("", y);
  const run = await evaluator([moments.mean, moments.variance, momentsOf("", x).variance]);
  const values = { x: numbers(120, "x", -3, 5), scale: [2, -0.5], shift: [1, 7] };
  const [mean, variance, before] = await run(values);
  expect(largestError(mean!, [1, 7])).toBeLessThan(1e-12);
  const expected = before!.map((v, i) => (values.scale[i]! ** 2 * v) / (v + 1e-5));
  expect(largestError(variance!, expected)).toBeLessThan(1e-12);
});

test("a step moves the running moments a hundredth of the way to the mean of those at its batches", async () => {
  const [a, b] = [input("a", [4, 3], "noise"), input("b", [4, 3], "noise")];
  const weights = weightsOf(generator);
  const run = await evaluator(generator.states!.slice(0, 2).map(({ next }) => next(weights, [a, b])));
  const values: Values = { ...valuesOf(generator), a: numbers(12, "a"), b: numbers(12, "b") };
  const [mean, variance] = await run(values);
  const w = values["generator/dense1/weight"]!;
  for (const channel of [0, 1]) {
    const ofBatches = [values.a!, values.b!].map((latents) => {
      const sums = Array.from({ length: 16 }, (_, i) =>
        [0, 1, 2].reduce((sum, k) => sum + latents[3 * Math.floor(i / 4) + k]! * w[8 * k + 4 * channel + (i % 4)]!, 0),
      );
      const m = sums.reduce((x, y) => x + y) / 16;
      return [m, sums.reduce((x, y) => x + (y - m) ** 2, 0) / 16] as const;
    });
    const to = (i: 0 | 1, before: number) => 0.99 * before + (0.01 * (ofBatches[0]![i] + ofBatches[1]![i])) / 2;
    expect(mean![channel]).toBeCloseTo(to(0, values["generator/dense1/mean"]![channel]!), 12);
    expect(variance![channel]).toBeCloseTo(to(1, values["generator/dense1/variance"]![channel]!), 12);
  }
});

test.each([
  ["generator", generator, [3]],
  ["discriminator", discriminator, [1, 8, 8]],
  ["discriminator with spectral normalisation", spectrallyNormalised(discriminator), [1, 8, 8]],
])("no row of the %s depends on another where it is used, and each does in training", async (_, network, shape) => {
  const rows = 3;
  const x = input("x", [rows, ...shape], "batch");
  const run = await evaluator([network.settled!(weightsOf(network), x), network.apply(weightsOf(network), x)]);
  const values = valuesOf(network);
  const first = numbers(sizeOf(shape), "first");
  const others = (name: string) => numbers((rows - 1) * sizeOf(shape), name);
  const [one, two] = [
    await run({ ...values, x: [...first, ...others("some")] }),
    await run({ ...values, x: [...first, ...others("more")] }),
  ];
  const firstRow = (list: readonly number[]) => list.slice(0, list.length / rows);
  expect(firstRow(one[0]!)).toEqual(firstRow(two[0]!));
  expect(firstRow(one[1]!)).not.toEqual(firstRow(two[1]!));
});

test("a network with the moments of a batch for its running moments gives what it gives in training", async () => {
  const x = input("x", [5, 3], "noise");
  const weights = weightsOf(generator);
  const values: Values = { ...valuesOf(generator), x: numbers(15, "x") };
  const follow = await evaluator(generator.states!.map(({ next }) => next(weights, [x])));
  const names = generator.states!.map(({ spec }) => spec.name);
  const next = await follow(values);
  // next = 0.99 before + 0.01 moments
  const moments = next.map((list, i) => list.map((v, j) => (v - 0.99 * values[names[i]!]![j]!) / 0.01));
  const there = { ...values, ...Object.fromEntries(names.map((name, i) => [name, moments[i]!])) };
  const [used, trained] = await (await evaluator([generator.settled!(weights, x), generator.apply(weights, x)]))(there);
  expect(largestError(used!, trained!)).toBeLessThan(1e-10);
});

const descent = { partition: partitions.layer(), select: cyclic(), update: gradientStep(), learningRate: 0.1 };
const game = {
  generator,
  discriminator,
  latent: 3,
  shape: [1, 8, 8],
  batch: 4,
  loss: nonSaturating,
  descent: { generator: descent, discriminator: descent },
  sampleBatch: 1,
  precision: "float64",
} as const;

test("every move of a block moves all running moments of its network, from a mean of 0", async () => {
  const plan = ganPlan(game);
  const trainer = await createTrainer({ plan, runtime: referenceRuntime(), data: noise, seed: 1 });
  const names = [...generator.states!, ...discriminator.states!].map(({ spec }) => spec.name);
  const read = () => Promise.all(names.map(async (name) => [...(await trainer.read(name))]));
  const seen = [await read()];
  for (let i = 0; i < 4; i++) {
    await trainer.iterate();
    seen.push(await read());
  }
  expect(seen[0]!.filter((_, i) => names[i]!.endsWith("mean")).flat()).toEqual(new Array(2 + 3 + 3).fill(0));
  for (const [i, after] of seen.slice(1).entries()) {
    expect(after.every((list, k) => list.every((x, j) => Number.isFinite(x) && x !== seen[i]![k]![j]))).toBe(true);
  }
});

test("parts of a batch are not computed apart, and replicas that would are refused", () => {
  const byAdam = { ...descent, update: adam() };
  const options = { ...game, descent: { generator: byAdam, discriminator: byAdam }, hasKernels: true };
  const plain = {
    generator: convolutionalGenerator("generator", 3, [1, 8, 8], { hidden: [2, 3] }),
    discriminator: convolutionalDiscriminator("discriminator", [1, 8, 8], { hidden: [2, 3] }),
  };
  const shardsOf = (networks: Partial<typeof plain>) =>
    ganPlan({ ...options, ...networks, shards: 2 }).players.map(({ moves }) => moves[0]!.programs[0]!.manifest.shards);
  expect(shardsOf({})).toEqual([1, 1]);
  expect(shardsOf({ generator: plain.generator })).toEqual([1, 1]);
  expect(shardsOf(plain)).toEqual([2, 2]);
  expect(() => ganPlan({ ...game, replicas: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: architecture: batch normalisation is by the whole batch, which 2 replicas do not share. Use one.]`,
  );
});
