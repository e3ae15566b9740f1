// Sample quality over training time: Frechet distance of 10,000 samples to the 10,000 validation images of MNIST, and what real images have, at given
// iterations of trainings with several seeds, one line each in a results file. Only training is timed; a seed that diverges says where.
// Usage: npm run bench:quality -- [--preset NAME] [--at 10000,20000] [--seeds 1,2,3] [--out FILE] [KEY=VALUE ...]; COORDESCENT_DATA: a folder with mnist/.
import { parseArgs } from "node:util";
import { imageDataset } from "../src/data/image-feed.ts";
import type { Split } from "../src/data/images.ts";
import { loadMnist } from "../src/data/mnist.ts";
import { openClassifier } from "../src/evaluation/features.ts";
import { imageProbe } from "../src/evaluation/probe.ts";
import { someImages } from "../src/evaluation/scale.ts";
import { fillNormal, stream } from "../src/random.ts";
import { type Config, configure, parseSetting } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { openRuntime } from "../src/runtime/open.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { report } from "./report.ts";

const count = 10_000;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: "string", default: "default" },
    at: { type: "string", default: "5000,10000,15000,20000" },
    seeds: { type: "string", default: "1" },
    out: { type: "string", default: "bench/quality.jsonl" },
  },
});
const settings = positionals.map(parseSetting);
const { config: preset } = presets[values.preset as keyof typeof presets];
const config = configure(preset, [["threads", 1], ...settings]);

const runtime = await openRuntime("cpu", { threads: config.threads });
const extractor = await openClassifier(runtime);
const images = async (split: Split) =>
  someImages(
    Float32Array.from((await loadMnist({ split })).pixels, (byte) => byte / 255),
    count,
    stream(0, split),
  );
const real = await images("validation");
const look = imageProbe(async () => ({ extractor, real }), 1);
const floor = (await look(await images("train"))).distance;
const data = imageDataset(await loadMnist());
const plan = planOf(config, data);

/** Quality at the iterations of `at`, or until a reported value is not finite. */
async function qualities(seed: number, at: readonly number[]) {
  const trainer = await createTrainer({ plan, runtime, data, seed });
  const latents = new Float32Array(count * config.generator.latent);
  fillNormal(stream(seed, "quality"), 0, latents);
  const points: object[] = [];
  let [trainingMs, trainingCpuMs] = [0, 0];
  for (const iteration of at) {
    const [begun, begunCpu] = [performance.now(), process.cpuUsage()];
    while (trainer.step < iteration) {
      const { step, skipped } = await trainer.iterate();
      if (skipped) return { points, divergedAt: step };
    }
    const { user, system } = process.cpuUsage(begunCpu);
    trainingMs += performance.now() - begun;
    trainingCpuMs += (user + system) / 1000;
    const { distance, modes, diversity } = await look(await trainer.sample(latents));
    points.push({
      iteration,
      trainingMs: Math.round(trainingMs),
      trainingCpuMs: Math.round(trainingCpuMs),
      fid: distance,
      modes,
      diversity,
    });
  }
  await trainer.release();
  return { points };
}

/** Everything that a later default may have otherwise. */
const about = ({ batch, threads, loss, generator, discriminator, descent, game }: Config) => ({
  ...{ batch, threads },
  config: { loss, generator, discriminator, descent, game },
});
for (const seed of values.seeds.split(",").map(Number)) {
  const found = await qualities(seed, values.at.split(",").map(Number));
  const what = {
    bench: "quality",
    features: extractor.name,
    floor,
    preset: values.preset,
    settings: Object.fromEntries(settings),
  };
  report({ ...what, seed, ...about(config), ...found }, values.out);
}
