/** A thread that runs models of ONNX Runtime, and tasks, beside the one that started it: the library and everything it reads and writes are those of the process. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { fillNormal } from "../random.ts";
import { kernelFunction } from "./arena.ts";
import { collector } from "./collector.ts";
import { type Desk, noTask, onlyMessages, patience, place, type SharedNormals, type TaskMessage } from "./desk.ts";
import { onnxLibrary } from "./onnx-library.ts";

const { numbers, order, problem, model } = workerData as Desk;
const desk = new Int32Array(numbers);
const addresses = new BigUint64Array(order);
const text = Buffer.from(problem);
const tasks = new Map<number, (first: number, second: number) => void>();
/** This thread makes nothing, so nobody else would ever free the memory of a task that it forgets. */
const collect = collector();
const library = onnxLibrary();
library.closeSession(library.openSession(model, 1)); // a thread that opens a session takes very small numbers for 0 from then on
parentPort!.postMessage("begun");

for (let last = 0; ; ) {
  for (let look = 0; Atomics.load(desk, place.asked) === last; look++) {
    if (look > patience) Atomics.wait(desk, place.asked, last);
  }
  last = Atomics.load(desk, place.asked);
  let failed = 0;
  try {
    if (desk[place.task] === noTask) library.run(addresses[0]!, side(1, place.inputs), side(3, place.outputs));
    else if (desk[place.task] === onlyMessages) readMessages();
    else taskOf(desk[place.task]!)(desk[place.first]!, desk[place.second]!);
  } catch (error) {
    failed = text.write((error as Error).message || "no reason was given");
  }
  Atomics.store(desk, place.failed, failed);
  Atomics.store(desk, place.made, last);
  Atomics.notify(desk, place.made);
}

function side(first: number, count: number) {
  return { names: addresses[first]!, values: addresses[first + 1]!, count: desk[count]! };
}

/** A task that is known, or was told of before it was asked for. */
function taskOf(number: number) {
  if (!tasks.has(number)) readMessages();
  return tasks.get(number)!;
}

function readMessages(): void {
  let isForgotten = false;
  for (let next = receiveMessageOnPort(parentPort!); next; next = receiveMessageOnPort(parentPort!)) {
    const { number, task } = next.message as TaskMessage;
    if (task) tasks.set(number, "module" in task ? kernelFunction(task) : drawing(task));
    else isForgotten = tasks.delete(number) || isForgotten;
  }
  if (isForgotten) collect?.();
}

function drawing(normals: readonly SharedNormals[]) {
  return (step: number) => {
    for (const { values, source, first } of normals) fillNormal(source, step, values, first);
  };
}
