// Sample quality over training time: FID (peers/fid.py) of one training at given iterations, one line in a results file. Only training is timed.
// Usage: npm run bench:quality -- [--preset NAME] [--at 5000,10000] [--out FILE] [KEY=VALUE ...]; COORDESCENT_BENCH_PYTHON names a command
// that runs a script with torch, COORDESCENT_DATA a folder with mnist/.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { imageDataset } from "../src/data/image-feed.ts";
import { loadMnist } from "../src/data/mnist.ts";
import { fillNormal, stream } from "../src/random.ts";
import { type Config, configure, parseSetting } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { openRuntime } from "../src/runtime/open.ts";
import { samplerOf } from "../src/train/sampler.ts";
import type { Snapshot } from "../src/train/snapshot.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { report } from "./report.ts";

const python = process.env.COORDESCENT_BENCH_PYTHON;
const peer = new URL("../../bench/peers/fid.py", import.meta.url).pathname;
const build = new URL("../", import.meta.url);
const sampleCount = 10_000;

interface Point {
  readonly iteration: number;
  /** Of training, without sampling: wall clock, and processor time of the process, which other programs disturb less. */
  readonly trainingMs: number;
  readonly trainingCpuMs: number;
  /** [10000, 784], with the weights as they are and with their average. */
  readonly samples: Float32Array;
  readonly averagedSamples: Float32Array;
}

/** Every so many iterations the weights enter an average that forgets a fiftieth each time: about the last 500 iterations. */
const averageEvery = 10;
const averageDecay = 0.98;

function runPeer(verb: string, parts: readonly Uint8Array[]): Buffer {
  const input = Buffer.concat(parts);
  return execFileSync(python!, [peer, verb], { input, maxBuffer: 2 ** 30, stdio: ["pipe", "pipe", "inherit"] });
}

/** The network that looks at the digits, and what it sees in the real ones; made once. */
async function fidReference(): Promise<Uint8Array> {
  const file = new URL("fid-reference.pt", build);
  if (!existsSync(file)) {
    const [train, test] = [await loadMnist(), await loadMnist({ split: "test" })];
    mkdirSync(build, { recursive: true });
    writeFileSync(file, runPeer("learn", [train.pixels, train.labels, test.pixels, test.labels]));
  }
  return readFileSync(file);
}

async function fids(points: readonly Point[]): Promise<number[]> {
  if (points.length === 0) return [];
  const reference = await fidReference();
  const length = new Uint8Array(new BigUint64Array([BigInt(reference.length)]).buffer);
  const sets = points.flatMap(({ samples, averagedSamples }) =>
    [samples, averagedSamples].map(({ buffer }) => new Uint8Array(buffer)),
  );
  return JSON.parse(runPeer("score", [length, reference, ...sets]).toString()) as number[];
}

function moveAverage(average: Snapshot, current: Snapshot): void {
  for (const [name, { values }] of average) {
    if (!/^generator.*\/(weight|bias)$/.test(name)) continue;
    const next = current.get(name)!.values;
    for (let i = 0; i < values.length; i++) values[i]! += (1 - averageDecay) * (next[i]! - values[i]!);
  }
}

/** Trains to the last of the iterations, or until a reported value is not finite. */
async function trained(config: Config, at: readonly number[]): Promise<{ points: Point[]; divergedAt?: number }> {
  const data = imageDataset(await loadMnist());
  const runtime = await openRuntime("cpu", { threads: config.threads });
  const plan = planOf(config, data);
  const trainer = await createTrainer({ plan, runtime, data, seed: config.seed });
  const average = await trainer.snapshot();
  const current = await trainer.snapshot();
  const latents = new Float32Array(sampleCount * config.generator.latent);
  fillNormal(stream(config.seed, "quality"), 0, latents);
  const points: Point[] = [];
  let [trainingMs, trainingCpuMs] = [0, 0];
  for (const iteration of at) {
    while (trainer.step < iteration) {
      const [begun, begunCpu] = [performance.now(), process.cpuUsage()];
      for (let i = 0; i < averageEvery; i++) {
        const { step, metrics } = await trainer.iterate();
        if (!Object.values(metrics).every(Number.isFinite)) return { points, divergedAt: step };
      }
      const { user, system } = process.cpuUsage(begunCpu);
      trainingMs += performance.now() - begun;
      trainingCpuMs += (user + system) / 1000;
      moveAverage(average, await trainer.snapshot(current));
    }
    const averaged = await samplerOf(plan.sampler!, runtime, average);
    const [samples, averagedSamples] = [await trainer.sample(latents), await averaged(latents)];
    points.push({ iteration, trainingMs, trainingCpuMs, samples, averagedSamples });
    await averaged.release();
  }
  return { points };
}

if (!python) throw new Error("bench/quality: set COORDESCENT_BENCH_PYTHON to a command that runs a script with torch.");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: "string", default: "default" },
    at: { type: "string", default: "2500,5000,7500,10000,15000,20000" },
    out: { type: "string", default: "bench/quality.jsonl" },
  },
});
const settings = positionals.map(parseSetting);
const preset = presets[values.preset as keyof typeof presets].config;
const config = configure(preset, [["threads", 1], ...settings]);
const { points, divergedAt } = await trained(config, values.at.split(",").map(Number));
const scores = await fids(points);
report(
  {
    bench: "quality",
    preset: values.preset,
    settings: Object.fromEntries(settings),
    seed: config.seed,
    batch: config.batch,
    ...(divergedAt === undefined ? {} : { divergedAt }),
    points: points.map(({ iteration, trainingMs, trainingCpuMs }, i) => ({
      iteration,
      trainingMs: Math.round(trainingMs),
      trainingCpuMs: Math.round(trainingCpuMs),
      fid: Number(scores[2 * i]!.toFixed(2)),
      averagedFid: Number(scores[2 * i + 1]!.toFixed(2)),
    })),
  },
  values.out,
);
