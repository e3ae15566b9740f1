/** A thread that runs models of ONNX Runtime, and parts of kernels, beside the one that started it: the library and everything it reads and writes are those of the process. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { kernelFunction } from "./arena.ts";
import { collector } from "./collector.ts";
import { type Desk, type KernelMessage, noKernel, onlyMessages, patience, place } from "./desk.ts";
import { onnxLibrary } from "./onnx-library.ts";

const { numbers, order, model } = workerData as Desk;
const desk = new Int32Array(numbers);
const addresses = new BigUint64Array(order);
const kernels = new Map<number, (table: number, part: number) => void>();
/** This thread makes nothing, so nobody else would ever free the memory of a kernel that it forgets. */
const collect = collector();
const library = onnxLibrary();
library.closeSession(library.openSession(model, 1)); // a thread that opens a session takes very small numbers for 0 from then on
Atomics.store(desk, place.begun, 1);

for (let last = 0; ; ) {
  for (let look = 0; Atomics.load(desk, place.asked) === last; look++) {
    if (look > patience) Atomics.wait(desk, place.asked, last);
  }
  last = Atomics.load(desk, place.asked);
  try {
    if (desk[place.kernel] === noKernel) library.run(addresses[0]!, side(1, place.inputs), side(3, place.outputs));
    else if (desk[place.kernel] === onlyMessages) readMessages();
    else kernelOf(desk[place.kernel]!)(desk[place.table]!, desk[place.part]!);
    Atomics.store(desk, place.failed, 0);
  } catch {
    Atomics.store(desk, place.failed, 1);
  }
  Atomics.store(desk, place.made, last);
  Atomics.notify(desk, place.made);
}

function side(first: number, count: number) {
  return { names: addresses[first]!, values: addresses[first + 1]!, count: desk[count]! };
}

/** A kernel that is known, or was told of before it was asked for. */
function kernelOf(number: number) {
  if (!kernels.has(number)) readMessages();
  return kernels.get(number)!;
}

function readMessages(): void {
  const before = kernels.size;
  for (let next = receiveMessageOnPort(parentPort!); next; next = receiveMessageOnPort(parentPort!)) {
    const { kernel, computation } = next.message as KernelMessage;
    if (computation) kernels.set(kernel, kernelFunction(computation));
    else kernels.delete(kernel);
  }
  if (kernels.size < before) collect?.();
}
