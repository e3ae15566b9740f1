import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ConfigError } from "../errors.ts";
import {
  addressesOfDesk,
  bytesOfProblem,
  type Desk,
  noTask,
  numbersOfDesk,
  onlyMessages,
  patience,
  place,
  type Task,
  type TaskMessage,
} from "./desk.ts";
import type { Pointer, Side } from "./onnx-library.ts";
import type { Helper } from "./runtime.ts";

/** A thread beside this one. It does one thing at a time. */
interface Companion {
  /** Lets it run a session. */
  start(session: Pointer, inputs: Side, outputs: Side): void;
  /** Shows it a task, which it then does when it is asked to. */
  learn(task: Task): Helper;
  /** Waits until it has. Throws Error where that failed. */
  finish(): void;
}

/** The companion in the sources of tests is the one that was built from them. */
const file = new URL(import.meta.url.replace(/\/src\/runtime\/[^/]+\.ts$/, "/dist/runtime/companions.js"));

const companions: Companion[] = [];

/** The threads that were opened so far. */
export const openedCompanions: readonly Companion[] = companions;

/** What was asked for last: one after the other, so that each is opened once. */
let opening: Promise<unknown> = Promise.resolve();

/** So many threads, the same ones every time, which are shown a model first; they end with this thread, and keep no process alive. Throws ConfigError where one does not begin. */
export function openCompanions(count: number, model: Uint8Array): Promise<readonly Companion[]> {
  const opened = opening.then(async () => {
    while (companions.length < count) companions.push(await openCompanion(model));
    return companions.slice(0, Math.max(0, count));
  });
  opening = opened.catch(() => {}); // told to who asked
  return opened;
}

async function openCompanion(model: Uint8Array): Promise<Companion> {
  const desk: Desk = {
    numbers: new SharedArrayBuffer(4 * numbersOfDesk),
    order: new SharedArrayBuffer(8 * addressesOfDesk),
    problem: new SharedArrayBuffer(bytesOfProblem),
    model,
  };
  try {
    const worker = await begun(new Worker(new URL("./companion.js", file), { workerData: desk }));
    return companionOf(worker, desk);
  } catch (error) {
    const problem = `expected a thread beside this one, which does not begin: ${(error as Error).message}`;
    throw new ConfigError(`threads: ${problem}. Use one (\`--threads 1\`).`, "threads");
  }
}

/** A thread once it has begun. Throws Error where it ends before that. */
async function begun(worker: Worker): Promise<Worker> {
  const ended = once(worker, "exit").then(([code]) => Promise.reject(new Error(`it ended with code ${code}`)));
  ended.catch(() => {}); // nobody waits for the end of one that has begun
  await Promise.race([once(worker, "message"), ended]);
  worker.unref();
  return worker;
}

function companionOf(worker: Worker, desk: Desk): Companion {
  const numbers = new Int32Array(desk.numbers);
  const order = new BigUint64Array(desk.order);
  let tasksShown = 0;
  const ask = (task: number) => {
    numbers[place.task] = task;
    Atomics.add(numbers, place.asked, 1);
    Atomics.notify(numbers, place.asked);
  };
  const finish = () => {
    const number = numbers[place.asked]!;
    for (let look = 0; ; look++) {
      const last = Atomics.load(numbers, place.made);
      if (last === number) break;
      if (look > patience) Atomics.wait(numbers, place.made, last);
    }
    const failed = Atomics.load(numbers, place.failed);
    if (failed > 0) throw new Error(`beside this thread: ${Buffer.from(desk.problem).toString("utf8", 0, failed)}`);
  };
  return {
    start(session, inputs, outputs) {
      order[0] = session;
      order[1] = inputs.names;
      order[2] = inputs.values;
      order[3] = outputs.names;
      order[4] = outputs.values;
      numbers[place.inputs] = inputs.count;
      numbers[place.outputs] = outputs.count;
      ask(noTask);
    },
    learn(task) {
      const number = tasksShown++;
      const tell = (message: TaskMessage) => worker.postMessage(message);
      tell({ number, task });
      return {
        start(first, second) {
          numbers[place.first] = first;
          numbers[place.second] = second;
          ask(number);
        },
        finish,
        release() {
          tell({ number, task: undefined });
          ask(onlyMessages);
          finish();
        },
      };
    },
    finish,
  };
}
