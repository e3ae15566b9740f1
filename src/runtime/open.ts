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
  return webRuntime(options);
}
