// Time and work of measuring the norms of all block gradients of G (what greedy selection needs) over those of the whole gradient.
// Usage: npm run bench:greedy [-- BATCH THREADS]

import { ganPlan } from "../src/gan/game.ts";
import type { Program } from "../src/program.ts";
import { fillUniform, stream } from "../src/random.ts";
import { configure } from "../src/runs/config.ts";
import { ganOptions } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { median, report } from "./report.ts";

const [batch = 64, threads = 1] = process.argv.slice(2).map(Number);
const examples = { shape: [1, 28, 28], range: "unit" } as const;
const rounds = 15;
const runs = 60;

/** Milliseconds of a run of a program, on average over some. */
async function timer(program: Program): Promise<() => Promise<number>> {
  const runtime = nodeRuntime({ threads });
  const session = await runtime.load(program);
  const allocate = (ports: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, runtime.allocate(shape)]));
  const [inputs, outputs] = [allocate(program.manifest.inputs), allocate(program.manifest.outputs)];
  for (const [name, tensor] of Object.entries(inputs)) {
    tensor.write((values) => fillUniform(stream(1, name), 0, values, -0.05, 0.05));
  }
  return async () => {
    const start = performance.now();
    for (let run = 0; run < runs; run++) await session.run(inputs, outputs);
    return (performance.now() - start) / runs;
  };
}

const greedy = configure(presets.default.config, [
  ["batch", batch],
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

const timers = await Promise.all([norms, gradient].map(timer));
for (const time of timers) await time();
const times = timers.map((): number[] => []);
for (let round = 0; round < rounds; round++) for (const [i, time] of timers.entries()) times[i]!.push(await time());
const [normsMs, gradientMs] = times.map(median) as [number, number];
report({
  bench: "greedy",
  batch,
  threads,
  normsMs,
  gradientMs,
  timeRatio: normsMs / gradientMs,
  macRatio: norms.manifest.cost.macs / gradient.manifest.cost.macs,
});
