/** The thread that trains: it owns the runtime, and posts what happens. */
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { fillNormal, stream } from "../random.ts";
import { openRuntime } from "../runtime/open.ts";
import type { Refuge } from "../train/guard.ts";
import { emptySnapshot } from "../train/snapshot.ts";
import { type TrainingEvent, train } from "../train/train.ts";
import { createTrainer } from "../train/trainer.ts";
import { type Checkpoint, checkTensors } from "./checkpoint.ts";
import type { Config } from "./config.ts";
import { type DataSource, dataSetOf } from "./data-source.ts";
import { freeGarbage } from "./garbage.ts";
import { checkMemory, dataBytes, memoryNeed } from "./memory-need.ts";
import { planOf } from "./model.ts";
import { probeOf } from "./probing.ts";
import { stopRequest } from "./stop-request.ts";
import { measureUnits } from "./unit-curvature.ts";
import { watchOf } from "./watching.ts";

const port = parentPort!;

/** What the thread is given. */
export interface Job {
  readonly config: Config;
  readonly source: DataSource;
  /** One Int32: a value of `stopRequest`. */
  readonly stop: SharedArrayBuffer;
  readonly resume?: {
    readonly checkpoint: Checkpoint;
    readonly file: string;
    readonly elapsedMs: number;
    /** The best checkpoint, where there is one and it may be needed. */
    readonly best: Refuge | undefined;
  };
}

/** What the thread posts: first `ready` or `failed`, at last `done` or `failed`. */
export type WorkerMessage =
  | { readonly type: "ready"; readonly runtime: string; readonly fingerprint: string }
  | TrainingEvent
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly name: string; readonly message: string; readonly stack: string | undefined };

/** Posts a message; the buffers go over to the other side. */
type Post = (message: WorkerMessage, buffers?: ArrayBuffer[]) => void;

async function work({ config, source, stop, resume }: Job, post: Post): Promise<void> {
  const { examples, open } = dataSetOf(source.name);
  const first = planOf(config, examples); // refuses what cannot work before anything is loaded
  checkMemory(memoryNeed(first, dataBytes(source.name)));
  if (resume) checkTensors(resume.checkpoint, first.tensors, resume.file);
  const [data, runtime] = await Promise.all([open(source), openRuntime(config.device, { threads: config.threads })]);
  const units = await measureUnits(config, examples, { runtime, data });
  const plan = units ? planOf(config, examples, units) : first;
  const trainer = await createTrainer({ plan, runtime, data, seed: config.seed });
  // a rollback goes back to the start where no probe has found anything better
  const start = config.watch.onCollapse === "rollback" ? { step: 0, snapshot: await trainer.snapshot() } : undefined;
  if (resume) trainer.restore(resume.checkpoint.snapshot, resume.checkpoint.step);
  post({ type: "ready", runtime: runtime.name, fingerprint: data.fingerprint });
  const flag = new Int32Array(stop);
  // One memory that both threads see: a copy of every checkpoint would be garbage that leaves holes in the heap.
  const snapshot = emptySnapshot(plan.tensors, (sizeBytes) => new SharedArrayBuffer(sizeBytes));
  let stored: Promise<unknown> = Promise.resolve();
  const events = train({
    trainer,
    steps: config.steps,
    batch: config.batch,
    logEvery: config.log.every,
    sampleEvery: config.sample.every,
    checkpointEvery: config.checkpoint.every,
    tolerance: config.convergence.tolerance,
    latents: latentsOf(config, "samples", config.sample.count),
    probe: probeOf(config, source, runtime),
    watch: await watchOf(config, source, data, resume?.best ?? start),
    state: resume?.checkpoint.state,
    snapshotMemory: async () => {
      await stored; // while it is, the training goes on
      return snapshot;
    },
    elapsedMs: resume?.elapsedMs ?? 0,
    isStopped: () => Atomics.load(flag, 0) !== stopRequest.none,
  });
  for await (const event of events) {
    if (Atomics.load(flag, 0) === stopRequest.abandon) break;
    post(event, event.type === "samples" ? [event.samples.buffer as ArrayBuffer] : []);
    if (event.type !== "checkpoint") continue;
    stored = once(port, "message");
    freeGarbage();
  }
  await trainer.release();
  post({ type: "done" });
}

/** Latents that are the same every time. */
function latentsOf({ seed, generator }: Config, name: string, count: number): Float32Array {
  const latents = new Float32Array(count * generator.latent);
  fillNormal(stream(seed, name), 0, latents);
  return latents;
}

work(workerData as Job, (message, buffers) => port.postMessage(message, buffers)).catch((error: Error) => {
  const { name, message, stack } = error;
  port.postMessage({ type: "failed", name, message, stack } satisfies WorkerMessage);
});
