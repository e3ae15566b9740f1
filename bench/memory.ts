// Resident memory of `coordescent train` around 1,000 and 50,000 iterations, of tiny networks so that it takes minutes. Linux. Usage: npm run bench:memory [-- PRESET KEY=VALUE ...]
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { report } from "./report.ts";

const steps = 50_000;
const tiny = ["generator.hidden=[8]", "discriminator.hidden=[8]", "batch=8"];
const [preset = "points", ...settings] = process.argv.slice(2);
const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "coordescent-bench-"));
const run = join(folder, "run");
const changes = [...tiny, ...settings].flatMap((setting) => ["--set", setting]);
const options = ["--preset", preset, ...changes, "--steps", String(steps), "--run", run, "--quiet"];
const child = spawn(process.execPath, [main, "train", ...options]);

const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) / 1024;
const lastStep = () => Number(/"step":(\d+)[^\n]*\n$/.exec(readFileSync(join(run, "metrics.jsonl"), "utf8"))?.[1] ?? 0);

/** Resident memory while the training is between two steps, sampled ten times a second. */
const samples: { step: number; mb: number }[] = [];
const timer = setInterval(() => {
  try {
    samples.push({ step: lastStep(), mb: residentMb() });
  } catch {
    // not begun yet, or just ended
  }
}, 100);
child.on("exit", () => {
  clearInterval(timer);
  rmSync(folder, { recursive: true });
  const mean = (from: number, to: number) => {
    const inside = samples.filter(({ step }) => step >= from && step <= to);
    return inside.reduce((sum, { mb }) => sum + mb, 0) / inside.length;
  };
  // the first probe, at 2,000, has room of its own, and the report at the end as well
  const [first, early, late] = [mean(1000, 2000), mean(4000, 8000), mean(steps - 5000, steps - 1000)];
  const sizes = { mbAround1000: first, mbAround5000: early, mbAround50000: late };
  report({ bench: "memory", preset, settings, ...sizes, growth: late / first - 1, growthFrom5000: late / early - 1 });
});
