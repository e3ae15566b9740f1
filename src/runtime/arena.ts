import { ConfigError } from "../errors.ts";
import { type Program, sizeOf } from "../program.ts";
import { webAssembly } from "../wasm/api.ts";
import { inSharedMemory } from "../wasm/binary.ts";
import { finiteModule, strideOfFinite } from "../wasm/finite.ts";
import { type HostTensor, hostTensor } from "./host.ts";
import type { Helper, Session } from "./runtime.ts";

const WebAssembly = webAssembly();

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
/** Bytes that WebAssembly can address. */
const mostBytes = 2 ** 32;
const pageBytes = 65_536;

/** Bytes of a tensor with the room behind it. */
const spanOf = (shape: readonly number[]) => Math.ceil((4 * sizeOf(shape)) / alignment) * alignment;

/** Bytes of an arena for tensors of these shapes. */
export function arenaBytes(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((sum, shape) => sum + spanOf(shape), tableBytes);
}

/** Throws ConfigError where an arena would be larger than what WebAssembly can address. */
export function checkArena(sizeBytes: number): void {
  if (sizeBytes <= mostBytes) return;
  const mb = (bytes: number) => `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
  const problem = `expected at most ${mb(mostBytes)} of tensors, which WebAssembly can address, got ${mb(sizeBytes)}`;
  throw new ConfigError(`memory: ${problem}. Use a smaller batch or smaller networks, or a GPU (\`--device webgpu\`).`);
}

/** Memory for tensors of these shapes, which threads may share; the function gives one after the other. Throws ConfigError where it cannot address them. */
export function openArena(
  shapes: readonly (readonly number[])[],
  isShared = false,
): (shape: readonly number[]) => ArenaTensor {
  const sizeBytes = arenaBytes(shapes);
  checkArena(sizeBytes);
  const pages = Math.ceil(sizeBytes / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared });
  const arena: Arena = { memory, table: new Int32Array(memory.buffer, 0, tableBytes / 4) };
  const areFiniteHere = finiteCheck(memory, isShared);
  let end = tableBytes;
  return (shape) => {
    const values = new Float32Array(memory.buffer, end, sizeOf(shape));
    end += spanOf(shape);
    return { ...hostTensor(shape, values), isFinite: () => areFiniteHere(values), arena };
  };
}

/** Whether numbers of an arena are all finite; it uses the beginning of the table. */
function finiteCheck(memory: Arena["memory"], isShared: boolean): (values: Float32Array) => boolean {
  const bytes = isShared ? inSharedMemory(finiteModule()) : finiteModule();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const { run } = exports as { run(from: number, to: number, result: number): void };
  const sums = new Float32Array(memory.buffer, 0, 4);
  return (values) => {
    const { byteOffset, length } = values;
    const whole = length - (length % strideOfFinite);
    if (whole > 0) {
      run(byteOffset, byteOffset + 4 * whole, 0);
      if (sums[0]! + sums[1]! + sums[2]! + sums[3]! !== 0) return false;
    }
    for (let i = whole; i < length; i++) if (!Number.isFinite(values[i]!)) return false;
    return true;
  };
}

/** Waits for the first `count` of some helpers, whatever fails; then throws what went wrong first, that of this thread before that of others. */
export function finishAll(helpers: readonly Pick<Helper, "finish">[], count: number, problem: unknown): void {
  let first = problem;
  for (let k = 0; k < count; k++) {
    try {
      helpers[k]!.finish();
    } catch (error) {
      first ??= error;
    }
  }
  if (first !== undefined) throw first;
}

/** A kernel, compiled, and the memory in which it computes. */
export interface Computation {
  readonly module: object;
  readonly memory: object;
}

/** Threads for a kernel: at most as many as it has parts, less one. */
export type FindHelpers = (computation: Computation) => readonly Helper[];

/** A program's kernel; its tensors have to be of one arena, which threads share where there may be helpers. */
export async function openKernel({ kernel, manifest }: Program, findHelpers?: FindHelpers): Promise<Session> {
  const { parts } = kernel!;
  const module = await WebAssembly.compile(findHelpers ? inSharedMemory(kernel!.module) : kernel!.module);
  const [inputs, outputs] = [manifest.inputs, manifest.outputs].map((all) => all.map(({ name }) => name));
  let opened: OpenedKernel | undefined;
  const open = (arena: Arena): OpenedKernel => {
    const computation = { module, memory: arena.memory };
    const helpers = (parts > 1 && findHelpers?.(computation)) || [];
    return { arena, run: kernelFunction(computation), helpers };
  };
  return {
    run(from, to) {
      const { arena } = (from[inputs![0]!] ?? to[outputs![0]!]) as ArenaTensor;
      if (opened?.arena !== arena) opened = open(arena);
      const { run, helpers } = opened;
      let i = 0;
      for (const name of inputs!) arena.table[i++] = (from[name] as ArenaTensor).values.byteOffset;
      for (const name of outputs!) arena.table[i++] = (to[name] as ArenaTensor).values.byteOffset;
      for (let k = 0; k < helpers.length; k++) helpers[k]!.start(0, k + 1);
      let problem: unknown;
      try {
        run(0, 0);
        for (let part = helpers.length + 1; part < parts; part++) run(0, part);
      } catch (error) {
        problem = error;
      }
      finishAll(helpers, helpers.length, problem);
      run(0, parts);
      return undefined;
    },
    async release() {
      for (const helper of opened?.helpers ?? []) helper.release();
      opened = undefined;
    },
  };
}

/** What a kernel does in a memory. */
export function kernelFunction({ module, memory }: Computation): OpenedKernel["run"] {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return (exports as Pick<OpenedKernel, "run">).run;
}

interface OpenedKernel {
  readonly arena: Arena;
  readonly run: (table: number, part: number) => void;
  readonly helpers: readonly Helper[];
}
