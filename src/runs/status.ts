import { existsSync } from "node:fs";
import { CheckpointError, StorageError } from "../errors.ts";
import { hasCheckpoints, loadNewest } from "./checkpoint.ts";
import { findLock, type Holder } from "./lock.ts";
import { lastSoundRecord } from "./log.ts";
import { openRun, type RunPaths } from "./run-directory.ts";
import { readSummary, type Summary } from "./summary.ts";

/** What has become of a run. */
export interface Status {
  readonly run: string;
  /**
   * `running` only while the process that writes it is alive, or where that cannot be seen from this machine or container, as long as it gives signs of life;
   * `killed`: that process died before it could say how the run ended.
   */
  readonly state: Summary["state"] | "running" | "killed";
  readonly step: number;
  readonly steps: number;
  /** The process that writes it, or wrote it when it died. */
  readonly holder: Holder | null;
  /** How long ago that process last gave a sign of life, where nothing more can be known of it from here; null where it can be checked. */
  readonly lastSeenMs: number | null;
  /** Of the newest record. */
  readonly imagesPerSecond: number | null;
  /** At the rate so far, while it is running. */
  readonly leftMs: number | null;
  /** Step of the newest whole checkpoint, from which `resume` goes on; null where there is none yet. */
  readonly checkpoint: number | null;
  /** What went wrong, where something did. */
  readonly problem: string | null;
}

/** Looks at a run and changes nothing. Throws ConfigError where there is none, InputError where its files are damaged. */
export async function statusOf(root: string): Promise<Status> {
  const { paths, record } = await openRun(root);
  const lock = await findLock(root);
  const last = await lastSoundRecord(paths.log);
  const summary = await readSummary(paths);
  const newest = await newestOf(paths);
  const state = lock?.isHeld ? "running" : (summary?.state ?? (lock ? "killed" : "interrupted"));
  const { steps } = record.config;
  const holder = state === "running" || state === "killed" ? lock?.holder : undefined;
  const step = Math.max(last?.step ?? 0, newest.step ?? 0);
  return {
    run: paths.root,
    state,
    step,
    steps,
    holder: holder ?? null,
    lastSeenMs: holder && lock?.silentMs !== undefined ? Math.round(lock.silentMs) : null,
    imagesPerSecond: last?.imagesPerSecond ?? null,
    leftMs: state === "running" && last ? Math.round((last.elapsedMs / last.step) * Math.max(0, steps - step)) : null,
    checkpoint: newest.step,
    problem: summary?.problem ?? summary?.degraded?.problem ?? newest.problem,
  };
}

async function newestOf({ checkpoints }: RunPaths): Promise<{ step: number | null; problem: string | null }> {
  if (!existsSync(checkpoints) || !(await hasCheckpoints(checkpoints))) return { step: null, problem: null };
  try {
    const { checkpoint, damaged } = await loadNewest(checkpoints);
    return { step: checkpoint.step, problem: damaged[0]?.message ?? null };
  } catch (error) {
    if (error instanceof CheckpointError || error instanceof StorageError)
      return { step: null, problem: error.message };
    throw error;
  }
}
