import { bestPath, checkpointPath } from "./checkpoint.ts";
import { writeWhole } from "./files.ts";
import { writeReport } from "./run-report.ts";
import { type Run, samplePath } from "./storing.ts";
import type { Summary } from "./summary.ts";

/** Writes the report and the summary. Throws StorageError and LockedError. */
export async function conclude(
  run: Run,
  runtime: string,
  state: Summary["state"],
  problem: string | null = run.collapsed?.diagnosis.why ?? null,
): Promise<Summary> {
  const { paths, record, last, trouble, writing } = run;
  const { config } = record;
  const summary: Summary = {
    run: paths.root,
    state,
    problem,
    change: run.converged?.change ?? null,
    ...run.watched,
    saved: state === "collapsed" ? savedBy(run) : null,
    step: state === "diverged" ? (last?.step ?? 0) : run.checkpoint,
    steps: config.steps,
    elapsedMs: last?.elapsedMs ?? 0,
    imagesPerSecond: last && last.elapsedMs > 0 ? Math.round((1000 * config.batch * last.step) / last.elapsedMs) : 0,
    lossD: last?.lossD ?? null,
    lossG: last?.lossG ?? null,
    probabilityReal: last?.probabilityReal ?? null,
    probabilityFake: last?.probabilityFake ?? null,
    preset: config.preset,
    data: record.data.name,
    seed: config.seed,
    runtime,
    skipped: run.skipped,
    quality: run.quality ?? null,
    checkpoint: checkpointPath(paths.checkpoints, run.checkpoint),
    best: run.best ? { ...run.best, checkpoint: bestPath(paths.checkpoints) } : null,
    samples: run.sample === undefined ? null : samplePath(paths, run.sample),
    report: paths.report,
    degraded: trouble.error ? { files: trouble.files, problem: trouble.error.message } : null,
  };
  await writeReport(paths, record, summary, writing);
  await writeWhole(paths.summary, `${JSON.stringify(summary, undefined, 2)}\n`, writing);
  return summary;
}

function savedBy({ checkpoint, last, record }: Run): NonNullable<Summary["saved"]> {
  const steps = record.config.steps - checkpoint;
  return { steps, ms: Math.round((steps * (last?.elapsedMs ?? 0)) / Math.max(1, checkpoint)) };
}
