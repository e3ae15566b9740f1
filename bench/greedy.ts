// Time and work of measuring the norms of all block gradients of G (what greedy selection needs) over those of the whole gradient.
// Usage: npm run bench:greedy [-- BATCH THREADS]

import { ganPlan } from "../src/gan/game.ts";
import { configure } from "../src/runs/config.ts";
import { ganOptions } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { median, report } from "./report.ts";
import { interleaved } from "./timer.ts";

const [batch = 64, threads = 1] = process.argv.slice(2).map(Number);
const examples = { shape: [1, 28, 28], range: "unit" } as const;
const greedy = configure(presets.default.config, [
  ["batch", batch],
  ["descent.partition", "layer"],
  ["descent.select", "gauss-southwell"],
]);
const generator = (plan: ReturnType<typeof ganPlan>) => plan.players.find(({ name }) => name === "generator")!;
const norms = generator(ganPlan(ganOptions(greedy, examples))).norms!;
// two replicas of the batch: their first program gives the gradients and does nothing else
const whole = configure(presets.default.config, [
  ["batch", 2 * batch],
  ["descent.partition", "all"],
]);
const gradient = generator(ganPlan({ ...ganOptions(whole, examples), replicas: 2 })).moves[0]!.programs[0]!;

const [normsMs, gradientMs] = (await interleaved([norms, gradient], threads)).map(median) as [number, number];
report({
  bench: "greedy",
  batch,
  threads,
  normsMs,
  gradientMs,
  timeRatio: normsMs / gradientMs,
  macRatio: norms.manifest.cost.macs / gradient.manifest.cost.macs,
});
