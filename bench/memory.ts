// Resident memory of `coordescent train` around 1,000 and 50,000 iterations, of tiny networks so that it takes seconds, in several runs. Linux. Usage: npm run bench:memory [-- PRESET KEY=VALUE ...]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { report } from "./report.ts";

const [steps, runs] = [50_000, 7];
const tiny = ["generator.hidden=[8]", "discriminator.hidden=[8]", "batch=8"];
const [preset = "points", ...settings] = process.argv.slice(2);
const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;

/** Mean resident MiB of a training around some iterations, sampled fifty times a second. */
async function measure() {
  const folder = mkdtempSync(join(tmpdir(), "coordescent-bench-"));
  const run = join(folder, "run");
  const changes = [...tiny, ...settings].flatMap((setting) => ["--set", setting]);
  const options = ["--preset", preset, ...changes, "--steps", String(steps), "--run", run, "--quiet"];
  const child = spawn(process.execPath, [main, "train", ...options], { stdio: "inherit" });
  const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) / 1024;
  const lastStep = () =>
    Number(/"step":(\d+)[^\n]*\n$/.exec(readFileSync(join(run, "metrics.jsonl"), "utf8"))?.[1] ?? 0);
  const samples: { step: number; mb: number }[] = [];
  const timer = setInterval(() => {
    try {
      samples.push({ step: lastStep(), mb: residentMb() });
    } catch {
      // not begun yet, or just ended
    }
  }, 20);
  await once(child, "exit");
  clearInterval(timer);
  rmSync(folder, { recursive: true });
  const mean = (from: number, to: number) => {
    const inside = samples.filter(({ step }) => step >= from && step <= to);
    return inside.reduce((sum, { mb }) => sum + mb, 0) / inside.length;
  };
  // the report at the end has room of its own
  return { mbAround1000: mean(1000, 2000), mbAround5000: mean(4000, 8000), mbAround50000: mean(45_000, 49_000) };
}

const measured: Awaited<ReturnType<typeof measure>>[] = [];
for (let i = 0; i < runs; i++) measured.push(await measure());
const growth = measured
  .map(({ mbAround1000, mbAround50000 }) => mbAround50000 / mbAround1000 - 1)
  .sort((a, b) => a - b);
report({ bench: "memory", preset, settings, growth, medianGrowth: growth[runs >> 1], runs: measured });
