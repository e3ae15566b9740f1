import { expect, test } from "vitest";
import { ring } from "../src/data/mixture.ts";
import { fillNormal, stream } from "../src/random.ts";
import { configure } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { createTrainer } from "../src/train/trainer.ts";

const latent = 8;
const sampleCount = 512;

/** The default descent, faster and on small networks. */
const config = configure({ ...presets.default.config, data: "ring" }, [
  ["generator.latent", latent],
  ["generator.hidden", [48, 48]],
  ["discriminator.hidden", [48, 48]],
  ["discriminator.r1", 0.3],
  ["discriminator.r2", 0.3],
  ["descent.learningRate", 5e-3],
  ["discriminator.descent.learningRate", 2e-3],
]);

/** How many samples lie within 0.3 of each centre: 15 standard deviations, and a fifth of the way to the next. */
function countsAt(samples: Float32Array): number[] {
  return ring.centres.map(([a, b]) => {
    const isNear = (_: unknown, i: number) => Math.hypot(samples[2 * i]! - a, samples[2 * i + 1]! - b) < 0.3;
    return Array.from({ length: sampleCount }).filter(isNear).length;
  });
}

// T30 of the list of oracles, its bounded part: a statistical statement, not an exact one
test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
  "descent on one layer at a time finds all eight modes of the ring (seed %i)",
  async (seed) => {
    const trainer = await createTrainer({
      plan: planOf(config, ring),
      runtime: nodeRuntime({ threads: 1 }),
      data: ring,
      seed,
    });
    for (let i = 0; i < 2000; i++) await trainer.iterate();
    const latents = new Float32Array(sampleCount * latent);
    fillNormal(stream(seed, "test/latents"), 0, latents);
    const counts = countsAt(await trainer.sample(latents));
    await trainer.release();
    // one mode in eight has 64 of 512 samples where all are sharp; an eighth of that is found
    expect(Math.min(...counts), `[${counts}]`).toBeGreaterThanOrEqual(8);
  },
);
