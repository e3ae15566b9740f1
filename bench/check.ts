// What it costs to look whether everything is finite that an iteration changed, where no kernel adds it up on its way: iterations with that look and without, in turn.
// Usage: npm run bench:check -- ["source" "default descent.partition=unit" ...]     each PRESET KEY=VALUE ... in quotes
import { imageDataset } from "../src/data/image-feed.ts";
import { strokes } from "../src/data/strokes.ts";
import { configure, parseSetting } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { openRuntime } from "../src/runtime/open.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { median, report } from "./report.ts";

const rounds = 25;
const iterations = 12; // a multiple of the blocks, so that a round holds whole sweeps
const texts =
  process.argv.length > 2
    ? process.argv.slice(2)
    : [
        "source",
        "default descent.update=gradient discriminator.descent.update=gradient discriminator.penaltyEvery=1",
        "default descent.partition=unit descent.blockSize=8 discriminator.penaltyEvery=1",
        "default game.order=extragradient discriminator.penaltyEvery=1",
      ];
const data = imageDataset(strokes({ count: 2000 }));
const runtime = await openRuntime("cpu", { threads: 1 });
const unseeing: Runtime = {
  ...runtime,
  arena(shapes) {
    const next = runtime.arena!(shapes);
    return (shape) => Object.assign(next(shape), { isFinite: () => true });
  },
};

for (const text of texts) {
  const [preset, ...settings] = text.split(" ");
  const config = configure(presets[preset as keyof typeof presets].config, settings.map(parseSetting));
  const plan = planOf(config, data);
  const trainers = [];
  for (const on of [runtime, unseeing]) trainers.push(await createTrainer({ plan, runtime: on, data, seed: 1 }));
  const times = trainers.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, trainer] of trainers.entries()) {
      const begun = performance.now();
      for (let k = 0; k < iterations; k++) await trainer.iterate();
      if (round >= 0) times[i]!.push((performance.now() - begun) / iterations); // the round before the first warms up
    }
  }
  const [looking, not] = times as [number[], number[]];
  const cost = median(looking.map((ms, round) => ms / not[round]!)) - 1;
  report({ bench: "check", configuration: text, ms: { looking: median(looking), not: median(not) }, cost });
}
