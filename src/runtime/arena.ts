import { type Program, sizeOf } from "../program.ts";
import { type HostTensor, hostTensor } from "./host.ts";
import type { Session } from "./runtime.ts";

/** The part of the WebAssembly interface that kernels need; Node's types have none of it. */
interface WebAssemblyApi {
  readonly Memory: new (descriptor: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ readonly exports: object }>;
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };

/** Memory in which kernels compute: that of WebAssembly instances. */
export interface Arena {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Where a kernel finds the addresses of its tensors. */
  readonly table: Int32Array;
}

/** A tensor in an arena. */
export interface ArenaTensor extends HostTensor<Float32Array> {
  readonly arena: Arena;
}

/** Bytes at the beginning of an arena that hold the table: addresses of 16,384 tensors. */
const tableBytes = 65_536;
const alignment = 64;

/** Bytes of a tensor with the room behind it. */
const spanOf = (shape: readonly number[]) => Math.ceil((4 * sizeOf(shape)) / alignment) * alignment;

/** Memory for tensors of these shapes; the function gives one after the other. */
export function openArena(shapes: readonly (readonly number[])[]): (shape: readonly number[]) => ArenaTensor {
  const sizeBytes = shapes.reduce((sum, shape) => sum + spanOf(shape), tableBytes);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(sizeBytes / 65_536) });
  const arena: Arena = { memory, table: new Int32Array(memory.buffer, 0, tableBytes / 4) };
  let end = tableBytes;
  return (shape) => {
    const values = new Float32Array(memory.buffer, end, sizeOf(shape));
    end += spanOf(shape);
    return { ...hostTensor(shape, values), arena };
  };
}

/** A program's kernel; its tensors have to be of one arena. */
export async function openKernel({ kernel, manifest }: Program): Promise<Session> {
  const module = await WebAssembly.compile(kernel!);
  const [inputs, outputs] = [manifest.inputs, manifest.outputs].map((all) => all.map(({ name }) => name));
  let opened: { readonly arena: Arena; readonly run: (table: number) => void } | undefined;
  return {
    async run(from, to) {
      const { arena } = (from[inputs![0]!] ?? to[outputs![0]!]) as ArenaTensor;
      if (opened?.arena !== arena) {
        const { exports } = await WebAssembly.instantiate(module, { env: { memory: arena.memory } });
        opened = { arena, run: (exports as { run(table: number): void }).run };
      }
      let i = 0;
      for (const name of inputs!) arena.table[i++] = (from[name] as ArenaTensor).values.byteOffset;
      for (const name of outputs!) arena.table[i++] = (to[name] as ArenaTensor).values.byteOffset;
      opened.run(0);
    },
    release: () => Promise.resolve(),
  };
}
