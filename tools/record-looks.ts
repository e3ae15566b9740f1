// Trains with the options of every run in test/support/recorded-looks.json, and puts what the watchdog saw of it up to the first look that names a trouble, or
// of all of a healthy one, in their place. Usage: npm run tools:looks [-- PART_OF_THE_OPTIONS]; COORDESCENT_DATA: a folder with mnist/.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadMnist } from "../src/data/mnist.ts";
import { encodeNpy } from "../src/data/npy.ts";
import type { LogRecord } from "../src/train/train.ts";

interface Recorded {
  readonly command: string;
  readonly keys: readonly string[];
  readonly runs: readonly { readonly options: string; state: string; step: number | null; looks: unknown[][] }[];
}

const file = "test/support/recorded-looks.json";
const recorded: Recorded = JSON.parse(readFileSync(file, "utf8"));
const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "coordescent-looks-"));

/** The first training images as a file. */
async function fewImages(count: number): Promise<string> {
  const { pixels } = await loadMnist();
  const path = join(folder, "few.npy");
  writeFileSync(
    path,
    encodeNpy(
      [count, 28, 28],
      Float32Array.from(pixels.subarray(0, count * 784), (byte) => byte / 255),
    ),
  );
  return path;
}

/** The looks in the log of a training. */
function looksOf(options: readonly string[]): { step: number; watch: NonNullable<LogRecord["watch"]> }[] {
  const run = mkdtempSync(join(folder, "run-"));
  const command = recorded.command.split(" ").slice(1);
  execFileSync(process.execPath, [main, ...command, ...options, "--run", join(run, "run"), "--quiet"]);
  const lines = readFileSync(join(run, "run", "metrics.jsonl"), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line)).filter(({ watch }) => watch);
}

const few = await fewImages(320);
for (const run of recorded.runs.filter(({ options }) => options.includes(process.argv[2] ?? ""))) {
  const looks = looksOf(run.options.replace("FIRST-320-TRAINING-IMAGES", few).split(" "));
  const named = looks.findIndex(({ watch }) => watch.state !== "healthy");
  const shown = named < 0 ? looks : looks.slice(0, named + 1);
  run.state = shown.at(-1)!.watch.state;
  run.step = named < 0 ? null : shown.at(-1)!.step;
  run.looks = shown.map(({ step, watch: { signals } }) => {
    const values: Readonly<Record<string, number | undefined>> = { ...signals, step };
    return recorded.keys.map((key) => (values[key] === undefined ? null : Number(values[key].toPrecision(8))));
  });
  console.log(`${run.options}: ${run.state}${run.step === null ? "" : ` at ${run.step}`}`);
}
writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`);
execFileSync("npx", ["biome", "format", "--write", file], { stdio: "ignore" });
rmSync(folder, { recursive: true });
