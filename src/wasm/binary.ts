/** The few pieces of WebAssembly's binary format that a module of one function needs (core specification 2.0, section 5). */

/** Bytes, nested as they are put together. */
export type Bytes = readonly (number | Bytes)[];

/** An unsigned number in LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest & 127;
    rest >>>= 7;
    if (rest === 0) return [...bytes, low];
    bytes.push(low | 128);
  }
}

/** A signed 32-bit number in LEB128. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; ) {
    const low = rest & 127;
    rest >>= 7;
    if ((rest === 0 && low < 64) || (rest === -1 && low >= 64)) return [...bytes, low];
    bytes.push(low | 128);
  }
}

/** A vector: its length, then its items. */
export const vector = (items: readonly Bytes[]): Bytes => [...unsigned(items.length), ...items];

/** Content behind its size in bytes. */
export function sized(content: Bytes): Bytes {
  const flat = flatten(content);
  return [...unsigned(flat.length), flat];
}

const name = (text: string): Bytes => sized([...new TextEncoder().encode(text)]);

/** Types of values. */
export const i32 = 0x7f;
export const v128 = 0x7b;

/** Puts the value of a local on the stack. */
export const get = (local: number): Bytes => [0x20, ...unsigned(local)];
/** Takes a value from the stack into a local. */
export const set = (local: number): Bytes => [0x21, ...unsigned(local)];
/** Copies a value from the stack into a local. */
export const tee = (local: number): Bytes => [0x22, ...unsigned(local)];
/** Puts an i32 on the stack. */
export const integer = (value: number): Bytes => [0x41, ...signed(value)];
/** Adds two i32. */
export const add: Bytes = [0x6a];
/** Multiplies two i32. */
export const multiply: Bytes = [0x6c];
/** An instruction on vectors of four float32. */
export const simd = (opcode: number): Bytes => [0xfd, ...unsigned(opcode)];
/** Adds two vectors of four float32. */
export const addFour = simd(0xe4);
/** A vector of four times the same float32. */
export const fourOf = (value: number): Bytes => [simd(0x0c), ...new Uint8Array(new Float32Array(4).fill(value).buffer)];
/** Loads a vector from so many bytes behind an address. */
export const load = (at: number): Bytes => [simd(0x00), 4, ...unsigned(at)];
/** Stores a vector at so many bytes behind an address. */
export const storeAt = (at: number): Bytes => [simd(0x0b), 4, ...unsigned(at)];
/** Stores a vector. */
export const store: Bytes = storeAt(0);

/** Runs `inside` where an i32 is not 0. */
export const when = (condition: Bytes, inside: Bytes): Bytes => [condition, [0x04, 0x40], inside, 0x0b];

/** Runs `inside` once, and again as long as an i32 is not 0. */
export const repeat = (inside: Bytes, condition: Bytes): Bytes => [[0x03, 0x40], inside, condition, [0x0d, 0], 0x0b];

/** The next number of a local, and whether it is still below another. */
export const advance = (local: number, stride: number, end: number): Bytes => [
  [get(local), integer(stride), add, tee(local)],
  [get(end), 0x49],
];

/** Runs `inside` with an i32 at 0, `stride`, ... below another local, at least once. */
export function loop(local: number, stride: number, end: number, inside: Bytes): Bytes {
  return [integer(0), set(local), repeat(inside, advance(local, stride, end))];
}

/** The limits of a memory: one page of 64 KiB or more; and those of one that threads share, which needs a most. */
const limits = [0x00, ...unsigned(1)];
const sharedLimits = [0x03, ...unsigned(1), ...unsigned(65_536)];

/** A module that imports the memory `env.memory` and exports one function `run`, with its types of parameters and of locals and its code. */
export function moduleOf(parameters: readonly number[], locals: readonly number[], code: Bytes): Uint8Array {
  const section = (id: number, ...items: Bytes[]): Bytes => [id, sized(vector(items))];
  const body = sized([vector(locals.map((type) => [1, type])), code, 0x0b]);
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, [0x60, vector(parameters.map((type) => [type])), vector([])]),
      section(2, [name("env"), name("memory"), 0x02, limits]),
      section(3, [0]),
      section(7, [name("run"), 0x00, 0]),
      section(10, body),
    ]),
  );
}

/** A module of `moduleOf` for a memory that threads share, which is another type of memory. */
export function inSharedMemory(module: Uint8Array): Uint8Array {
  const types = 8; // where its section begins
  const imports = types + 2 + module[types + 1]!; // of less than 128 bytes, as is the next
  const end = imports + 2 + module[imports + 1]!;
  const content = module.subarray(imports + 2, end - limits.length);
  const section = [2, content.length + sharedLimits.length, ...content, ...sharedLimits];
  return Uint8Array.from([...module.subarray(0, imports), ...section, ...module.subarray(end)]);
}

function flatten(bytes: Bytes, flat: number[] = []): number[] {
  for (const item of bytes) {
    if (typeof item === "number") flat.push(item);
    else flatten(item, flat);
  }
  return flat;
}
