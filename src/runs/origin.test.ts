import { expect, test } from "vitest";
import { configure } from "./config.ts";
import { foreignTo, originOf, parseOrigin } from "./origin.ts";
import { presets } from "./presets.ts";
import type { Setting } from "./setting.ts";

const origin = (settings: readonly Setting[] = [], fingerprint = "1234") =>
  originOf({ data: { name: "mnist", fingerprint }, config: configure(presets.default.config, settings) });

test.each([
  [[["descent.learningRate", 0.1]], "the run has another descent.learningRate"],
  [[["seed", 7]], "the run has another seed"],
  [[["generator.hidden", [5]]], "the run has another generator.hidden"],
  [[["steps", 7]], undefined],
  [[["checkpoint.every", 7]], undefined],
  [[["threads", 1]], undefined],
] as [Setting[], string | undefined][])(
  "what determines the weights is compared, the rest is not: %s",
  (settings, said) => {
    expect(foreignTo(origin(settings), origin())).toBe(said);
  },
);

test("other data are named; a key that only one version knows is not missed", () => {
  expect(foreignTo(origin(), origin([], "5678"))).toBe("the run has other data (SHA-256 1234, not 5678)");
  const { config, ...rest } = origin();
  const { loss: _, ...older } = config;
  expect(foreignTo(origin(), { ...rest, config: { ...older, gone: 1 } })).toBeUndefined();
});

test("it is read from JSON as it was written", () => {
  expect(parseOrigin(JSON.parse(JSON.stringify(origin())))).toEqual(origin());
  expect(() => parseOrigin({ version: 1 })).toThrow();
});
