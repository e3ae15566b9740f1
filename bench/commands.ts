import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { openPyTorch, openTraining } from "./field.ts";
import type { Figure } from "./figures.ts";
import { median } from "./report.ts";
import { configOf } from "./training.ts";

const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;

/** Does something with a new folder, and removes it. */
async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "coordescent-bench-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Times of `coordescent --help` and of Node doing nothing, in turn. */
export async function helpOverNode(rounds: number): Promise<Figure> {
  const timeOf = (args: readonly string[]) => {
    const begun = performance.now();
    execFileSync(process.execPath, args, { stdio: "ignore" });
    return performance.now() - begun;
  };
  const ratios = Array.from({ length: rounds }, () => timeOf([main, "--help"]) / timeOf(["-e", "0"]));
  return { value: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

/** Seconds from the start of `coordescent train` to the line of its first iteration in the log. */
export async function firstStep(rounds: number): Promise<Figure> {
  if (!process.env.COORDESCENT_DATA) return { missing: "COORDESCENT_DATA names no folder with MNIST" };
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) seconds.push(await withFolder(secondsToFirstStep));
  return { value: median(seconds), least: Math.min(...seconds), most: Math.max(...seconds) };
}

async function secondsToFirstStep(folder: string): Promise<number> {
  const run = join(folder, "run");
  const log = join(run, "metrics.jsonl");
  const options = ["--data", "mnist", "--set", "log.every=1", "--steps", "20", "--quiet", "--run", run];
  const begun = performance.now();
  const child = spawn(process.execPath, [main, "train", ...options], { stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  while (!existsSync(log) || readFileSync(log).length === 0) {
    if (child.exitCode !== null) throw new Error(`train ended with code ${child.exitCode}`);
    await setTimeout(2);
  }
  const seconds = (performance.now() - begun) / 1000;
  await ended;
  return seconds;
}

/** Most bytes resident of a whole `coordescent train`, Adam on both at batch 128, over PyTorch's, which keeps as many images as bytes too. */
export async function peakMemory(python: string | undefined): Promise<Figure> {
  const iterations = 100;
  const peer = await openPyTorch(python, 1, "bytes");
  if ("problem" in peer) return { missing: peer.problem };
  await peer.contestant.time("adam", 128, iterations);
  const theirs = Number(await peer.contestant.ask("memory"));
  peer.contestant.stop();
  return { value: (await withFolder(async (folder) => trainMemory(folder, iterations))) / theirs };
}

/** Most bytes resident of a process that trains, its report included. */
function trainMemory(folder: string, iterations: number): number {
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify({ ...configOf("adam", [["batch", 128]]), data: undefined, steps: iterations }));
  const data = process.env.COORDESCENT_DATA ? "mnist" : "strokes";
  const telling = 'process.on("exit", () => console.error(process.resourceUsage().maxRSS))';
  const options = ["--config", config, "--data", data, "--quiet", "--run", join(folder, "run")];
  const args = ["--import", `data:text/javascript,${encodeURIComponent(telling)}`, main, "train", ...options];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr.trim());
  return 1024 * Math.max(...stderr.trim().split("\n").map(Number)); // its threads tell as well
}

/** Bytes that the JavaScript heap grows by in an iteration, what is logged and saved now and then included, with so much room that nothing is collected meanwhile. */
export async function heapOfStep(): Promise<Figure> {
  const roomMb = 512;
  const room = [`--min-semi-space-size=${roomMb}`, `--max-semi-space-size=${roomMb}`];
  const opened = await openTraining("adam", 128, 50, { flags: room });
  if ("problem" in opened) return { missing: opened.problem };
  const { contestant } = opened;
  await contestant.time("adam", 128, 4000); // until what is called twice an iteration is compiled
  const bytes: number | null = JSON.parse(await contestant.ask("heap 1000"));
  contestant.stop();
  return bytes === null ? { missing: "the heap was collected while it was measured" } : { value: bytes };
}
