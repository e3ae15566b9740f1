import { describe, expect, test } from "vitest";
import { ConfigError } from "../errors.ts";
import { activation, dense } from "../nn/layer.ts";
import { type Network, perceptron, sequential } from "../nn/network.ts";
import { relu } from "../ops/elementwise.ts";
import { type Partition, type PartitionSettings, partitions } from "./partition.ts";

const networks = [
  perceptron("generator", [3], [2, 2], { hidden: [4, 5], output: "sigmoid" }),
  perceptron("discriminator", [2, 2], [1], { hidden: [] }),
  sequential("odd", [activation(relu), dense("odd/first", 2, 3), dense("odd/inner/second", 3, 1), activation(relu)]),
];

/** Settings with which every partition fits the networks. */
const settingsOf = (name: string, network: Network): PartitionSettings =>
  name === "list" ? { blocks: network.parameters.map((parameter) => [parameter.name]) } : {};

const entries = Object.entries(partitions) as [string, (settings: PartitionSettings) => Partition][];

describe.each(entries)("the partition %s", (key, make) => {
  const partition: Partition = (network) => make(settingsOf(key, network))(network);

  test.each(networks.map((network) => [network.name, network] as const))(
    "has every weight of %s once, in order",
    (_, network) => {
      const blocks = partition(network);
      expect(blocks.flatMap(({ parameters }) => parameters)).toEqual(network.parameters);
      expect(blocks.every(({ parameters }) => parameters.length > 0)).toBe(true);
    },
  );

  test("names its blocks differently, each by the path that its weights share (hidden layers share that of the network)", () => {
    for (const network of networks) {
      const blocks = partition(network);
      expect(new Set(blocks.map(({ name }) => name)).size).toBe(blocks.length);
      for (const { name, parameters } of blocks) {
        for (const parameter of parameters)
          expect(`${parameter.name}/`.startsWith(`${name.replace(/hidden$/, "")}`)).toBe(true);
      }
    }
  });
});

test("hidden layers and output layer are two blocks, and one where there is one layer", () => {
  const [generator, discriminator] = networks;
  const names = [generator!, discriminator!].map((network) =>
    partitions["hidden-output"]()(network).map(({ name, parameters }) => [name, parameters.length]),
  );
  expect(names).toEqual([
    [
      ["generator/hidden", 4],
      ["generator/dense3", 2],
    ],
    [["discriminator/dense1", 2]],
  ]);
});

test("the partition by layer has one block a layer with weights, all has one block", () => {
  const [generator] = networks;
  const names = [partitions.layer(), partitions.all()].map((partition) =>
    partition(generator!).map(({ name }) => name),
  );
  expect(names).toEqual([["generator/dense1", "generator/dense2", "generator/dense3"], ["generator"]]);
});

describe("a partition that cannot be is refused", () => {
  const generator = perceptron("generator", [3], [4], { hidden: [6, 8] });
  const complaint = (make: () => unknown) => {
    try {
      return `none, but ${JSON.stringify(make())}`;
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return (error as Error).message;
    }
  };

  test("with what was expected, what there was, and what to do", () => {
    const lists = [
      [["generator/dense1"], ["generator/dense2"]],
      [
        ["generator/dense1", "generator/dense2"],
        ["generator/dense2/bias", "generator/dense3"],
      ],
      [["generator/dense1", "generator/dense2", "generator/dense3", "generator/dense4"]],
      [[], ["generator"]],
      [],
    ];
    const texts = lists.map((blocks) => complaint(() => partitions.list({ blocks })(generator)));
    texts.push(complaint(() => partitions.unit({ blockSize: 3 })(generator)));
    expect(texts.join("\n")).toMatchInlineSnapshot(`
      "blocks: generator/dense3/weight is in no block. Every weight belongs to one; add it or its layer.
      blocks: generator/dense2/bias is in block 1 and in block 2. Every weight belongs to one.
      blocks: generator has no layer or weight generator/dense4. It has generator/dense1, generator/dense2, generator/dense3.
      blocks: block 1 has no weights. Leave it out.
      blocks: generator/dense1/weight is in no block. Every weight belongs to one; add it or its layer.
      blockSize: expected a divisor of the units of every layer of generator, which have 6, 8, 4, got 3. Choose 1 or 2 or 8."
    `);
  });
});
