import { expect, test } from "vitest";
import { ring } from "../src/data/mixture.ts";
import { pointProbe } from "../src/evaluation/probe.ts";
import { comparePaired } from "../src/metrics/comparison.ts";
import { fillNormal, stream } from "../src/random.ts";
import { configure } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { simple } from "./support/config.ts";

const [iterations, samples, seeds] = [800, 1000, 7];
/** Finds the Gaussians of the ring within seconds. */
const config = configure(simple, [
  ["generator.hidden", [32, 32]],
  ["discriminator.hidden", [32, 32]],
  ["discriminator.r1", 0.3],
  ["discriminator.r2", 0.3],
  ["discriminator.descent.learningRate", 2e-3],
  ["descent.learningRate", 5e-3],
  ["descent.average", 0.99],
]);
const runtime = nodeRuntime({ threads: 1 });
const real = new Float32Array(2 * samples);
ring.fill(0, 0, real);
const probe = pointProbe(ring, real);

/** Distance of samples from real points after a training with each of some seeds. */
async function distances(firstSeed: number, rate = 1): Promise<number[]> {
  const learningRate = rate * config.descent.learningRate;
  const plan = planOf(configure(config, [["descent.learningRate", learningRate]]), ring);
  const latents = new Float32Array(samples * config.generator.latent);
  const found: number[] = [];
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const trainer = await createTrainer({ plan, runtime, data: ring, seed });
    while (trainer.step < iterations) await trainer.iterate();
    fillNormal(stream(seed, "comparison"), 0, latents);
    found.push((await probe(await trainer.sample(latents))).distance);
    await trainer.release();
  }
  return found;
}

test("trainings that differ in nothing but their seeds compare as equal, and a learning rate times 10 as worse", async () => {
  const baseline = await distances(1);
  const again = await distances(101);
  const regressed = await distances(1, 10);
  expect(comparePaired(baseline, again, { better: "lower" }), `${baseline} ${again}`).toMatchObject({
    verdict: "no difference",
  });
  expect(comparePaired(baseline, regressed, { better: "lower" }), `${baseline} ${regressed}`).toMatchObject({
    verdict: "worse",
  });
});
