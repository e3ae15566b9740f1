import { join } from "node:path";
import { StorageError } from "../errors.ts";
import type { Collapsed } from "../train/guard.ts";
import type { Best, Converged, LogRecord, Quality, TrainingEvent } from "../train/train.ts";
import { saveBest, saveCheckpoint } from "./checkpoint.ts";
import { dataSetOf } from "./data-source.ts";
import { type WriteOptions, writeWhole } from "./files.ts";
import { freeGarbage } from "./garbage.ts";
import type { Log } from "./log.ts";
import { originOf } from "./origin.ts";
import type { RunPaths, RunRecord } from "./run-directory.ts";
import type { Summary } from "./summary.ts";

/** A run that is being written. */
export interface Run {
  readonly paths: RunPaths;
  readonly record: RunRecord;
  readonly log: Log;
  /** With what every file of the run is written. */
  readonly writing: WriteOptions;
  /** What the best checkpoint is, if there has been a probe. */
  best: Best | undefined;
  /** What it should be, where the disk did not take it: the next checkpoint is the next try. */
  pendingBest: Best | undefined;
  /** The newest of each. */
  last: LogRecord | undefined;
  quality: Quality | undefined;
  /** Iterations that changed nothing. */
  skipped: number;
  checkpoint: number;
  sample: number | undefined;
  /** Where the convergence test ended the training. */
  converged: Converged | undefined;
  /** Where the watchdog ended it. */
  collapsed: Collapsed | undefined;
  watched: Watched;
  trouble: Trouble;
}

/** What the watchdog said so far. */
export interface Watched {
  readonly diagnosis: Summary["diagnosis"];
  readonly rollbacks: number;
}

/** What a record adds to it. */
export function watchedWith({ diagnosis, rollbacks }: Watched, { step, watch }: LogRecord): Watched {
  if (!watch) return { diagnosis, rollbacks };
  const { state, why, advice, rollback } = watch;
  return {
    diagnosis: why === undefined || advice === undefined ? diagnosis : { step, state, why, advice },
    rollbacks: rollbacks + (rollback ? 1 : 0),
  };
}

/** What the disk did not take. */
export interface Trouble {
  files: number;
  /** Checkpoints that could not be saved since the last one that could. */
  checkpointsInARow: number;
  /** The newest error. */
  error: StorageError | undefined;
}

/** No trouble so far. */
export const noTrouble = (): Trouble => ({ files: 0, checkpointsInARow: 0, error: undefined });

/** After so many checkpoints in a row that cannot be saved a training ends: it would go on for nothing. */
export const checkpointTries = 5;

/** Bytes of the log that may wait for a disk that takes no more. */
const patienceBytes = 2 ** 24;

/**
 * Stores what a training posts. Where the disk does not take it the training goes on: the log waits, a picture is lost, and the next checkpoint is the
 * next try, while the old ones stay; `say` is told. Throws the StorageError once that has gone on too long, and LockedError.
 */
export async function store(run: Run, event: TrainingEvent, say: (notice: string) => void): Promise<void> {
  if (event.type === "skipped") {
    say(`Step ${event.step} is skipped: ${event.tensor} is not finite. Nothing of it was kept.`);
    return;
  }
  try {
    await write(run, event);
    if (event.type === "samples" || event.type === "checkpoint") freeGarbage();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    endure(run, event, error, say);
    return;
  }
  if (event.type !== "checkpoint") return;
  if (run.trouble.checkpointsInARow > 0) say(`The disk takes files again: step ${event.step} is saved.`);
  run.trouble.checkpointsInARow = 0;
  if (event.isBest) run.pendingBest = event.state.best;
  await storeBest(run, say);
}

/** Makes the best checkpoint what it should be. Where the disk does not take it, all steps are saved and the one before stays the best. Throws LockedError. */
async function storeBest(run: Run, say: (notice: string) => void): Promise<void> {
  const { pendingBest, paths, writing, trouble } = run;
  if (!pendingBest) return;
  try {
    await saveBest(paths.checkpoints, pendingBest.step, writing);
    run.best = pendingBest;
    run.pendingBest = undefined;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const isNews = trouble.error?.message !== error.message;
    trouble.files += 1;
    trouble.error = error;
    if (isNews) say(`Step ${pendingBest.step} is saved, but not as the best one. ${error.message} Training goes on.`);
  }
}

async function write(run: Run, event: Exclude<TrainingEvent, { type: "skipped" }>): Promise<void> {
  const { paths, record, log, writing } = run;
  if (event.type === "record") {
    run.last = event.record;
    run.quality = event.record.quality ?? run.quality;
    run.skipped += event.record.skipped ?? 0;
    run.watched = watchedWith(run.watched, event.record);
    await log.append(event.record);
  } else if (event.type === "samples") {
    const png = await dataSetOf(record.config.data).draw(event.samples);
    await writeWhole(samplePath(paths, event.step), png, writing);
    run.sample = event.step;
  } else if (event.type === "converged") {
    run.converged = event;
  } else if (event.type === "collapsed") {
    run.collapsed = event;
  } else {
    const { step, snapshot, state } = event;
    await log.sync(); // no checkpoint is newer than its log
    const checkpoint = { step, snapshot, state, records: log.records, origin: originOf(record) };
    const { keep } = record.config.checkpoint;
    await saveCheckpoint(paths.checkpoints, checkpoint, { keep, spared: run.pendingBest?.step, ...writing });
    run.checkpoint = step;
  }
}

function endure(run: Run, event: TrainingEvent, error: StorageError, say: (notice: string) => void): void {
  const { trouble, paths, log } = run;
  const isNews = trouble.error?.message !== error.message;
  trouble.files += 1;
  trouble.error = error;
  if (event.type !== "checkpoint") {
    if (log.waitingBytes > patienceBytes) throw error;
    if (isNews) say(`${error.message} Training goes on.`);
    return;
  }
  trouble.checkpointsInARow += 1;
  const tries = `${trouble.checkpointsInARow} of ${checkpointTries} tries`;
  const newest = `The newest checkpoint is that of step ${run.checkpoint}`;
  if (trouble.checkpointsInARow < checkpointTries) {
    say(`NOT SAVED: step ${event.step}. ${error.message} Training goes on, after ${tries}. ${newest}.`);
    return;
  }
  const problem = `no checkpoint could be saved in ${tries}. ${newest}, from which \`coordescent resume\` goes on. ${error.message}`;
  throw new StorageError(paths.root, problem, { cause: error });
}

/** Path of the picture of a step. */
export const samplePath = (paths: RunPaths, step: number) =>
  join(paths.samples, `${String(step).padStart(6, "0")}.png`);
