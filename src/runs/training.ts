import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { ConfigError, InputError } from "../errors.ts";
import type { Converged, LogRecord, Quality, TrainingEvent } from "../train/train.ts";
import { version } from "../version.ts";
import { bestPath, checkpointPath, hasCheckpoints, loadNewest, saveCheckpoint, setAsideAfter } from "./checkpoint.ts";
import { type Config, configure } from "./config.ts";
import { type DataName, type DataSource, dataSetOf, titleOf } from "./data-source.ts";
import { writeWhole } from "./files.ts";
import { type Log, openLog, readLog, truncateLog } from "./log.ts";
import { createRun, makeFolders, openRun, type RunPaths, type RunRecord, writeRecord } from "./run-directory.ts";
import { writeReport } from "./run-report.ts";
import { stopRequest } from "./stop-request.ts";
import type { Summary } from "./summary.ts";
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

/** A run that is being written. */
interface Run {
  readonly paths: RunPaths;
  readonly record: RunRecord;
  readonly runtime: string;
  readonly log: Log;
  /** What the best checkpoint is, if there has been a probe. */
  best: Best | undefined;
  /** The newest of each. */
  last: LogRecord | undefined;
  quality: Quality | undefined;
  checkpoint: number;
  sample: number | undefined;
  /** Where the convergence test ended the training. */
  converged: Converged | undefined;
}

/** The step whose samples were nearest to real examples. */
interface Best {
  readonly step: number;
  readonly distance: number;
}

type Ready = Extract<WorkerMessage, { type: "ready" }>;

/** Starts a new run in the directory `root` or a new one under `runs/`, which is made once the data and the programs are there. */
export function startRun(
  root: string | undefined,
  config: Config,
  source: DataSource,
  observer: Observer = {},
): Training {
  return runWorker({ config, source, stop: stopFlag() }, observer, async ({ fingerprint }) => {
    const record: RunRecord = { coordescent: version, data: { name: titleOf(source.name), fingerprint }, config };
    return {
      paths: await createRun(root, record),
      record,
      best: undefined,
      last: undefined,
      quality: undefined,
      checkpoint: 0,
    };
  });
}

/**
 * Goes on where the newest whole checkpoint of a run is, up to its number of iterations or to `steps`. Throws ConfigError where there is nothing left
 * to do, CheckpointError where there is no usable checkpoint.
 */
export async function resumeRun(
  root: string,
  steps: number | undefined,
  findSource: (name: DataName) => Promise<DataSource>,
  observer: Observer = {},
): Promise<Training> {
  const { paths, record: saved } = await openRun(root);
  const { checkpoint, damaged } = (await hasCheckpoints(paths.checkpoints))
    ? await loadNewest(paths.checkpoints)
    : { checkpoint: undefined, damaged: [] }; // killed before the first one: it begins again
  for (const error of damaged) observer.onNotice?.(`${error.message} Using an older one.`);
  const record = steps === undefined ? saved : { ...saved, config: configure(saved.config, [["steps", steps]]) };
  const step = checkpoint?.step ?? 0;
  if (step >= record.config.steps) {
    const advice = `Give more with --steps, for example --steps ${2 * step}.`;
    throw new ConfigError(`${root}: the run has made ${step} of ${record.config.steps} iterations. ${advice}`, "steps");
  }
  const made = (await readLog(paths.log)).filter((entry) => entry.step <= step);
  const last = made.at(-1);
  const quality = made.findLast((entry) => entry.quality)?.quality;
  const best = bestOf(made);
  const file = checkpointPath(paths.checkpoints, step);
  const resume = checkpoint && {
    resume: { checkpoint, file, elapsedMs: last?.elapsedMs ?? 0, best: best?.distance },
  };
  const job = { config: record.config, source: await findSource(record.config.data), stop: stopFlag(), ...resume };
  return runWorker(job, observer, async ({ fingerprint }) => {
    if (fingerprint !== record.data.fingerprint) {
      const problem = `expected the data that the run began with (SHA-256 ${record.data.fingerprint}), got ${fingerprint}.`;
      throw new InputError(record.config.data, problem);
    }
    if (record !== saved) await writeRecord(paths, record);
    await makeFolders(paths);
    await setAsideAfter(paths.checkpoints, step);
    await truncateLog(paths.log, step);
    return { paths, record, best, last, quality, checkpoint: step };
  });
}

