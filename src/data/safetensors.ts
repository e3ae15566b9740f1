/** The safetensors format: eight bytes of header length, a JSON header, and the raw numbers in the order of their offsets. */
import { CheckpointError } from "../errors.ts";
import { aligned } from "./alignment.ts";
import { parseJson } from "./json.ts";
import { multiply } from "./sizes.ts";

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

/** The content of a file. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Tensors;
}

const maxHeaderBytes = 10 * 2 ** 20;
const maxTensors = 10_000;
const maxRank = 8;
const maxNameLength = 512;

/** The raw numbers of each tensor, float32 little-endian, in the order of the file. */
export function payloadOf(tensors: Tensors): Uint8Array[] {
  return [...tensors.values()].map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** A file of tensors with text metadata, in parts: the header and each tensor where it lies. Equal content gives equal bytes. */
export function encodeSafetensors(metadata: SafetensorsFile["metadata"], tensors: Tensors): Uint8Array[] {
  let end = 0;
  const entries = [...tensors].map(([name, { shape, values }]) => {
    const start = end;
    end += values.byteLength;
    return [name, { dtype: "F32", shape, data_offsets: [start, end] }];
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const header = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8)); // aligns the numbers
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  return [length, header, ...payloadOf(tensors)];
}

/**
 * The tensors and metadata of a file. Throws CheckpointError where it is not a whole safetensors file of float32 tensors, one behind the other in the order of
 * the header without gaps; a header may have 10 MiB and 10,000 tensors of at most 8 sizes. Takes over `bytes`: the tensors are views of them, moved over the
 * end of the header where they lie at an odd place.
 */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const header = readHeader(bytes, file);
  const begin = 8 + header.length;
  const { __metadata__: metadata = {}, ...entries } = header.json;
  const checked = checkEntries(entries, file);
  const sizeBytes = checked.at(-1)?.[1].end ?? 0;
  if (sizeBytes !== bytes.length - begin) throw wrongLength(file, sizeBytes, bytes.length - begin);
  const texts = checkMetadata(metadata, file);
  const { buffer, byteOffset } = aligned(bytes, begin, 4);
  const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  let at = 0;
  for (const [name, { shape, end }] of checked) {
    tensors.set(name, { shape, values: new Float32Array(buffer, byteOffset + at, (end - at) / 4) });
    at = end;
  }
  return { metadata: texts, tensors };
}

const wrongLength = (file: string, expected: number, found: number) =>
  new CheckpointError(file, `expected ${expected} bytes of numbers, got ${found}: truncated or damaged.`);

function checkMetadata(metadata: unknown, file: string): Record<string, string> {
  const isText = isObject(metadata) && Object.values(metadata).every((value) => typeof value === "string");
  if (!isText)
    throw new CheckpointError(file, "expected __metadata__ that maps names to texts: damaged or another format.");
  return metadata as Record<string, string>;
}

function readHeader(bytes: Uint8Array, file: string): { length: number; json: Record<string, unknown> } {
  const length =
    bytes.length < 8 ? Number.NaN : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (!(length <= Math.min(maxHeaderBytes, bytes.length - 8))) {
    const expected = `expected a safetensors header of at most ${maxHeaderBytes} bytes within the file's ${bytes.length}`;
    throw new CheckpointError(file, `at byte 0: ${expected}, got ${length}: truncated or another format.`);
  }
  const refuse = (problem: string, at: number) =>
    new CheckpointError(file, `at byte ${8 + at}: expected a safetensors header in JSON: ${problem}: damaged.`);
  if (bytes[8] !== 0x7b) throw refuse("expected { first", 0);
  return { length, json: parseJson(bytes.subarray(8, 8 + length), refuse) as Record<string, unknown> };
}

/** Tensors of at most so many, each with the end of its numbers. */
function checkEntries(entries: Readonly<Record<string, unknown>>, file: string) {
  const list = Object.entries(entries);
  if (list.length > maxTensors) {
    throw new CheckpointError(file, `expected at most ${maxTensors} tensors, got ${list.length}.`);
  }
  let end = 0;
  return list.map(([name, entry]) => {
    const shape = checkEntry(entry, end, name, file);
    end += multiply([4, ...shape]);
    return [name, { shape, end }] as const;
  });
}

/** The shape of a tensor whose numbers begin at `start`. */
function checkEntry(entry: unknown, start: number, name: string, file: string): number[] {
  const { dtype, shape, data_offsets: offsets, ...more } = isObject(entry) ? entry : {};
  const isShape =
    Array.isArray(shape) && shape.length <= maxRank && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  const end = isShape ? start + multiply([4, ...shape]) : Number.NaN;
  const isPlaced = Array.isArray(offsets) && offsets.length === 2 && offsets[0] === start && offsets[1] === end;
  if (
    name.length <= maxNameLength &&
    dtype === "F32" &&
    Number.isSafeInteger(end) &&
    isPlaced &&
    Object.keys(more).length === 0
  ) {
    return shape as number[];
  }
  const [what, got] = [name, JSON.stringify(entry)].map((text) => text.slice(0, 200));
  throw new CheckpointError(file, `tensor ${what}: expected float32 numbers from byte ${start} on, got ${got}.`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
