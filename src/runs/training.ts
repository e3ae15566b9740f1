import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { CheckpointError, ConfigError, InputError, StorageError } from "../errors.ts";
import { settleAllocator } from "../runtime/allocator.ts";
import { refuseTelemetry } from "../runtime/telemetry.ts";
import type { LogRecord } from "../train/train.ts";
import { version } from "../version.ts";
import {
  bestPath,
  type Checkpoint,
  checkOrigin,
  checkpointPath,
  hasCheckpoints,
  loadBest,
  loadNewest,
  saveBest,
  setAsideAfter,
} from "./checkpoint.ts";
import { conclude } from "./concluding.ts";
import { type Config, configure } from "./config.ts";
import { type DataName, type DataSource, titleOf } from "./data-source.ts";
import { removeFile } from "./files.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { lastSoundRecord, openLog, readLog } from "./log.ts";
import { originOf } from "./origin.ts";
import { createRun, openRun, prepareFolders, type RunPaths, type RunRecord, writeRecord } from "./run-directory.ts";
import { stopRequest } from "./stop-request.ts";
import { noTrouble, type Run, store, watchedWith } from "./storing.ts";
import { isConcluded, type Summary } from "./summary.ts";
import type { Job, WorkerMessage } from "./worker.ts";

/** Who is told what a training does. */
export interface Observer {
  /** The training is about to begin in this directory. */
  onStart?(start: { readonly run: string; readonly runtime: string; readonly step: number }): void;
  onRecord?(record: LogRecord): void;
  onNotice?(notice: string): void;
}

/** A training in a thread of its own. */
export interface Training {
  /** A training that diverges ends with a summary, too. Rejects with any other error that ended it; what was saved before stays. */
  readonly finished: Promise<Summary>;
  /** Lets the training save and end after the present iteration. */
  stop(): void;
}

type Ready = Extract<WorkerMessage, { type: "ready" }>;

/** Starts a new run in the directory `root` or a new one under `runs/`, which is made once the data and the programs are there. */
export function startRun(
  root: string | undefined,
  config: Config,
  source: DataSource,
  observer: Observer = {},
): Training {
  let lock: Lock | undefined;
  const training = runWorker({ config, source, stop: stopFlag() }, observer, async ({ fingerprint }) => {
    const record: RunRecord = { coordescent: version, data: { name: titleOf(source.name), fingerprint }, config };
    const created = await createRun(root, record);
    lock = created.lock;
    return beginRun({ ...created, record, checkpoint: undefined, made: [] });
  });
  return { ...training, finished: training.finished.finally(() => lock?.release()) };
}

/**
 * Goes on where the newest whole checkpoint of a run is, up to its number of iterations or to `steps`; where only the summary is missing it is made.
 * Throws LockedError where another process writes the run, ConfigError where there is nothing left to do, CheckpointError where there is no usable
 * checkpoint.
 */
