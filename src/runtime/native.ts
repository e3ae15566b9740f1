import { setImmediate } from "node:timers/promises";
import { type Program, sizeOf } from "../program.ts";
import { openArena, openKernel } from "./arena.ts";
import { type HostTensor, hostTensor } from "./host.ts";
import { onnxLibrary, type Pointer, texts } from "./onnx-library.ts";
import type { Bindings, Runtime, RuntimeOptions, Session } from "./runtime.ts";

type NativeTensor = HostTensor<Float32Array> & { readonly value: Pointer };

/** For so long the event loop may have to wait. */
const patienceMs = 5;

/**
 * ONNX Runtime's native library on the CPU, called straight: results are written where they belong, without the copy and the garbage that its Node package
 * makes of every output. Throws Error where the library cannot be loaded.
 */
export function nativeRuntime({ threads = 0 }: RuntimeOptions = {}): Runtime {
  const library = onnxLibrary();
  const values = new FinalizationRegistry<Pointer>(library.closeValue);
  const nativeTensor = (host: HostTensor<Float32Array>): NativeTensor => {
    const tensor = { ...host, value: library.openValue(host.values, host.shape) };
    values.register(tensor, tensor.value);
    return tensor;
  };
  const loop = letOthersIn();
  return {
    name: `onnxruntime cpu${threads > 0 ? `, ${threads} thread${threads > 1 ? "s" : ""}` : ""}`,
    // over a buffer of its own: the numbers of a small array without one would lie in the heap, where they move
    allocate: (shape) => nativeTensor(hostTensor(shape, new Float32Array(new ArrayBuffer(4 * sizeOf(shape))))),
    arena(shapes) {
      const next = openArena(shapes);
      return (shape) => nativeTensor(next(shape));
    },
    load: async (program) => (program.kernel ? openKernel(program) : openSession(program, threads, loop)),
  };
}

/** A run is one call that blocks: this gives the event loop a turn when the last one was some time ago. */
function letOthersIn(): () => Promise<void> | undefined {
  let last = performance.now();
  const turn = async () => {
    await setImmediate();
    last = performance.now();
  };
  return () => (performance.now() - last > patienceMs ? turn() : undefined);
}

async function openSession(
  { model, manifest }: Program,
  threads: number,
  loop: () => Promise<void> | undefined,
): Promise<Session> {
  const library = onnxLibrary();
  const session = library.openSession(model, threads);
  const names = [manifest.inputs, manifest.outputs].map((ports) => ports.map(({ name }) => name));
  const [inputNames, outputNames] = names.map(texts);
  const [inputs, outputs] = names.map(({ length }) => new BigUint64Array(length));
  const bind = (to: BigUint64Array, ports: readonly string[], from: Bindings) => {
    for (let i = 0; i < ports.length; i++) to[i] = (from[ports[i]!] as NativeTensor).value;
  };
  return {
    async run(from, to) {
      bind(inputs!, names[0]!, from);
      bind(outputs!, names[1]!, to);
      library.run(session, inputNames!.pointers, inputs!, outputNames!.pointers, outputs!);
      const turn = loop();
      if (turn) await turn;
    },
    release: async () => library.closeSession(session),
  };
}
