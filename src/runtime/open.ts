import type { Device, Runtime, RuntimeOptions } from "./runtime.ts";

/**
 * The runtime of a device. Where ONNX Runtime's native library has no binary for this machine, `cpu` is served by WebAssembly; the runtime's name
 * says so. Throws Error where neither can be loaded.
 */
export async function openRuntime(device: Device, options: RuntimeOptions = {}): Promise<Runtime> {
  if (device === "wasm") return openWeb(options);
  const native = await import("./node.ts").catch((error: Error) => error);
  if (!(native instanceof Error)) return native.nodeRuntime({ ...options, provider: device });
  if (device === "webgpu") throw native;
  return openWeb(options);
}

async function openWeb(options: RuntimeOptions): Promise<Runtime> {
  const { webRuntime } = await import("./web.ts");
  return webRuntime({ ...options, wasmBinary: await readWasm() });
}

/** The WebAssembly module in Node, whose worker threads onnxruntime-web takes for browsers and in which it tries to fetch a file address. */
async function readWasm(): Promise<Uint8Array | undefined> {
  if (typeof process === "undefined") return undefined;
  const { readFile } = await import("node:fs/promises");
  return readFile(new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));
}
