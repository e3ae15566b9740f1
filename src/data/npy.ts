/** The NPY format of NumPy: a magic number, a version, the length of a header, a header in Python's notation, and the raw numbers. */
import { InputError } from "../errors.ts";
import { aligned } from "./alignment.ts";
import { type NpyHeader, parseNpyHeader } from "./npy-header.ts";
import { multiply } from "./sizes.ts";

/** An array of numbers in row-major order; the length of `values`, which is a view of the file's bytes, is the product of `shape`. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly dtype: NpyType;
  readonly values: Uint8Array | Float32Array | Float64Array;
}

/** A type of numbers as NumPy spells it. */
export type NpyType = keyof typeof types;

const types = { "|u1": Uint8Array, "<f4": Float32Array, "<f8": Float64Array };

const magic = Buffer.from("\x93NUMPY", "latin1");
/** What NumPy itself accepts. */
const maxHeaderBytes = 10_000;

/**
 * Reads an NPY file (versions 1 to 3) of unsigned bytes or of 32- or 64-bit floats. Strict: not one byte too few or too many. Nothing in the file is run.
 * Takes over `bytes`: the numbers stay there, and are moved over the end of the header where they lie at an odd place. Throws an `InputError` that names `file` and the offset of what is wrong.
 */
export function decodeNpy(bytes: Uint8Array, file: string): NpyArray {
  const { shape, dtype, begin } = readLayout(bytes, bytes.length, file);
  const type = types[dtype];
  const { buffer, byteOffset, length } = aligned(bytes, begin, type.BYTES_PER_ELEMENT);
  return { shape, dtype, values: new type(buffer, byteOffset, length / type.BYTES_PER_ELEMENT) };
}

/** The shape in the header of an NPY file of `sizeBytes` bytes, of which `start` are the first. Throws what `decodeNpy` throws. */
export function checkNpyStart(start: Uint8Array, sizeBytes: number, file: string): readonly number[] {
  return readLayout(start, sizeBytes, file).shape;
}

/** What the header says, and where the numbers begin. */
function readLayout(bytes: Uint8Array, sizeBytes: number, file: string) {
  const { text, start } = readHeader(bytes, file);
  const header = parseNpyHeader(text, (problem, at) => new InputError(file, problem, start + at));
  const dtype = checkHeader(header, file, start);
  const { shape } = header;
  const begin = start + text.length;
  const expected = multiply([...shape, types[dtype].BYTES_PER_ELEMENT]);
  if (expected !== sizeBytes - begin) {
    const numbers = `expected ${expected} bytes of numbers for shape [${shape.join(", ")}] of type ${dtype}`;
    const problem = `${numbers}, got ${sizeBytes - begin}. Truncated or damaged: save it again.`;
    throw new InputError(file, problem, Math.min(sizeBytes, begin + expected));
  }
  return { shape, dtype, begin };
}

/** Numbers as an NPY file of version 1.0. */
export function encodeNpy(shape: readonly number[], values: NpyArray["values"]): Uint8Array {
  const [descr] = Object.entries(types).find(([, type]) => values instanceof type)!;
  const dimensions = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${dimensions}, }`;
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10; // aligns the numbers
  const file = new Uint8Array(10 + length + values.byteLength);
  file.set([...magic, 1, 0, length & 255, length >> 8]);
  file.set(Buffer.from(`${header.padEnd(length - 1)}\n`), 10);
  file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + length);
  return file;
}

/** The text of the header and where it starts. */
function readHeader(bytes: Uint8Array, file: string): { text: string; start: number } {
  const wrong = magic.findIndex((byte, i) => bytes[i] !== byte);
  if (wrong >= 0) {
    throw new InputError(file, "expected an NPY file, which starts with 93 NUMPY. Save it with numpy.save.", wrong);
  }
  const [version, minor] = [bytes[6], bytes[7]];
  if (version === undefined || version < 1 || version > 3 || minor !== 0) {
    const got = `${version ?? "the end"}.${minor ?? "the end"}`;
    throw new InputError(file, `expected version 1.0, 2.0 or 3.0 of the format, got ${got}. Save it again.`, 6);
  }
  const start = version === 1 ? 10 : 12;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length < start ? Infinity : start === 10 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > Math.min(maxHeaderBytes, bytes.length - start)) {
    const expected = `expected a header of at most ${maxHeaderBytes} bytes within the file's ${bytes.length}`;
    throw new InputError(file, `${expected}, got ${length}. Truncated or damaged: save it again.`, 8);
  }
  return { text: Buffer.from(bytes.subarray(start, start + length)).toString("latin1"), start };
}

function checkHeader({ descr, order }: NpyHeader, file: string, at: number): NpyType {
  if (!Object.hasOwn(types, descr)) {
    const advice = "Save it with array.astype(numpy.float32)";
    const what = descr.includes("O") ? `Python objects (${descr}), which are never read` : descr;
    const problem = `expected numbers of type ${Object.keys(types).join(", ")}, got ${what}`;
    throw new InputError(file, `${problem}. ${advice}.`, at);
  }
  if (order !== "False") {
    const problem = "expected numbers in C order, got Fortran order. Save numpy.ascontiguousarray(array)";
    throw new InputError(file, `${problem}.`, at);
  }
  return descr as NpyType;
}
