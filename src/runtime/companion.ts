/** A thread that runs models of ONNX Runtime beside the one that started it: the library and everything it reads and writes are those of the process. */
import { workerData } from "node:worker_threads";
import { onnxLibrary } from "./onnx-library.ts";

/** What the two threads share. */
export interface Desk {
  /** [number of the last run asked for, number of the last run made, whether it failed, whether the thread has begun]. */
  readonly numbers: SharedArrayBuffer;
  /** Address of the session; then of the names of its inputs, of the inputs, and their number; then the same of its outputs. */
  readonly order: SharedArrayBuffer;
  /** Any model. */
  readonly model: Uint8Array;
}

/** How often a thread looks for work before it sleeps: for longer than an update between two runs takes, shorter than anybody would notice. No clock is read, which costs more than a look. */
const patience = 2_000_000;

const { numbers, order, model } = workerData as Desk;
const [asked, made, failed, begun] = [0, 1, 2, 3];
const desk = new Int32Array(numbers);
const addresses = new BigUint64Array(order);
const library = onnxLibrary();
library.closeSession(library.openSession(model, 1)); // a thread that opens a session takes very small numbers for 0 from then on
Atomics.store(desk, begun, 1);

for (let last = 0; ; ) {
  for (let look = 0; Atomics.load(desk, asked) === last; look++) if (look > patience) Atomics.wait(desk, asked, last);
  last = Atomics.load(desk, asked);
  const side = (first: number) => ({
    names: addresses[first]!,
    values: addresses[first + 1]!,
    count: Number(addresses[first + 2]),
  });
  try {
    library.run(addresses[0]!, side(1), side(4));
    Atomics.store(desk, failed, 0);
  } catch {
    Atomics.store(desk, failed, 1);
  }
  Atomics.store(desk, made, last);
  Atomics.notify(desk, made);
}