export async function resumeRun(
  root: string,
  steps: number | undefined,
  findSource: (name: DataName) => Promise<DataSource>,
  observer: Observer = {},
): Promise<Training> {
  await openRun(root);
  const lock = await acquireLock(root);
  try {
    const training = await continueRun(root, lock, steps, findSource, observer);
    return { ...training, finished: training.finished.finally(() => lock.release()) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function continueRun(
  root: string,
  lock: Lock,
  steps: number | undefined,
  findSource: (name: DataName) => Promise<DataSource>,
  observer: Observer,
): Promise<Training> {
  const { paths, record: saved } = await openRun(root);
  const newest = await newestOf(paths, saved, observer);
  const record = steps === undefined ? saved : { ...saved, config: configure(saved.config, [["steps", steps]]) };
  const step = newest?.step ?? 0;
  const isComplete = steps === undefined && !(await isConcluded(paths, step));
  if (step >= record.config.steps && !isComplete) {
    const advice = `Give more with --steps, for example --steps ${2 * step}.`;
    throw new ConfigError(`${root}: the run has made ${step} of ${record.config.steps} iterations. ${advice}`, "steps");
  }
  const found = newest && (await bestOf(paths.checkpoints, newest, observer));
  const checkpoint = found && (isComplete ? found.from : reopened(found.from));
  const unsettled = found?.isUnsettled ? found.best?.step : undefined;
  const made = await recordsUpTo(paths.log, checkpoint, observer);
  const file = checkpointPath(paths.checkpoints, step);
  const best = record.config.watch.onCollapse === "rollback" ? found?.best : undefined;
  const resume = checkpoint && { resume: { checkpoint, file, elapsedMs: made.at(-1)?.elapsedMs ?? 0, best } };
  const job = { config: record.config, source: await findSource(record.config.data), stop: stopFlag(), ...resume };
  return runWorker(job, observer, async ({ fingerprint }) => {
    if (fingerprint !== record.data.fingerprint) {
      const problem = `expected the data that the run began with (SHA-256 ${record.data.fingerprint}), got ${fingerprint}.`;
      throw new InputError(record.config.data, problem);
    }
    await lock.check();
    if (record !== saved) await writeRecord(paths, record, { guard: lock.check });
    await removeFile(paths.summary); // it is not that of the run any more
    await prepareFolders(paths);
    await setAsideAfter(paths.checkpoints, step);
    if (unsettled !== undefined) await saveBest(paths.checkpoints, unsettled, { guard: lock.check });
    return beginRun({ paths, lock, record, checkpoint, made });
  });
}

/** Who resumes a run that has ended wants more of it: the watchdog looks anew. */
function reopened(checkpoint: Checkpoint): Checkpoint {
  const { converged: _, collapsed, guard, ...state } = checkpoint.state;
  const kept = guard && (collapsed ? { ...guard, looks: [] } : guard);
  return { ...checkpoint, state: { ...state, ...(kept && { guard: kept }) } };
}

/** The newest checkpoint that is whole, after the observer was told of those that are not; none where the run was killed before its first. Throws CheckpointError. */
async function newestOf(paths: RunPaths, record: RunRecord, observer: Observer): Promise<Checkpoint | undefined> {
  if (!(await hasCheckpoints(paths.checkpoints))) {
    if (await isUnbegun(paths)) return undefined;
    const problem =
      "expected the checkpoints of a run that has begun, found none. Put them back, or start another run.";
    throw new CheckpointError(paths.checkpoints, problem);
  }
  const { checkpoint, damaged } = await loadNewest(paths.checkpoints);
  for (const error of damaged) observer.onNotice?.(`${error.message} Using an older one.`);
  checkOrigin(checkpoint, originOf(record), checkpointPath(paths.checkpoints, checkpoint.step));
  const { version: made = version } = checkpoint.origin ?? {};
  if (made !== version) observer.onNotice?.(`${paths.root}: made by version ${made}, goes on with ${version}.`);
  return checkpoint;
}

/** Whether nothing says that a run was ever under way. */
async function isUnbegun({ checkpoints, log, summary }: RunPaths): Promise<boolean> {
  const hasEnded = [summary, bestPath(checkpoints)].some(existsSync);
  return !hasEnded && (await lastSoundRecord(log)) === undefined;
}

/** The best checkpoint, and the one to go on from, which knows no other; where one is lost the observer is told. */
async function bestOf(folder: string, from: Checkpoint, observer: Observer) {
  const { checkpoint: best, isUnsettled, lost } = await loadBest(folder, from);
  if (!lost) return { from, best, isUnsettled };
  observer.onNotice?.(`${lost.message} ${best ? `The best is that of step ${best.step}.` : "No best one is left."}`);
  const { best: _, ...state } = from.state;
  return { from: { ...from, state: { ...state, ...(best && { best: best.state.best! }) } }, best, isUnsettled };
}

/** The records of the log up to a checkpoint. */
async function recordsUpTo(log: string, checkpoint: Checkpoint | undefined, observer: Observer): Promise<LogRecord[]> {
  const records = checkpoint?.records ?? 0;
  const found = await readLog(log, records);
  if (found.length === records) return found;
  observer.onNotice?.(
    `${log}: expected ${records} records at step ${checkpoint!.step}, got ${found.length}. The log has a gap.`,
  );
  return found;
}

/** A run as it is before a session: what the checkpoint and the log up to it say. */
async function beginRun({
  paths,
  lock,
  record,
  checkpoint,
  made,
}: Pick<Run, "paths" | "record"> & {
  readonly lock: Lock;
  readonly checkpoint: Checkpoint | undefined;
  readonly made: readonly LogRecord[];
}): Promise<Run> {
  const writing = { guard: lock.check };
  return {
    paths,
    record,
    writing,
    log: await openLog(paths.log, made, writing),
    best: checkpoint?.state.best,
    pendingBest: undefined,
    last: made.at(-1),
    quality: made.findLast((entry) => entry.quality)?.quality,
    skipped: made.reduce((sum, { skipped = 0 }) => sum + skipped, 0),
    checkpoint: checkpoint?.step ?? 0,
    sample: undefined,
    converged: checkpoint?.state.converged,
    collapsed: checkpoint?.state.collapsed,
    watched: made.reduce(watchedWith, { diagnosis: null, rollbacks: 0 }),
    trouble: noTrouble(),
  };
}

const stopFlag = () => new SharedArrayBuffer(4);

/** A training makes little garbage: a small place for it is full, and collected, often, and the memory of the process has its size from the beginning. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

/** Runs a job in a thread and stores what it posts; `prepare` makes the run's directory ready once the thread is. */
function runWorker(job: Job, observer: Observer, prepare: (ready: Ready) => Promise<Run>): Training {
  refuseTelemetry();
  settleAllocator();
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: job, resourceLimits });
  let run: Run | undefined;
  let runtime = "";
  const say = (notice: string) => observer.onNotice?.(notice);
  const handle = async (message: WorkerMessage): Promise<Summary | undefined> => {
    if (message.type === "ready") {
      runtime = message.runtime;
      run = await prepare(message);
      observer.onStart?.({ run: run.paths.root, runtime, step: run.checkpoint });
    } else if (message.type === "failed") {
      if (run && message.name === "DivergedError") return conclude(run, runtime, "diverged", message.message);
      throw Object.assign(new Error(message.message), { name: message.name, stack: message.stack });
    } else if (message.type === "done") {
      checkSaved(run!);
      return conclude(run!, runtime, stateOf(run!));
    } else {
      await store(run!, message, say);
      if (message.type === "record") observer.onRecord?.(message.record);
      if (message.type === "checkpoint") worker.postMessage("stored");
    }
  };
  const request = (value: number) => void Atomics.store(new Int32Array(job.stop), 0, value);
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  const finished = handleMessages(worker, handle).finally(async () => {
    await run?.log.close();
    request(stopRequest.abandon);
    worker.postMessage("stored"); // in case it waits for that
    await ended;
  });
  return { finished, stop: () => request(stopRequest.save) };
}

/** Throws StorageError where the last checkpoint could not be saved. */
function checkSaved({ trouble: { checkpointsInARow, error }, checkpoint, paths }: Run): void {
  if (checkpointsInARow === 0) return;
  const advice = `\`coordescent resume\` goes on from that of step ${checkpoint}.`;
  throw new StorageError(paths.root, `the last checkpoint could not be saved. ${advice} ${error!.message}`, {
    cause: error,
  });
}

/** Handles the messages of a thread one after the other until one gives a result. Rejects with the first error, or if the thread ends before. */
function handleMessages<T>(worker: Worker, handle: (message: WorkerMessage) => Promise<T | undefined>): Promise<T> {
  return new Promise((resolve, reject) => {
    let queue: Promise<T | undefined> = Promise.resolve(undefined);
    let isOver = false;
    const enqueue = (action: () => Promise<T | undefined>) => {
      queue = queue.then(() => (isOver ? undefined : action()));
      queue.then(
        (result) => {
          if (result === undefined) return;
          isOver = true;
          resolve(result);
        },
        (error) => {
          isOver = true;
          reject(error);
        },
      );
    };
    worker.on("message", (message: WorkerMessage) => enqueue(() => handle(message)));
    worker.on("error", (error) => enqueue(() => Promise.reject(error)));
    worker.on("exit", (code) => {
      enqueue(() => Promise.reject(new Error(`internal: the training thread ended with code ${code} and no result.`)));
    });
  });
}

function stateOf({ converged, collapsed, checkpoint, record }: Run): Summary["state"] {
  if (converged) return "converged";
  if (collapsed) return "collapsed";
  return checkpoint < record.config.steps ? "interrupted" : "finished";
}
