import { expect, test } from "vitest";
import type { Dataset } from "../src/data/dataset.ts";
import { imageDataset } from "../src/data/image-feed.ts";
import { stackedDigits } from "../src/data/stacked.ts";
import { strokes } from "../src/data/strokes.ts";
import { type Config, configure } from "../src/runs/config.ts";
import { dataSetOf } from "../src/runs/data-source.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { openRuntime } from "../src/runtime/open.ts";
import { createTrainer } from "../src/train/trainer.ts";

const digits = strokes({ count: 100 });

/** A small set of what a configuration trains on. */
function dataOf({ data }: Config): Dataset {
  const { mixture, examples } = dataSetOf(data);
  if (mixture) return mixture;
  return examples.shape[0] === 3 ? stackedDigits(digits) : imageDataset(digits);
}

/** Two iterations and a sample: everything is finite, and both players have moved. */
async function trains(config: Config): Promise<void> {
  const data = dataOf(config);
  const runtime = await openRuntime("cpu", { threads: 1 });
  const plan = planOf(config, data);
  const trainer = await createTrainer({ plan, runtime, data, seed: config.seed });
  const before = await trainer.snapshot();
  for (let i = 0; i < 2; i++) {
    const { metrics, skipped } = await trainer.iterate();
    expect(skipped).toBeUndefined();
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
  }
  const after = await trainer.snapshot();
  for (const [name, { values }] of after) expect(values.every(Number.isFinite), name).toBe(true);
  for (const player of ["generator", "discriminator"]) {
    const weights = plan.tensors.filter(({ name, role }) => role === "parameter" && name.startsWith(player));
    const isMoved = ({ name }: { name: string }) =>
      String(after.get(name)!.values) !== String(before.get(name)!.values);
    expect(weights.some(isMoved), player).toBe(true);
  }
  const samples = await trainer.sample(new Float32Array(3 * config.generator.latent).fill(0.5));
  expect(samples).toHaveLength(3 * data.shape.reduce((a, b) => a * b));
  await trainer.release();
}

test.each(Object.keys(presets) as (keyof typeof presets)[])("the preset %s trains", async (name) => {
  await trains(configure(presets[name].config, [["batch", 4]]));
});

const others = {
  "points on a ring": { data: "ring" },
  "points on a grid, all of G at once": { data: "grid", "descent.partition": "all" },
  "gradient steps of both players": { "descent.update": "gradient", "discriminator.descent.update": "gradient" },
  "a generator of one layer": { "generator.hidden": [], "discriminator.hidden": [8] },
  "one example at a time": { batch: 1 },
};
test.each(Object.entries(others))("the default trains with %s", async (_, settings) => {
  await trains(configure(presets.default.config, [["batch", 4], ...Object.entries(settings)]));
});
