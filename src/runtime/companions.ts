import { Worker } from "node:worker_threads";
import type { Computation, KernelHelper } from "./arena.ts";
import {
  addressesOfDesk,
  type Desk,
  type KernelMessage,
  noKernel,
  numbersOfDesk,
  onlyMessages,
  patience,
  place,
} from "./desk.ts";
import type { Pointer, Side } from "./onnx-library.ts";

/** A thread beside this one. */
export interface Companion {
  /** Lets it run a session; one run, or one part of a kernel, at a time. */
  start(session: Pointer, inputs: Side, outputs: Side): void;
  /** Shows it a kernel, of which it then computes parts. */
  learn(computation: Computation): KernelHelper;
  /** Waits until it has. Throws Error where the library refused the inputs or outputs, or the thread does not begin. */
  finish(): void;
}

/** The companion in the sources of tests is the one that was built from them. */
const file = new URL(import.meta.url.replace(/\/src\/runtime\/[^/]+\.ts$/, "/dist/runtime/companions.js"));

/** For so long a thread may take to begin. */
const startMs = 60_000;

const companions: Companion[] = [];

/** So many threads, the same ones every time, which are shown a model first; they end with this thread, and keep no process alive. */
export function companionsOf(count: number, model: Uint8Array): readonly Companion[] {
  while (companions.length < count) companions.push(openCompanion(model));
  return companions.slice(0, Math.max(0, count));
}

function openCompanion(model: Uint8Array): Companion {
  const desk: Desk = {
    numbers: new SharedArrayBuffer(4 * numbersOfDesk),
    order: new SharedArrayBuffer(8 * addressesOfDesk),
    model,
  };
  const worker = new Worker(new URL("./companion.js", file), { workerData: desk });
  worker.unref();
  const numbers = new Int32Array(desk.numbers);
  const order = new BigUint64Array(desk.order);
  let kernelsShown = 0;
  const ask = (kernel: number) => {
    numbers[place.kernel] = kernel;
    Atomics.add(numbers, place.asked, 1);
    Atomics.notify(numbers, place.asked);
  };
  const finish = () => {
    const { made, begun, failed } = place;
    const number = numbers[place.asked]!;
    for (let look = 0; ; look++) {
      const last = Atomics.load(numbers, made);
      if (last === number) break;
      if (look < patience) continue;
      const isLate = Atomics.wait(numbers, made, last, startMs) === "timed-out";
      if (isLate && Atomics.load(numbers, begun) === 0) throw new Error("a thread beside this one does not begin.");
    }
    if (Atomics.load(numbers, failed) !== 0) throw new Error("a run beside this thread failed.");
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
      ask(noKernel);
    },
    learn(computation) {
      const kernel = kernelsShown++;
      const tell = (message: KernelMessage) => worker.postMessage(message);
      tell({ kernel, computation });
      return {
        start(table, part) {
          numbers[place.table] = table;
          numbers[place.part] = part;
          ask(kernel);
        },
        finish,
        release() {
          tell({ kernel, computation: undefined });
          ask(onlyMessages);
          finish();
        },
      };
    },
    finish,
  };
}
