import { ConfigError } from "../errors.ts";
import type { Device, Runtime, RuntimeOptions } from "./runtime.ts";
import { chooseThreads } from "./threads.ts";

/**
 * The runtime of a device, with the number of threads that suits the machine unless one is given. Where ONNX Runtime's native library has no binary for
 * this machine, `cpu` is served by WebAssembly, and the runtime's name says so. Throws ConfigError where it cannot be loaded.
 */
export async function openRuntime(device: Device, options: RuntimeOptions = {}): Promise<Runtime> {
  const threads = chooseThreads(options.threads ?? 0, device);
  if (device === "wasm") return openWeb(threads);
  if (device === "cpu") {
    const native = await openNative(threads);
    if (native) return native;
  }
  try {
    const { nodeRuntime } = await import("./node.ts");
    return nodeRuntime({ threads, provider: device });
  } catch (error) {
    const reason = reasonOf("onnxruntime-node", error);
    if (device === "webgpu") throw new ConfigError(`device webgpu: ${reason}.`, "device");
    return openWeb(1, `${reason}, and `);
  }
}

/** The library called straight; undefined where koffi or the library is not to be had, which the way through the Node package then finds out. */
async function openNative(threads: number): Promise<Runtime | undefined> {
  try {
    const { nativeRuntime } = await import("./native.ts");
    return nativeRuntime({ threads });
  } catch {
    return undefined;
  }
}

async function openWeb(threads: number, before = ""): Promise<Runtime> {
  try {
    const { webRuntime } = await import("./web.ts");
    const runtime = webRuntime({ threads, wasmBinary: await readWasm() });
    return before === "" ? runtime : { ...runtime, name: `${runtime.name}, in place of the native library` };
  } catch (error) {
    const advice = "Install it with npm install onnxruntime-web.";
    throw new ConfigError(`device: ${before}${reasonOf("onnxruntime-web", error)}. ${advice}`, "device");
  }
}

const reasonOf = (library: string, error: unknown) =>
  `${library} cannot be loaded (${(error as Error).message.split("\n")[0]})`;

/** The WebAssembly module in Node, whose worker threads onnxruntime-web takes for browsers and in which it tries to fetch a file address. */
async function readWasm(): Promise<Uint8Array | undefined> {
  if (typeof process === "undefined") return undefined;
  const { readFile } = await import("node:fs/promises");
  return readFile(new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")));
}
