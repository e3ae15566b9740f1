// Milliseconds of an iteration on devices, each from a process of its own: median, least and most of five rounds of about a second.
// Usage: npm run bench:device [-- TASK BATCH DEVICE[:THREADS] ...]
import { aligned } from "../src/cli/table.ts";
import { openTraining } from "./field.ts";
import { columnsOf, report } from "./report.ts";
import type { Task } from "./training.ts";

const [task = "adam", batch = "64", ...places] = process.argv.slice(2);
const [rounds, roundMs, logEvery] = [5, 1000, 3];

async function measure(place: string): Promise<string[][]> {
  const [device, threads = "0"] = place.split(":");
  const settings = [`device=${device}`, `threads=${threads}`];
  const opened = await openTraining(task as Task, Number(batch), logEvery, { settings });
  if ("problem" in opened) {
    console.error(`${place} is missing: ${opened.problem}`);
    return [];
  }
  const { contestant } = opened;
  const time = (iterations: number) => contestant.time(task, Number(batch), iterations);
  const iterations = Math.ceil(roundMs / (await time(10 * logEvery)));
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) times.push(await time(iterations));
  contestant.stop();
  report({ bench: "device", task, batch: Number(batch), by: contestant.name, ms: times });
  return [[contestant.name, ...columnsOf(times)]];
}

const rows: string[][] = [];
for (const place of places.length > 0 ? places : ["webgpu", "cpu:1", "cpu"]) rows.push(...(await measure(place)));
console.log([`${task} ${batch}`, ...aligned(rows)].join("\n"));
