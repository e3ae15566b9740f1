import { ConfigError } from "../errors.ts";
import type { Device, Runtime, RuntimeOptions } from "./runtime.ts";

/**
 * The runtime of a device. Where ONNX Runtime's native library has no binary for this machine, `cpu` is served by WebAssembly; the runtime's name
 * says so. Throws ConfigError where it cannot be loaded.
 */
export async function openRuntime(device: Device, options: RuntimeOptions = {}): Promise<Runtime> {
  if (device === "wasm") return openWeb(options);
  try {
    const { nodeRuntime } = await import("./node.ts");
    return nodeRuntime({ ...options, provider: device });
  } catch (error) {
    if (device === "webgpu") throw missing("webgpu", "onnxruntime-node", error);
    return openWeb({ ...options, threads: 1 });
  }
}

async function openWeb(options: RuntimeOptions): Promise<Runtime> {
  try {
    const { webRuntime } = await import("./web.ts");
    return webRuntime({ ...options, wasmBinary: await readWasm() });
  } catch (error) {
    throw missing("wasm", "onnxruntime-web", error);
  }
}

function missing(device: Device, library: string, cause: unknown): ConfigError {
  const reason = (cause as Error).message.split("\n")[0];
  return new ConfigError(
    `device ${device}: ${library} cannot be loaded (${reason}). npm install ${library}@1.30.0`,
    "device",
  );
}

/** The WebAssembly module in Node, whose worker threads onnxruntime-web takes for browsers and in which it tries to fetch a file address. */
async function readWasm(): Promise<Uint8Array | undefined> {
  if (typeof process === "undefined") return undefined;
  const { readFile } = await import("node:fs/promises");
  return readFile(new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));
}
