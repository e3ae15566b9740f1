import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { encodeNpy } from "../src/data/npy.ts";
import { configure, parseSetting } from "../src/runs/config.ts";
import { memoryNeed } from "../src/runs/memory-need.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";
import { set, succeed } from "./support/run-files.ts";

/** The most bytes that a command has had in memory. Linux. */
async function peakOf(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [resolve("dist/cli/main.js"), ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let peak = 0;
  const look = () => {
    const found = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
    if (found) peak = 1024 * Number(found[1]);
  };
  const timer = setInterval(look, 10);
  const code = await new Promise((done) => child.on("exit", done));
  clearInterval(timer);
  expect(code).toBe(0);
  return peak;
}

const cases: readonly (readonly [string, readonly string[]])[] = [
  ["a large batch", ["batch=1024", "threads=1"]],
  ["convolutions", ["generator.architecture=convolutional", "generator.hidden=[16,8]", "batch=128", "threads=1"]],
];

test.skipIf(process.platform !== "linux").each(cases)(
  "a training with %s takes the memory that was estimated, give or take",
  async (_, settings) => {
    const often = ["checkpoint.every=4", "probe.every=5", "sample.every=5", "watch.every=5", "steps=10"];
    const config = configure(presets.default.config, [...settings.map(parseSetting), ["data", "strokes"]]);
    const need = memoryNeed(planOf(config, { shape: [1, 28, 28], range: "unit" }));
    const { tensors, checkpoints, programs, rest } = need;
    const estimated = tensors + checkpoints + programs + rest;
    const run = join(temporaryDirectory(), "run");
    const peak = await peakOf(["train", "--quiet", "--data", "strokes", "--run", run, ...set(...settings, ...often)]);
    expect(peak / estimated).toBeGreaterThan(0.65);
    expect(peak / estimated).toBeLessThan(1.1);
  },
);

test("networks for which kernels have no addresses are refused as a mistake of who asks", async () => {
  const args = ["train", "--data", "strokes", ...set("generator.hidden=[20000,7000]")];
  const outcome = await coordescent(args, { cwd: temporaryDirectory() });
  expect(outcome.stderr).toMatch(
    /^coordescent: memory: expected at most [\d,]+ MB.*, got .* MB.* Use a smaller batch or/m,
  );
  expect(outcome.code).toBe(2);
});

/** Lets a process believe that its machine has 500 MB. */
const smallMachine = `--import=data:text/javascript,${encodeURIComponent(`
  import os from "node:os";
  import { syncBuiltinESMExports } from "node:module";
  os.totalmem = () => 5e8;
  syncBuiltinESMExports();
`)}`;

test("images that do not fit beside the training are refused before they are read: half a million of one pixel", async () => {
  const cwd = temporaryDirectory();
  const env = { NODE_OPTIONS: smallMachine };
  const data = join(cwd, "images.npy");
  writeFileSync(data, encodeNpy([120, 1, 1], new Uint8Array(120)));
  const run = ["--run", "run", "--steps", "2", "--threads", "1"];
  await succeed(["train", "--data", data, ...run], { cwd, env });
  writeFileSync(data, encodeNpy([500_000, 1, 1], new Uint8Array(500_000)));
  for (const args of [
    ["train", "--data", data],
    ["resume", "run", "--steps", "3"],
  ]) {
    const outcome = await coordescent(args, { cwd, env });
    expect(outcome.stderr).toMatch(
      /^coordescent: memory: expected at most 500 MB, .* data 393 MB, .* or fewer images\.$/m,
    );
    expect(outcome.code).toBe(2);
  }
  expect(existsSync(join(cwd, "runs"))).toBe(false);
});
