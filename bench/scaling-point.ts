// One point of bench/scaling.ts, in a process of its own: prints milliseconds of an iteration, peak memory and multiply-accumulates as JSON.
// Usage: node build/bench/scaling-point.js TASK IMAGES [KEY=VALUE ...]
import { parseSetting } from "../src/runs/config.ts";
import { inspect } from "../src/runs/inspection.ts";
import { median } from "./report.ts";
import { configOf, noiseImages, openTraining, type Task } from "./training.ts";

const leastMs = 150; // of a reading
const [task, images, ...settings] = process.argv.slice(2);
const config = configOf(task as Task, [...settings.map(parseSetting), ["log.every", 1]]);
const data = noiseImages(Number(images));
const training = await openTraining(config, data);
const { blocks, discriminatorStep } = inspect(config, data);

async function msOf(iterations: number): Promise<number> {
  const begun = performance.now();
  await training.advance(iterations);
  return (performance.now() - begun) / iterations;
}

await training.advance(5);
const iterations = Math.ceil(leastMs / (await msOf(5)));
const times: number[] = [];
for (let reading = 0; reading < 7; reading++) times.push(await msOf(iterations));

const moves = blocks.flatMap(({ blocks, macsPerSample }) => new Array<number>(blocks).fill(macsPerSample));
const macsOfMove = moves.reduce((sum, macs) => sum + macs, 0) / moves.length;
console.log(
  JSON.stringify({
    ms: median(times),
    mb: process.resourceUsage().maxRSS / 1024,
    macs: config.batch * (macsOfMove + discriminatorStep.macsPerSample),
    blocks: moves.length,
  }),
);
process.exit(0);
