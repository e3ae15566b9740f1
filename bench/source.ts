// Whole iterations of the preset `source` (batch 64) against PyTorch eager, and the memory of the process on the way.
// Usage: npm run bench:source [-- ITERATIONS ROUNDS]; COORDESCENT_BENCH_PYTHON names a command that runs a script with torch.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, report } from "./report.ts";

const [iterations = 10_000, rounds = 3] = process.argv.slice(2).map(Number);
const python = process.env.COORDESCENT_BENCH_PYTHON;
const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const peer = new URL("../../bench/peers/gan.py", import.meta.url).pathname;

/** The `train` command as a user runs it: logging, pictures and checkpoints included. */
function trainMs(): number {
  const folder = mkdtempSync(join(tmpdir(), "coordescent-bench-"));
  const args = [
    main,
    "train",
    "--preset",
    "source",
    "--steps",
    String(iterations),
    "--run",
    join(folder, "run"),
    "--json",
    "--quiet",
  ];
  const summary = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as { elapsedMs: number };
  rmSync(folder, { recursive: true });
  return summary.elapsedMs / iterations;
}

const pytorchMs = (threads: number) =>
  Number(
    execFileSync(python!, [peer, String(threads), "64", "source", String(iterations)], {
      encoding: "utf8",
    }),
  );

const ours: number[] = [];
const theirs = new Map<number, number[]>([
  [1, []],
  [2, []],
]);
for (let round = 0; round < rounds; round++) {
  ours.push(trainMs());
  if (python) for (const [threads, times] of theirs) times.push(pytorchMs(threads));
}
const pytorch = python ? Math.min(...[...theirs.values()].map(median)) : undefined;
report({
  bench: "source",
  iterations,
  msPerIteration: median(ours),
  pytorchMs: pytorch ?? "missing: set COORDESCENT_BENCH_PYTHON",
  ratio: pytorch === undefined ? null : median(ours) / pytorch,
  rounds: { ours, pytorch: Object.fromEntries(theirs) },
});