function bestOf(records: readonly LogRecord[]): Best | undefined {
  const measured = records.flatMap(({ step, quality }) => (quality ? [{ step, distance: quality.distance }] : []));
  return measured.sort((a, b) => a.distance - b.distance || a.step - b.step)[0];
}

const stopFlag = () => new SharedArrayBuffer(4);

/** Runs a job in a thread and stores what it posts; `prepare` makes the run's directory ready once the thread is. */
function runWorker(
  job: Job,
  observer: Observer,
  prepare: (ready: Ready) => Promise<Omit<Run, "log" | "runtime" | "sample" | "converged">>,
): Training {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: job });
  let run: Run | undefined;
  const handle = async (message: WorkerMessage): Promise<Summary | undefined> => {
    if (message.type === "ready") {
      const { runtime } = message;
      const prepared = await prepare(message);
      run = { ...prepared, runtime, log: openLog(prepared.paths.log), sample: undefined, converged: undefined };
      observer.onStart?.({ run: run.paths.root, runtime, step: run.checkpoint });
    } else if (message.type === "failed") {
      if (run && message.name === "DivergedError") return conclude(run, "diverged", message.message);
      throw Object.assign(new Error(message.message), { name: message.name, stack: message.stack });
    } else if (message.type === "done") {
      return conclude(run!, stateOf(run!, job.config));
    } else {
      await store(run!, message, observer);
      if (message.type === "checkpoint") worker.postMessage("stored");
    }
  };
  const request = (value: number) => void Atomics.store(new Int32Array(job.stop), 0, value);
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  const finished = handleMessages(worker, handle).finally(async () => {
    run?.log.close();
    request(stopRequest.abandon);
    worker.postMessage("stored"); // in case it waits for that
    await ended;
  });
  return { finished, stop: () => request(stopRequest.save) };
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

async function store(run: Run, event: TrainingEvent, observer: Observer): Promise<void> {
  const { paths, record, log } = run;
  if (event.type === "record") {
    log.append(event.record);
    run.last = event.record;
    run.quality = event.record.quality ?? run.quality;
    observer.onRecord?.(event.record);
  } else if (event.type === "samples") {
    const png = await dataSetOf(record.config.data).draw(event.samples);
    await writeWhole(samplePath(paths, event.step), png);
    run.sample = event.step;
  } else if (event.type === "converged") {
    run.converged = event;
  } else {
    const { step, best } = event;
    await saveCheckpoint(paths.checkpoints, event, { keep: record.config.checkpoint.keep, isBest: best !== undefined });
    run.checkpoint = step;
    if (best !== undefined) run.best = { step, distance: best };
  }
}

function stateOf({ converged, checkpoint }: Run, { steps }: Config): Summary["state"] {
  if (converged) return "converged";
  return checkpoint < steps ? "interrupted" : "finished";
}

/** Writes the report and the summary. */
async function conclude(run: Run, state: Summary["state"], problem: string | null = null): Promise<Summary> {
  const { paths, record, last } = run;
  const { config } = record;
  const summary: Summary = {
    run: paths.root,
    state,
    problem,
    change: run.converged?.change ?? null,
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
    runtime: run.runtime,
    quality: run.quality ?? null,
    checkpoint: checkpointPath(paths.checkpoints, run.checkpoint),
    best: run.best ? { ...run.best, checkpoint: bestPath(paths.checkpoints) } : null,
    samples: run.sample === undefined ? null : samplePath(paths, run.sample),
    report: paths.report,
  };
  await writeWhole(paths.summary, `${JSON.stringify(summary, undefined, 2)}\n`);
  await writeReport(paths, record, summary);
  return summary;
}

const samplePath = (paths: RunPaths, step: number) => join(paths.samples, `${String(step).padStart(6, "0")}.png`);
