import { describe, expect, test } from "vitest";
import { type Partition, type PartitionSettings, partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { convolutionalDiscriminator } from "../nn/convolutional.ts";
import { perceptron } from "../nn/network.ts";
import { updateRules } from "../optim/update-rules.ts";
import { predictedCost } from "./accounting.ts";
import { type GanOptions, ganPlan } from "./game.ts";
import { losses } from "./losses.ts";

// all widths different, so that no two terms can stand for each other
const widths = { generator: [5, 7, 11, 17], discriminator: [17, 13, 6, 1] };
const batch = 4;

function options(
  partition: Partition,
  changes: Partial<GanOptions> = {},
  update = updateRules.gradient({}),
): GanOptions {
  const descent = { partition, select: cyclic(), update, learningRate: 0.1 };
  return {
    generator: perceptron("generator", [5], [17], { hidden: [7, 11], output: "sigmoid" }),
    discriminator: perceptron("discriminator", [17], [1], { hidden: [13, 6] }),
    latent: widths.generator[0]!,
    shape: [17],
    batch,
    loss: losses["non-saturating"],
    descent: { generator: descent, discriminator: descent },
    ...changes,
  };
}

/** Every block step of both players: what the formulas say and what the graphs hold. */
function comparison(given: GanOptions) {
  return ganPlan(given).players.flatMap(({ name, moves }) => {
    const player = name as "generator" | "discriminator";
    const groups = given.descent[player].partition(given[player]);
    return moves.map((move, i) => ({
      block: move.name,
      predicted: predictedCost(player, [groups[i]!], given),
      counted: move.programs[0]!.manifest.cost,
    }));
  });
}

const lists = {
  generator: [["generator/dense1", "generator/dense2"], ["generator/dense3"]],
  discriminator: [
    ["discriminator/dense1/weight", "discriminator/dense3"],
    ["discriminator/dense1/bias", "discriminator/dense2"],
  ],
};
const divisions: [string, Partition][] = [
  ...(["layer", "tensor", "all", "unit", "coordinates"] as const).map((name): [string, Partition] => {
    const make: (settings: PartitionSettings) => Partition = partitions[name];
    return [name, make({ blockSize: 1 })];
  }),
  ["list", (network) => partitions.list({ blocks: lists[network.name as "generator" | "discriminator"] })(network)],
];

describe.each(divisions)("blocks by %s", (_, partition) => {
  test.each([
    ["no penalty", {}],
    ["R1", { r1: 1 }],
    ["R1 and R2", { r1: 1, r2: 1 }],
    ...Object.values(losses).map((loss) => [`the loss ${loss.name}`, { loss }]),
    ["a generator without a sigmoid", { generator: perceptron("generator", [5], [17], { hidden: [7, 11] }) }],
  ] as [string, Partial<GanOptions>][])("cost what the formulas say (%s)", (_, changes) => {
    for (const { block, predicted, counted } of comparison(options(partition, changes))) {
      expect(predicted, block).toEqual(counted);
    }
  });

  test.each(["momentum", "adam", "adamw", "rmsprop", "nesterov", "normalised"] as const)(
    "with the state of %s",
    (update) => {
      for (const { block, predicted, counted } of comparison(options(partition, {}, updateRules[update]({})))) {
        expect(predicted?.bytesReturned, block).toBe(counted.bytesReturned);
        expect(predicted?.macs, block).toBe(counted.macs);
      }
    },
  );
});

test("averaged weights are returned beside the weights", () => {
  const given = options(partitions.layer());
  const averaged = { ...given.descent.generator, average: 0.99 };
  for (const { predicted, counted } of comparison({ ...given, descent: { ...given.descent, generator: averaged } })) {
    expect(predicted?.bytesReturned).toBe(counted.bytesReturned);
  }
});

test("further steps of a block of G on a batch do without the layers below it", () => {
  const given = options(partitions.layer());
  const again = { ...given, descent: { ...given.descent, generator: { ...given.descent.generator, innerSteps: 3 } } };
  const [once, more] = [given, again].map((each) => ganPlan(each).players[1]!.moves);
  for (const [i, move] of more!.entries()) {
    const saved = once![i]!.programs[0]!.manifest.cost.macs - move.programs[0]!.manifest.cost.macs;
    const below = widths.generator.slice(0, i).map((inputs, l) => inputs * widths.generator[l + 1]!);
    expect(saved).toBe(batch * below.reduce((a, b) => a + b, 0));
    expect(move.prefix?.manifest.cost.macs ?? 0).toBe(saved);
    expect(move.programs[0]!.manifest.cost.bytesHeld).toBe(once![i]!.programs[0]!.manifest.cost.bytesHeld);
  }
});

test("a search holds for its direction what a step holds for its gradient", () => {
  const given = options(partitions.layer());
  const search = options(partitions.layer(), {}, updateRules["line-search"]({}));
  const [plain, searching] = [given, search].map((each) =>
    ganPlan(each).players.flatMap(({ moves }) => moves.map(({ programs }) => programs[0]!.manifest.cost.bytesHeld)),
  );
  expect(searching).toEqual(plain);
});

test("nothing is predicted for an update that differentiates again, a penalty away from the batch, or convolutions", () => {
  const predicted = (player: "generator" | "discriminator", given: GanOptions) =>
    predictedCost(player, given.descent[player].partition(given[player]).slice(0, 1), given);
  expect(predicted("generator", options(partitions.layer(), {}, updateRules.curvature({})))).toBeUndefined();
  expect(predicted("discriminator", options(partitions.layer(), { wganGp: 1 }))).toBeUndefined();
  expect(predicted("generator", options(partitions.layer(), { wganGp: 1 }))).toBeDefined();
  const discriminator = convolutionalDiscriminator("discriminator", [1, 4, 4], { hidden: [2] });
  expect(predicted("generator", options(partitions.layer(), { discriminator }))).toBeUndefined();
});
