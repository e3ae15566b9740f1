import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { type Program, sizeOf } from "../program.ts";
import { openArena, openKernel } from "./arena.ts";
import { type HostTensor, hostTensor } from "./host.ts";
import { restWhenDue } from "./rest.ts";
import type { Runtime, RuntimeOptions, Session } from "./runtime.ts";

type WebTensor = HostTensor<Float32Array> & { readonly tensor: Tensor };

/** Threads, and the module in bytes. */
export interface WebRuntimeOptions extends RuntimeOptions {
  /** The WebAssembly module, where onnxruntime-web cannot find it by itself. */
  readonly wasmBinary?: Uint8Array | undefined;
}

/** ONNX Runtime in WebAssembly: browsers, and Node where the native library is missing. */
export function webRuntime({ threads = 0, wasmBinary }: WebRuntimeOptions = {}): Runtime {
  // Threads are a setting of the module, fixed by the first session.
  env.wasm.numThreads = threads > 0 ? threads : 1;
  if (wasmBinary) env.wasm.wasmBinary = wasmBinary;
  env.logLevel = "error";
  return {
    name: `onnxruntime-web wasm, ${env.wasm.numThreads} thread${env.wasm.numThreads > 1 ? "s" : ""}`,
    allocate: (shape) => webTensor(hostTensor(shape, new Float32Array(sizeOf(shape)))),
    arena(shapes) {
      const next = openArena(shapes);
      return (shape) => webTensor(next(shape));
    },
    async load(program) {
      if (program.kernel) return openKernel(program);
      const session = await InferenceSession.create(program.model, {
        executionProviders: ["wasm"],
        graphOptimizationLevel: "all",
      });
      return openSession(program, session);
    },
    rest: restWhenDue(() => new Promise((done) => setTimeout(done))), // a run gives a promise, and blocks all the same
  };
}

function webTensor(host: HostTensor<Float32Array>): WebTensor {
  return { ...host, tensor: new Tensor("float32", host.values, host.shape) };
}

function openSession({ manifest }: Program, session: InferenceSession): Session {
  const feeds: Record<string, Tensor> = {};
  return {
    async run(inputs, outputs) {
      for (const { name } of manifest.inputs) feeds[name] = (inputs[name] as WebTensor).tensor;
      // Results in host memory that the caller allocated stay zeros in onnxruntime-web 1.30: take its own and copy.
      const results = await session.run(feeds);
      for (const { name } of manifest.outputs) {
        (outputs[name] as WebTensor).values.set(results[name]!.data as Float32Array);
        results[name]!.dispose();
      }
    },
    release: () => session.release(),
  };
}
