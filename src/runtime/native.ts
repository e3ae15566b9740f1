import { setImmediate } from "node:timers/promises";
import { type Program, sizeOf } from "../program.ts";
import { type FindHelpers, finishAll, openArena, openKernel } from "./arena.ts";
import { openCompanions, openedCompanions } from "./companions.ts";
import { type HostTensor, hostTensor } from "./host.ts";
import { addressOf, onnxLibrary, type Pointer, pointers, type Side, texts } from "./onnx-library.ts";
import { restWhenDue } from "./rest.ts";
import type { Bindings, Run, Runtime, RuntimeOptions, Session } from "./runtime.ts";

type NativeTensor = HostTensor<Float32Array> & { readonly value: Pointer };

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
  return {
    name: `onnxruntime cpu${threads > 0 ? `, ${threads} thread${threads > 1 ? "s" : ""}` : ""}`,
    // over a buffer of its own: the numbers of a small array without one would lie in the heap, where they move
    allocate: (shape) => nativeTensor(hostTensor(shape, new Float32Array(new ArrayBuffer(4 * sizeOf(shape))))),
    arena(shapes) {
      const next = openArena(shapes, threads > 1);
      return (shape) => nativeTensor(next(shape));
    },
    load: async (program) =>
      program.kernel
        ? openKernel(program, threads > 1 ? await helpersOf(program, threads) : undefined)
        : openSession(program, threads),
    normalsBeside(draws) {
      const normals = draws.map(({ tensor, ...rest }) => ({ ...rest, values: (tensor as NativeTensor).values }));
      const isShared = normals.every(({ values }) => values.buffer instanceof SharedArrayBuffer);
      return threads > 1 && isShared ? openedCompanions[0]?.learn(normals) : undefined;
    },
    rest: restWhenDue(setImmediate), // a run is one call that blocks
  };
}

/** The companions that are to be had for the parts of a kernel. */
async function helpersOf({ kernel, model }: Program, threads: number): Promise<FindHelpers> {
  const companions = await openCompanions(Math.min(kernel!.parts, threads) - 1, model);
  return (computation) => companions.map((companion) => companion.learn(computation));
}

/** The inputs or outputs of one run of a session. */
interface Ports {
  readonly side: Side;
  bind(tensors: Bindings): void;
}

/** Names of inputs or outputs as C wants them, and places for the tensors of a run. */
function portsOf(names: readonly string[]): () => Ports {
  const { array, memory } = texts(names);
  const address = addressOf(array);
  return () => {
    const values = pointers(names.length);
    const side = { names: address, values: addressOf(values), count: names.length, alive: [array, memory] };
    return {
      side,
      bind(tensors) {
        for (let i = 0; i < names.length; i++) values[i] = (tensors[names[i]!] as NativeTensor).value;
      },
    };
  };
}

async function openSession({ model, manifest }: Program, threads: number): Promise<Session> {
  const library = onnxLibrary();
  const companions = await openCompanions(Math.min(manifest.shards, threads) - 1, model);
  const session = library.openSession(model, manifest.shards > 1 ? 1 : threads);
  const [newInputs, newOutputs] = [manifest.inputs, manifest.outputs].map((ports) =>
    portsOf(ports.map(({ name }) => name)),
  );
  const places = Array.from({ length: manifest.shards }, () => ({ inputs: newInputs!(), outputs: newOutputs!() }));
  let isReleased = false;
  const bind = (i: number, from: Bindings, to: Bindings) => {
    if (isReleased) throw new Error("internal: a released session cannot run.");
    places[i]!.inputs.bind(from);
    places[i]!.outputs.bind(to);
  };
  const runHere = (i: number) => library.run(session, places[i]!.inputs.side, places[i]!.outputs.side);
  /** Runs `first` and those after it for which there are companions. */
  const runBeside = (runs: readonly Run[], first: number) => {
    const helping = Math.min(companions.length, runs.length - first - 1);
    for (let i = first; i <= first + helping; i++) bind(i, runs[i]!.inputs, runs[i]!.outputs);
    for (let k = 0; k < helping; k++) {
      const { inputs, outputs } = places[first + 1 + k]!;
      companions[k]!.start(session, inputs.side, outputs.side);
    }
    let problem: unknown;
    try {
      runHere(first);
    } catch (error) {
      problem = error;
    }
    finishAll(companions, helping, problem);
  };
  return {
    run(inputs, outputs) {
      bind(0, inputs, outputs);
      runHere(0);
      return undefined;
    },
    runAll(runs) {
      for (let first = 0; first < runs.length; first += 1 + companions.length) runBeside(runs, first);
      return undefined;
    },
    async release() {
      if (!isReleased) library.closeSession(session);
      isReleased = true;
    },
  };
}
