// Time of each block step of G over the time of the full step, beside the ratio of their multiply-accumulates.
// Usage: npm run bench:blocks [-- BATCH THREADS]

import { configure } from "../src/runs/config.ts";
import { inspect } from "../src/runs/inspection.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { median, report } from "./report.ts";
import { interleaved } from "./timer.ts";

const [batch = 128, threads = 1] = process.argv.slice(2).map(Number);
const examples = { shape: [1, 28, 28], range: "unit" } as const;
for (const update of ["gradient", "adam"]) {
  const config = configure(presets.default.config, [
    ["batch", batch],
    ["descent.partition", "layer"],
    ["descent.average", 0],
    ["descent.update", update],
  ]);
  const whole = configure(config, [["descent.partition", "all"]]);
  const moves = [whole, config].flatMap(
    (c) => planOf(c, examples).players.find(({ name }) => name === "generator")!.moves,
  );
  const programs = moves.map((move) => move.programs[0]!);
  const times = await interleaved(programs, threads);
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
