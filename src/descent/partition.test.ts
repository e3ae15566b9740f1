import { describe, expect, test } from "vitest";
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

  test("names its blocks differently, each by the path that its weights share", () => {
    for (const network of networks) {
      const blocks = partition(network);
      expect(new Set(blocks.map(({ name }) => name)).size).toBe(blocks.length);
      for (const { name, parameters } of blocks) {
        for (const parameter of parameters) expect(`${parameter.name}/`.startsWith(`${name}/`)).toBe(true);
      }
    }
  });
});

test("the partition by layer has one block a layer with weights, all has one block", () => {
  const [generator] = networks;
  const names = [partitions.layer(), partitions.all()].map((partition) =>
    partition(generator!).map(({ name }) => name),
  );
  expect(names).toEqual([["generator/dense1", "generator/dense2", "generator/dense3"], ["generator"]]);
});
