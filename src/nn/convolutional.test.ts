import { describe, expect, test } from "vitest";
import { evaluator, numbers, type Values } from "../../test/support/evaluate.ts";
import { noise } from "../../test/support/noise.ts";
import { gradients } from "../autodiff/gradients.ts";
import type { Descent } from "../descent/descent.ts";
import { type PartitionName, type PartitionSettings, partitions, whole } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { ConfigError } from "../errors.ts";
import { ganPlan } from "../gan/game.ts";
import { nonSaturating } from "../gan/losses.ts";
import { penaltyTerms } from "../gan/penalties.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { add } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { gradientStep } from "../optim/gradient.ts";
import { sizeOf } from "../program.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { createTrainer } from "../train/trainer.ts";
import {
  convolution,
  convolutionalDiscriminator,
  convolutionalGenerator,
  transposedConvolution,
} from "./convolutional.ts";
import type { Network } from "./network.ts";

const inputsOf = ({ parameters }: Network) => {
  const inputs = new Map(parameters.map(({ name, shape }) => [name, input(name, shape, "parameter")]));
  return (name: string) => inputs.get(name)!;
};
const shapesOf = ({ parameters }: Network) => Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]));

describe("the networks of digits", () => {
  const generator = convolutionalGenerator("generator", 100, [1, 28, 28], { hidden: [64, 32], output: "sigmoid" });
  const discriminator = convolutionalDiscriminator("discriminator", [1, 28, 28], { hidden: [32, 64] });

  test("have dense layers at 7 x 7 and two convolutions of stride 2", () => {
    expect(shapesOf(generator)).toEqual({
      "generator/dense1/weight": [100, 64 * 49],
      "generator/dense1/bias": [64 * 49],
      "generator/transposed1/weight": [64, 32, 4, 4],
      "generator/transposed1/bias": [32],
      "generator/transposed2/weight": [32, 1, 4, 4],
      "generator/transposed2/bias": [1],
    });
    expect(shapesOf(discriminator)).toEqual({
      "discriminator/convolution1/weight": [32, 1, 4, 4],
      "discriminator/convolution1/bias": [32],
      "discriminator/convolution2/weight": [64, 32, 4, 4],
      "discriminator/convolution2/bias": [64],
      "discriminator/dense1/weight": [64 * 49, 1],
      "discriminator/dense1/bias": [1],
    });
  });

  test("lead from latents to images to logits", () => {
    const images = generator.apply(inputsOf(generator), input("latents", [5, 100], "noise"));
    expect(images.shape).toEqual([5, 1, 28, 28]);
    expect(discriminator.apply(inputsOf(discriminator), images).shape).toEqual([5, 1]);
  });

  test("without hidden widths are one dense layer", () => {
    expect(Object.keys(shapesOf(convolutionalGenerator("generator", 3, [1, 5, 5], { hidden: [] })))).toHaveLength(2);
  });
});

test("images that cannot be halved so often are refused, and examples that are no images", () => {
  const complaint = (shape: readonly number[], hidden: readonly number[]) => {
    try {
      convolutionalDiscriminator("discriminator", shape, { hidden });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as Error).message;
    }
    return "";
  };
  expect(
    [complaint([1, 28, 28], [8, 8, 8]), complaint([1, 28, 30], [8, 8]), complaint([2], [8])].join("\n"),
  ).toMatchInlineSnapshot(`
    "discriminator: every hidden width of convolutions halves the image, got 3 of them and images of 28 x 28. Give it fewer.
    discriminator: every hidden width of convolutions halves the image, got 2 of them and images of 28 x 30. Give it fewer.
    discriminator: expected images [C, H, W], got examples of shape [2]. Choose the architecture perceptron."
  `);
});

test("a layer starts with a spread that leaves the size of its results the same for every stride", () => {
  const bound = ({ parameters: [weight] }: ReturnType<typeof convolution>) =>
    (weight!.initialiser as { readonly high: number }).high;
  expect(bound(convolution("c", 3, 7, { kernel: 4, stride: 2 }))).toBe(1 / Math.sqrt(3 * 16));
  expect(bound(transposedConvolution("t", 3, 7, { kernel: 4, stride: 2 }))).toBe(1 / Math.sqrt(3 * 4));
});

/** Of images of 8 x 8, halved twice. */
const networksWith = (batchNorm: boolean) => ({
  generator: convolutionalGenerator("generator", 2, [1, 8, 8], { hidden: [2, 3], output: "sigmoid", batchNorm }),
  discriminator: convolutionalDiscriminator("discriminator", [1, 8, 8], { hidden: [2, 3], batchNorm }),
});
type Networks = ReturnType<typeof networksWith>;
const kinds = [
  ["convolutions", networksWith(false)],
  ["normalised convolutions", networksWith(true)],
] as const;

