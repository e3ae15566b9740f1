/** The IDX format: 00 00 type rank, then `rank` big-endian 32-bit sizes, then the values in row-major order (LeCun et al. 1998, MNIST). */

import { InputError } from "../errors.ts";
import { multiply } from "./sizes.ts";

/** An array of unsigned bytes; `values` is a view of the file's bytes, not a copy. */
export interface IdxArray {
  readonly dimensions: readonly number[];
  readonly values: Uint8Array;
}

const unsignedByte = 0x08;

const typeNames = new Map([
  [unsignedByte, "unsigned bytes"],
  [0x09, "signed bytes"],
  [0x0b, "16-bit integers"],
  [0x0c, "32-bit integers"],
  [0x0d, "32-bit floats"],
  [0x0e, "64-bit floats"],
]);

const maxRank = 4;
const maxValues = 2 ** 31;

/**
 * Reads an IDX file of unsigned bytes. Strict: every size positive, at most 2^31 values, and not one byte too few or too many.
 * Throws an `InputError` that names `file` and the offset of the first wrong byte.
 */
export function parseIdx(bytes: Uint8Array, file: string): IdxArray {
  const { dimensions, headerBytes, sizeBytes } = readIdxHeader(bytes, file);
  checkSize(dimensions, sizeBytes, bytes.length, file);
  return {
    dimensions,
    values: new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, sizeBytes - headerBytes),
  };
}

/** The shape in the header of an IDX file of `sizeBytes` bytes, of which `start` are the first. Throws what `parseIdx` throws. */
export function checkIdxStart(start: Uint8Array, sizeBytes: number, file: string): readonly number[] {
  const { dimensions, sizeBytes: expected } = readIdxHeader(start, file);
  checkSize(dimensions, expected, sizeBytes, file);
  return dimensions;
}

/** What the header at the beginning of an IDX file promises: the file has `sizeBytes` bytes, the header among them. Throws an `InputError`. */
export function readIdxHeader(
  start: Uint8Array,
  file: string,
): { dimensions: readonly number[]; headerBytes: number; sizeBytes: number } {
  const rank = readRank(start, file);
  const headerBytes = 4 + 4 * rank;
  requireBytes(start.length, headerBytes, `in the header of an array of rank ${rank}`, file);
  const dimensions = readDimensions(start, rank, file);
  return { dimensions, headerBytes, sizeBytes: headerBytes + multiply(dimensions) };
}

function checkSize(dimensions: readonly number[], expected: number, found: number, file: string): void {
  const what = `for dimensions [${dimensions.join(", ")}]`;
  requireBytes(found, expected, what, file);
  if (found === expected) return;
  const problem = `expected ${expected} bytes ${what}, got ${found}`;
  throw new InputError(file, `${problem}. Remove the trailing data, or fetch the file again.`, expected);
}

function requireBytes(found: number, length: number, what: string, file: string): void {
  if (found >= length) return;
  const problem = `expected ${length} bytes ${what}, got ${found}. The file is truncated: fetch it again.`;
  throw new InputError(file, problem, found);
}

function readRank(bytes: Uint8Array, file: string): number {
  requireBytes(bytes.length, 4, "in the magic number", file);
  const [zero0, zero1, type, rank] = bytes as unknown as [number, number, number, number];
  if (zero0 !== 0 || zero1 !== 0) {
    const problem = `expected the two zero bytes that open an IDX file, got ${hex(zero0)} ${hex(zero1)}`;
    const advice = zero0 === 0x1f && zero1 === 0x8b ? "Unpack the file with gunzip." : "Is this another kind of file?";
    throw new InputError(file, `${problem}. ${advice}`, zero0 === 0 ? 1 : 0);
  }
  if (type !== unsignedByte) {
    const found = typeNames.get(type) ?? "which is none of the format";
    const problem = `expected unsigned bytes (type 08), got type ${hex(type)} (${found})`;
    throw new InputError(file, `${problem}. Save the array as unsigned bytes.`, 2);
  }
  if (rank < 1 || rank > maxRank) {
    throw new InputError(file, `expected 1 to ${maxRank} dimensions, got ${rank}. Reshape the array.`, 3);
  }
  return rank;
}

function readDimensions(bytes: Uint8Array, rank: number, file: string): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions: number[] = [];
  let count = 1;
  for (let axis = 0; axis < rank; axis++) {
    const offset = 4 + 4 * axis;
    const size = view.getUint32(offset);
    dimensions.push(size);
    count *= size;
    if (size === 0) {
      throw new InputError(file, `expected a positive size of axis ${axis}, got 0. Is the data set empty?`, offset);
    }
    if (count > maxValues) {
      const problem = `expected at most ${maxValues} values, got dimensions [${dimensions.join(", ")}, ...]`;
      throw new InputError(file, `${problem}. Split the file, or fetch it again.`, offset);
    }
  }
  return dimensions;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");
