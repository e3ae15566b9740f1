import { describe, expect, test } from "vitest";
import { activation, dense } from "../nn/layer.ts";
import { perceptron, sequential } from "../nn/network.ts";
import { relu } from "../ops/elementwise.ts";
import { partitions } from "./partition.ts";
import { selectionRules } from "./selection.ts";

const networks = [
  perceptron("generator", [3], [2, 2], { hidden: [4, 5], output: "sigmoid" }),
  perceptron("discriminator", [2, 2], [1], { hidden: [] }),
  sequential("odd", [activation(relu), dense("odd/first", 2, 3), dense("odd/inner/second", 3, 1), activation(relu)]),
];

describe.each(Object.entries(partitions))("the partition %s", (_, partition) => {
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
        for (const parameter of parameters) expect(parameter.name.startsWith(`${name}/`)).toBe(true);
      }
    }
  });
});

test("the partition by layer has one block a layer with weights, all has one block", () => {
  const [generator] = networks;
  const names = Object.values(partitions).map((partition) => partition(generator!).map(({ name }) => name));
  expect(names).toEqual([["generator/dense1", "generator/dense2", "generator/dense3"], ["generator"]]);
});

describe.each(Object.entries(selectionRules))("the selection rule %s", (key, { name, select }) => {
  test("is named as in the registry", () => {
    expect(name).toBe(key);
  });

  test.each([1, 2, 3, 7])("visits each of %i blocks once per sweep", (blocks) => {
    for (let sweep = 0; sweep < 5; sweep++) {
      const visits = Array.from({ length: blocks }, (_, i) =>
        select({ iteration: sweep * blocks + i, blockCount: blocks, seed: 1 }),
      );
      expect(visits.toSorted((a, b) => a - b)).toEqual([...Array(blocks).keys()]);
    }
  });
});

test("the cyclic rule goes through the blocks in their order", () => {
  const visits = Array.from({ length: 7 }, (_, i) =>
    selectionRules.cyclic.select({ iteration: i, blockCount: 3, seed: 1 }),
  );
  expect(visits).toEqual([0, 1, 2, 0, 1, 2, 0]);
});
