// One training of this project, told over standard input: `TASK BATCH ITERATIONS` is answered with milliseconds of an iteration, `heap ITERATIONS` with the
// bytes that the JavaScript heap grew by in an iteration, or `null` where it was collected meanwhile.
// Usage: node build/bench/ours.js TASK BATCH LOG_EVERY [KEY=VALUE ...]
import { PerformanceObserver } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { parseSetting } from "../src/runs/config.ts";
import { configOf, openTraining, type Task } from "./training.ts";

const [task, batch, logEvery, ...settings] = process.argv.slice(2);
const config = configOf(task as Task, [
  ["batch", Number(batch)],
  ["log.every", Number(logEvery)],
  ...settings.map(parseSetting),
]);
const training = await openTraining(config);
let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ["gc"] });

async function heapGrowth(iterations: number): Promise<number | null> {
  await setTimeout(50); // collections that have ended are told
  const before = { collections, used: process.memoryUsage().heapUsed };
  await training.advance(iterations);
  const used = process.memoryUsage().heapUsed;
  await setTimeout(50);
  return collections === before.collections ? (used - before.used) / iterations : null;
}

console.log(training.runtime);
for await (const line of createInterface({ input: process.stdin })) {
  const words = line.split(" ");
  const iterations = Number(words.at(-1));
  if (words[0] === "heap") console.log(JSON.stringify(await heapGrowth(iterations)));
  else {
    const begun = performance.now();
    await training.advance(iterations);
    console.log((performance.now() - begun) / iterations);
  }
}
process.exit(0);
