import { describe, expect, test } from "vitest";
import { ring } from "../src/data/mixture.ts";
import { partitions } from "../src/descent/partition.ts";
import { selectionRules } from "../src/descent/selection.ts";
import { ConfigError } from "../src/errors.ts";
import { updateRules } from "../src/optim/update-rules.ts";
import { type Config, configure } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import type { Setting } from "../src/runs/setting.ts";
import { referenceRuntime } from "../src/runtime/reference.ts";
import { createTrainer } from "../src/train/trainer.ts";

const examples = { shape: [2], range: "real" } as const;
const tiny: readonly Setting[] = [
  ["generator.latent", 2],
  ["generator.hidden", [3]],
  ["discriminator.hidden", [3]],
  ["batch", 4],
  ["steps", 4],
  ["descent.blocks", [["generator/dense1"], ["generator/dense2"]]],
];
const configOf = (...settings: Setting[]): Config =>
  configure({ ...presets.default.config, data: "ring" }, [...tiny, ...settings]);

/** Trains a tiny network for some iterations. */
async function trained(config: Config): Promise<number> {
  const plan = planOf(config, examples);
  const trainer = await createTrainer({ plan, runtime: referenceRuntime(), data: ring, seed: 1 });
  let iterations = 0;
  for (; iterations < config.steps; iterations++) {
    const { metrics } = await trainer.iterate();
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
  }
  for (const [name, { values }] of await trainer.snapshot()) expect(values.every(Number.isFinite), name).toBe(true);
  await trainer.release();
  return iterations;
}

const setsRules = Object.entries(selectionRules).flatMap(([name, rule]) => (rule({}).sets ? [name] : []));
const piecewise = ["unit", "sorted", "averaged", "coordinates"];

describe.each(Object.keys(partitions))("blocks by %s", (partition) => {
  test.each(Object.keys(selectionRules))("selected by %s move by every update", async (select) => {
    const isRefused = setsRules.includes(select) && piecewise.includes(partition);
    for (const update of Object.keys(updateRules)) {
      const config = configOf(["descent.partition", partition], ["descent.select", select], ["descent.update", update]);
      if (isRefused) expect(() => planOf(config, examples)).toThrow(ConfigError);
      else expect(await trained(config), update).toBe(4);
    }
  });
});
