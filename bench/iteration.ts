// Milliseconds of a whole iteration of several configurations, measured in turn so that all meet the same machine.
// Usage: npm run bench:iteration -- "adam" "default discriminator.descent.partition=layer" ...     each PRESET KEY=VALUE ... in quotes
import { imageDataset } from "../src/data/image-feed.ts";
import { strokes } from "../src/data/strokes.ts";
import { configure, parseSetting } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { openRuntime } from "../src/runtime/open.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { median, report } from "./report.ts";

const rounds = 60;
const iterations = 12; // a multiple of the blocks, so that a round holds whole sweeps
const data = imageDataset(strokes());

const candidates = await Promise.all(
  process.argv.slice(2).map(async (text) => {
    const [preset, ...settings] = text.split(" ");
    const start = presets[preset as keyof typeof presets].config;
    const config = configure(start, [["threads", 1], ...settings.map(parseSetting)]);
    const runtime = await openRuntime("cpu", { threads: config.threads });
    const trainer = await createTrainer({ plan: planOf(config, data), runtime, data, seed: config.seed });
    return { text, threads: config.threads, trainer, times: [] as number[] };
  }),
);

for (let round = -1; round < rounds; round++) {
  for (const { trainer, times } of candidates) {
    const begun = performance.now();
    for (let i = 0; i < iterations; i++) await trainer.iterate();
    if (round >= 0) times.push((performance.now() - begun) / iterations); // the round before the first warms up
  }
}
for (const { text, threads, times } of candidates) {
  const [first, own] = [candidates[0]!.times, times].map((all) => ({ median: median(all), least: Math.min(...all) }));
  report({
    bench: "iteration",
    configuration: text,
    threads,
    ms: own!.median,
    leastMs: own!.least, // of a round that nobody disturbed
    overFirst: own!.median / first!.median,
    leastOverFirst: own!.least / first!.least,
  });
}
