// Whether the watchdog accuses trainings that are well, and how many digits they show: `coordescent train --data mnist` with several seeds.
// Usage: npm run bench:watchdog -- [--preset default] [--seeds 301-330] [--steps 2000]; COORDESCENT_DATA: a folder with mnist/.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { LogRecord } from "../src/train/train.ts";
import { report } from "./report.ts";

const { preset, seeds, steps } = parseArgs({
  options: {
    preset: { type: "string", default: "default" },
    seeds: { type: "string", default: "301-330" },
    steps: { type: "string", default: "2000" },
  },
}).values;
const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const [first, last] = seeds.split("-").map(Number) as [number, number?];
const folder = mkdtempSync(join(tmpdir(), "coordescent-bench-"));

/** What the watchdog named in a training, and the digits of its last probe; a training that does not end well throws. */
function look(seed: number): { accusations: string[]; digits: number } {
  const run = join(folder, String(seed));
  const options = ["--data", "mnist", "--preset", preset, "--seed", String(seed), "--steps", steps];
  const often = ["--set", `probe.every=${Math.min(1000, Number(steps))}`];
  execFileSync(process.execPath, [main, "train", ...options, ...often, "--run", run, "--quiet"]);
  const text = readFileSync(join(run, "metrics.jsonl"), "utf8").trim();
  const log: LogRecord[] = text.split("\n").map((line) => JSON.parse(line));
  const states = log.flatMap(({ watch }) => watch?.state ?? []);
  if (states.length === 0) throw new Error(`seed ${seed}: the watchdog never looked`);
  return {
    accusations: [...new Set(states)].filter((state) => state !== "healthy"),
    digits: log.findLast(({ quality }) => quality)!.quality!.modes,
  };
}

const looks = Array.from({ length: (last ?? first) - first + 1 }, (_, i) => ({ seed: first + i, ...look(first + i) }));
rmSync(folder, { recursive: true });
const accused = looks.filter(({ accusations }) => accusations.length > 0);
const digits = Math.min(...looks.map(({ digits }) => digits));
report({
  bench: "watchdog",
  preset,
  seeds,
  steps: Number(steps),
  trainings: looks.length,
  accused,
  fewestDigits: digits,
});
