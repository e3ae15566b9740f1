import { webAssembly } from "./api.ts";

/** A module's function and the memory on which it works. */
export interface Instance {
  readonly run: (...numbers: number[]) => void;
  readonly buffer: ArrayBuffer;
}

/** An instance with a memory of its own of so many bytes; undefined where the engine has no WebAssembly, or not the instructions of the module. */
export function openInstance(module: Uint8Array, sizeBytes: number): Instance | undefined {
  try {
    const WebAssembly = webAssembly();
    const memory = new WebAssembly.Memory({ initial: Math.ceil(sizeBytes / 65_536) });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
    return { run: (exports as Pick<Instance, "run">).run, buffer: memory.buffer };
  } catch {
    return undefined;
  }
}
