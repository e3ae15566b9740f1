// What a checkpoint of the default preset costs: how long the training waits for it, and how long another thread writes. Usage: npm run bench:checkpoint [-- PRESET]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imageDataset } from "../src/data/image-feed.ts";
import { strokes } from "../src/data/strokes.ts";
import { saveCheckpoint } from "../src/runs/checkpoint.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { emptySnapshot, notFinite } from "../src/train/snapshot.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { median, report } from "./report.ts";

const [preset = "default"] = process.argv.slice(2) as (keyof typeof presets)[];
const { config } = presets[preset];
const data = imageDataset(strokes());
const plan = planOf(config, data);
const trainer = await createTrainer({ plan, runtime: nodeRuntime({ threads: 1 }), data, seed: 1 });
const snapshot = emptySnapshot(plan.tensors, (sizeBytes) => new SharedArrayBuffer(sizeBytes));
const folder = mkdtempSync(join(tmpdir(), "coordescent-bench-"));

async function timeOf(action: () => unknown): Promise<number> {
  const begun = performance.now();
  await action();
  return performance.now() - begun;
}

const times = { step: [] as number[], stall: [] as number[], save: [] as number[] };
for (let i = 0; i < 10; i++) await trainer.iterate();
for (let round = 0; round < 25; round++) {
  for (let i = 0; i < 4; i++) times.step.push(await timeOf(() => trainer.iterate()));
  times.stall.push(await timeOf(async () => notFinite(await trainer.snapshot(snapshot))));
  const checkpoint = { step: trainer.step, snapshot, state: {}, records: 0 };
  times.save.push(await timeOf(() => saveCheckpoint(folder, checkpoint, { keep: 2 })));
}
rmSync(folder, { recursive: true });
const [stepMs, stallMs, saveMs] = [times.step, times.stall, times.save].map(median) as [number, number, number];
const every = config.checkpoint.every;
report({
  bench: "checkpoint",
  preset,
  stepMs,
  stallMs,
  saveMs,
  every,
  overhead: (stallMs + saveMs) / (every * stepMs),
});