describe.each(Object.keys(partitions) as PartitionName[])("the partition %s", (name) => {
  const blocks = {
    generator: [
      ["generator/dense1", "generator/transposed2/bias"],
      ["generator/transposed1", "generator/transposed2/weight"],
    ],
    discriminator: [["discriminator/convolution2"], ["discriminator/convolution1", "discriminator/dense1"]],
  };

  test.each(
    (["generator", "discriminator"] as const).flatMap((player) =>
      kinds.map(([kind, networks]) => [player, kind, networks] as const),
    ),
  )("moves a block of the %s of %s as a step of all weights would", async (player, _, networks) => {
    const make: (settings: PartitionSettings) => Descent["partition"] = partitions[name];
    const own = await twoIterations(player, networks, make({ blocks: blocks[player] }));
    const all = await twoIterations(player, networks, whole);
    const moved = own.weights.map((w, i) => (w === own.start[i] ? undefined : w));
    expect(moved.filter((w) => w !== undefined)).toHaveLength(own.size);
    expect(moved.every((w, i) => w === undefined || Math.abs(w - all.weights[i]!) < 1e-12)).toBe(true);
    expect(own.later.every(Number.isFinite)).toBe(true);
    expect(own.later).not.toEqual(own.weights);
  });
});

/** The weights of a player before and after its first move, after the second, and how many weights the first block has. */
async function twoIterations(
  player: "generator" | "discriminator",
  { generator, discriminator }: Networks,
  partition: Descent["partition"],
) {
  const descent = (by: Descent["partition"]) => ({
    partition: by,
    select: cyclic(),
    update: gradientStep(),
    learningRate: 0.5,
  });
  const plan = ganPlan({
    generator,
    discriminator,
    latent: 2,
    shape: [1, 8, 8],
    batch: 2,
    loss: nonSaturating,
    r1: 0.3,
    r2: 0.1,
    descent: { generator: descent(whole), discriminator: descent(whole), [player]: descent(partition) },
    sampleBatch: 1,
    precision: "float64",
  });
  const trainer = await createTrainer({ plan, runtime: referenceRuntime(), data: noise, seed: 1 });
  const { parameters } = player === "generator" ? generator : discriminator;
  const read = async () => {
    const lists: number[][] = [];
    for (const { name } of parameters) lists.push([...(await trainer.read(name))]);
    return lists.flat();
  };
  const start = await read();
  await trainer.iterate();
  const weights = await read();
  await trainer.iterate();
  const { size } = plan.players.find(({ name }) => name === player)!.blocks[0]!;
  return { start, weights, later: await read(), size };
}

test.each(kinds)(
  "losses with gradient penalties have the slopes of central differences in the weights of %s",
  async (_, { generator, discriminator }) => {
    const rows = 2;
    const [G, D] = [inputsOf(generator), inputsOf(discriminator)];
    const real = input("real", [rows, 1, 8, 8], "batch");
    const fake = generator.apply(G, input("latents", [rows, 2], "noise"));
    const slopesAt = (at: Tensor) => gradients(reduceSum(discriminator.apply(D, at)), [at])[0]!;
    const penalties = penaltyTerms(
      { real, fake, slopes: { real: slopesAt(real), fake: slopesAt(fake) }, slopesAt },
      { r1: 10, r2: 3, wganGp: 1, dragan: 2 },
    );
    const logits = [discriminator.apply(D, real), discriminator.apply(D, fake)] as const;
    const parameters = [...generator.parameters, ...discriminator.parameters];
    const wrt = parameters.map(({ name }) => (name.startsWith("generator") ? G(name) : D(name)));
    const values: Values = {
      real: numbers(64 * rows, "real", 0, 1),
      latents: numbers(2 * rows, "latents", -2, 2),
      "batch/interpolation": numbers(rows, "interpolation"),
      "batch/perturbation": numbers(64 * rows, "perturbation"),
      ...Object.fromEntries(parameters.map(({ name, shape }) => [name, numbers(sizeOf(shape), name)])),
    };
    for (const value of [
      nonSaturating.generator(logits[1], logits[0]),
      penalties.reduce(add, nonSaturating.discriminator(...logits)),
    ]) {
      const slopes = await (await evaluator(gradients(value, wrt)))(values);
      const run = await evaluator([value]);
      for (const trial of ["first", "second"]) {
        const directions = parameters.map(({ name, shape }) => numbers(sizeOf(shape), `${trial} ${name}`));
        const along = async (t: number) => {
          const moved = parameters.map(({ name }, i) => [
            name,
            values[name]!.map((w, j) => w + t * directions[i]![j]!),
          ]);
          return (await run({ ...values, ...Object.fromEntries(moved) }))[0]![0]!;
        };
        const exact = slopes.flatMap((slope, i) => slope.map((g, j) => g * directions[i]![j]!)).reduce((a, b) => a + b);
        const measured = ((await along(1e-5)) - (await along(-1e-5))) / 2e-5;
        expect(Math.abs(exact - measured) / Math.max(1, Math.abs(exact))).toBeLessThan(1e-6);
        expect(Math.abs(exact)).toBeGreaterThan(1e-3);
      }
    }
  },
);
