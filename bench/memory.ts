// Resident memory of `coordescent train` at 1,000 and at 10,000 iterations. Linux. Usage: npm run bench:memory [-- PRESET]
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { report } from "./report.ts";

const [preset = "source"] = process.argv.slice(2);
const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "coordescent-bench-"));
const run = join(folder, "run");
const child = spawn(process.execPath, [main, "train", "--preset", preset, "--steps", "10000", "--run", run, "--quiet"]);

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
  const [early, late] = [mean(1000, 2000), mean(9000, 10_000)];
  report({ bench: "memory", preset, mbAround1000: early, mbAround10000: late, growth: late / early - 1 });
});
