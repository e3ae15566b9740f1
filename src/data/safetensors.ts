/** The safetensors format: eight bytes of header length, a JSON header, and the raw numbers in the order of their offsets. */
import { CheckpointError } from "../errors.ts";
import { sizeOf } from "../program.ts";

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

/** The content of a file. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Tensors;
}

const maxHeaderBytes = 10 * 2 ** 20;

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

/** The tensors and metadata of a file. Throws CheckpointError where it is not a whole safetensors file of float32 tensors. */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const header = readHeader(bytes, file);
  const payload = bytes.subarray(8 + header.length);
  const { __metadata__: metadata = {}, ...entries } = header.json;
  const tensors = new Map<string, { shape: readonly number[]; values: Float32Array }>();
  let at = 0;
  for (const [name, entry] of Object.entries(entries)) {
    const { shape, end } = checkEntry(entry, at, name, file);
    if (end > payload.length) throw truncated(file, end, payload.length);
    tensors.set(name, { shape, values: new Float32Array(new Uint8Array(payload.subarray(at, end)).buffer) });
    at = end;
  }
  if (at !== payload.length) throw truncated(file, at, payload.length);
  return { metadata: checkMetadata(metadata, file), tensors };
}

const truncated = (file: string, expected: number, found: number) =>
  new CheckpointError(file, `expected ${expected} bytes of numbers, got ${found}: truncated or damaged.`);

function checkMetadata(metadata: unknown, file: string): Record<string, string> {
  const isText =
    typeof metadata === "object" &&
    metadata !== null &&
    Object.values(metadata).every((value) => typeof value === "string");
  if (!isText)
    throw new CheckpointError(file, "expected __metadata__ that maps names to texts: damaged or another format.");
  return metadata as Record<string, string>;
}

function readHeader(bytes: Uint8Array, file: string): { length: number; json: Record<string, unknown> } {
  const length =
    bytes.length < 8 ? Number.NaN : Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (!(length <= Math.min(maxHeaderBytes, bytes.length - 8))) {
    throw new CheckpointError(
      file,
      `expected a safetensors header within ${bytes.length} bytes: truncated or another format.`,
    );
  }
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)));
    if (typeof json === "object" && json !== null && !Array.isArray(json))
      return { length, json: json as Record<string, unknown> };
  } catch {
    // falls through to the same error as JSON of another kind
  }
  throw new CheckpointError(file, "expected a safetensors header in JSON: damaged or another format.");
}

function checkEntry(entry: unknown, start: number, name: string, file: string): { shape: number[]; end: number } {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const isShape = Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  const end = isShape ? start + 4 * sizeOf(shape) : Number.NaN;
  if (
    dtype !== "F32" ||
    !Number.isSafeInteger(end) ||
    !Array.isArray(offsets) ||
    offsets[0] !== start ||
    offsets[1] !== end
  ) {
    throw new CheckpointError(
      file,
      `tensor ${name}: expected float32 numbers from byte ${start} on, got ${JSON.stringify(entry)}.`,
    );
  }
  return { shape: shape as number[], end };
}
