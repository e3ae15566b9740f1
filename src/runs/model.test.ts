import { expect, test } from "vitest";
import { updateRules } from "../optim/update-rules.ts";
import { configure } from "./config.ts";
import { ganOptions, planOf } from "./model.ts";
import { presets } from "./presets.ts";
import type { Setting } from "./setting.ts";

const examples = { shape: [2], range: "real" } as const;
const small: Setting[] = [
  ["generator.latent", 2],
  ["generator.hidden", [3]],
  ["discriminator.hidden", [3]],
  ["batch", 4],
];
const programsWith = (...settings: Setting[]) => {
  const plan = planOf(configure({ ...presets.default.config, data: "ring" }, [...small, ...settings]), examples);
  return plan.players.flatMap(({ moves }) => moves.flatMap(({ programs }) => programs.map(({ model }) => model)));
};

test.each(Object.keys(updateRules))("settings of the selection do not change the programs of %s", (update) => {
  const chosen: Setting = ["descent.update", update];
  const expected = programsWith(chosen);
  const changed: Setting[] = [
    ["descent.epsilon", 0.9],
    ["descent.exponent", 0.5],
    ["descent.floor", 0.5],
    ["descent.active", 3],
    ["descent.refresh", 7],
    ["descent.discount", 0.5],
    ["descent.staleness", 0.5],
    ["descent.stateDecay", 0.1],
  ];
  expect(programsWith(chosen, ...changed)).toEqual(expected);
});

test("either player can be of convolutions, where the examples are images", () => {
  const mixed = configure(presets.default.config, [
    ["generator.architecture", "convolutional"],
    ["generator.hidden", [8, 4]],
  ]);
  const { generator, discriminator } = ganOptions(mixed, { shape: [1, 28, 28], range: "unit" });
  expect(generator.parameters.map(({ name }) => name)).toContain("generator/transposed2/weight");
  expect(discriminator.parameters[0]!.shape).toEqual([784, 256]);
  expect(() => planOf(configure(mixed, [["data", "ring"]]), examples)).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: generator: expected images [C, H, W], got examples of shape [2]. Choose the architecture perceptron.]`,
  );
});

test("the default's Adam is that of the paper", () => {
  const { update } = ganOptions(presets.default.config, { shape: [1, 28, 28], range: "unit" }).descent.generator;
  const { beta1, beta2 } = presets.default.config.descent;
  const block = { name: "g", parameters: [] };
  expect(update.name).toBe("adam");
  expect(update.init(block)).toEqual(updateRules.adam({ beta1, beta2 }).init(block));
});
