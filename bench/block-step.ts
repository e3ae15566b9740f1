// Time of each block step of G over the time of the full step, beside the ratio of their multiply-accumulates.
// Usage: npm run bench:blocks [-- BATCH THREADS]

import type { Program } from "../src/program.ts";
import { fillUniform, stream } from "../src/random.ts";
import { configure } from "../src/runs/config.ts";
import { inspect } from "../src/runs/inspection.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { median, report } from "./report.ts";

const [batch = 128, threads = 1] = process.argv.slice(2).map(Number);
const examples = { shape: [1, 28, 28], range: "unit" } as const;
const rounds = 15;
const runs = 60;

async function stepper(program: Program): Promise<() => Promise<number>> {
  const runtime = nodeRuntime({ threads });
  const session = await runtime.load(program);
  const allocate = (ports: Program["manifest"]["inputs"] | Program["manifest"]["outputs"]) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, runtime.allocate(shape)]));
  const [inputs, outputs] = [allocate(program.manifest.inputs), allocate(program.manifest.outputs)];
  for (const [name, tensor] of Object.entries(inputs)) {
    tensor.write((values) => fillUniform(stream(1, name), 0, values, name.endsWith("/v") ? 0.01 : -0.05, 0.05));
  }
  return async () => {
    const start = performance.now();
    for (let run = 0; run < runs; run++) await session.run(inputs, outputs);
    return (performance.now() - start) / runs;
  };
}

for (const update of ["gradient", "adam"]) {
  const config = configure(presets.default.config, [
    ["batch", batch],
    ["descent.update", update],
  ]);
  const whole = configure(config, [["descent.partition", "all"]]);
  const moves = [whole, config].flatMap(
    (c) => planOf(c, examples).players.find(({ name }) => name === "generator")!.moves,
  );
  const steppers = await Promise.all(moves.map((move) => stepper(move.programs[0]!)));
  for (const step of steppers) await step();
  const times = steppers.map((): number[] => []);
  for (let round = 0; round < rounds; round++) for (const [i, step] of steppers.entries()) times[i]!.push(await step());
  const [full, ...blocks] = times.map(median) as [number, ...number[]];
  const { blocks: costs, fullStep } = inspect(config, examples);
  report({
    bench: "block-step",
    update,
    batch,
    threads,
    fullMs: full,
    blocks: costs.map(({ name, macsPerSample }, i) => ({
      name,
      ms: blocks[i],
      timeRatio: blocks[i]! / full,
      macRatio: macsPerSample / fullStep.macsPerSample,
    })),
    meanTimeRatio: blocks.reduce((sum, ms) => sum + ms, 0) / blocks.length / full,
  });
}
