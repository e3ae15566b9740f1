import { createRequire } from "node:module";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { ConfigError } from "../errors.ts";
import { type Program, sizeOf } from "../program.ts";
import { openArena, openKernel } from "./arena.ts";
import { type HostTensor, hostTensor } from "./host.ts";
import type { Bindings, Runtime, RuntimeOptions, Session } from "./runtime.ts";
import { sessionSettings } from "./session-settings.ts";
import { refuseTelemetry } from "./telemetry.ts";

refuseTelemetry();
// Not an import: where the package has no binary for this machine, Node 20 would end the process instead of rejecting.
const ort: typeof import("onnxruntime-node") = createRequire(import.meta.url)("onnxruntime-node");

type NodeTensor = HostTensor<Float32Array> & { readonly tensor: Tensor };

/** Threads and execution provider. */
export interface NodeRuntimeOptions extends RuntimeOptions {
  /** Execution provider of ONNX Runtime. */
  readonly provider?: "cpu" | "webgpu";
}

/**
 * ONNX Runtime's native library in Node. Results are written in place, into the memory of the tensors given for them; state stays in host memory
 * with either provider. A program of which a GPU cannot run every operator is refused rather than run in part on the CPU.
 */
export function nodeRuntime({ threads = 0, provider = "cpu" }: NodeRuntimeOptions = {}): Runtime {
  const options = sessionOptions(threads, provider);
  return {
    name: `onnxruntime-node ${provider}${threads > 0 ? `, ${threads} thread${threads > 1 ? "s" : ""}` : ""}`,
    allocate: (shape) => nodeTensor(hostTensor(shape, new Float32Array(sizeOf(shape)))),
    ...(provider === "cpu" && {
      arena(shapes) {
        const next = openArena(shapes);
        return (shape) => nodeTensor(next(shape));
      },
    }),
    async load(program) {
      if (program.kernel && provider === "cpu") return openKernel(program);
      return openSession(program, await createSession(program, options, provider));
    },
  };
}

function nodeTensor(host: HostTensor<Float32Array>): NodeTensor {
  return { ...host, tensor: new ort.Tensor("float32", host.values, host.shape) };
}

function sessionOptions(threads: number, provider: "cpu" | "webgpu"): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    extra: { session: { ...sessionSettings, disable_cpu_ep_fallback: provider === "cpu" ? "0" : "1" } },
  };
}

async function createSession(program: Program, options: InferenceSession.SessionOptions, provider: "cpu" | "webgpu") {
  try {
    return await ort.InferenceSession.create(program.model, options);
  } catch (error) {
    if (provider === "cpu") throw error;
    const reason = (error as Error).message
      .split("\n")[0]!
      .split(/(?<=[a-z])\. /)
      .at(-1);
    throw new ConfigError(`device ${provider}: cannot be used here: ${reason}. Choose --device cpu.`, "device");
  }
}

function openSession({ manifest }: Program, session: InferenceSession): Session {
  const feeds: Record<string, Tensor> = {};
  const fetches: Record<string, Tensor> = {};
  const bind = (target: Record<string, Tensor>, names: readonly string[], source: Bindings) => {
    for (const name of names) target[name] = (source[name] as NodeTensor).tensor;
  };
  const inputNames = manifest.inputs.map((input) => input.name);
  const outputNames = manifest.outputs.map((output) => output.name);
  return {
    async run(inputs, outputs) {
      bind(feeds, inputNames, inputs);
      bind(fetches, outputNames, outputs);
      await session.run(feeds, fetches);
    },
    release: () => session.release(),
  };
}
