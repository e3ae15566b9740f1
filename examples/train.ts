// Trains the GAN of the source document by block coordinate descent and draws digits: node examples/train.ts [iterations]
import { writeFileSync } from "node:fs";
import * as gan from "coordescent";

const steps = Number(process.argv[2] ?? 2000);
const config = gan.configure(gan.presets.default.config, [["steps", steps]]);
const data = gan.imageDataset(gan.strokes());
const runtime = await gan.openRuntime("cpu");
const trainer = await gan.createTrainer({ plan: gan.planOf(config, data), runtime, data, seed: config.seed });

const latents = new Float32Array(64 * config.generator.latent);
gan.fillNormal(gan.stream(config.seed, "samples"), 0, latents);

for await (const event of gan.train({ trainer, steps, batch: config.batch, latents, logEvery: 100 })) {
  if (event.type === "record")
    console.log(event.record.step, event.record.block, event.record.lossD, event.record.lossG);
  if (event.type === "samples") writeFileSync("digits.png", gan.imageGrid(event.samples, [1, 28, 28]));
}
await trainer.release();
