/** The parts of a PNG file (W3C, "Portable Network Graphics", second edition 2003): a signature, then chunks of length, name, data and checksum. */

import { crc32 } from "node:zlib";
import { InputError } from "../errors.ts";

/** What the first chunk says. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits of a sample: 1, 2, 4, 8 or 16. */
  readonly depth: number;
  readonly colour: PngColour;
  readonly isInterlaced: boolean;
}

/** 0 greyscale, 2 RGB, 3 a palette, 4 greyscale and 6 RGB with an opacity for each pixel. */
export type PngColour = 0 | 2 | 3 | 4 | 6;

/** What is needed of a file to know its pixels. */
export interface PngParts {
  readonly header: PngHeader;
  /** RGB of each entry. */
  readonly palette: Uint8Array | undefined;
  /** The data of tRNS: what is transparent. */
  readonly transparency: Uint8Array | undefined;
  /** The pixels, filtered and packed. */
  readonly packed: Uint8Array;
}

const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const depths: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [3, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/** Pixels along a side. */
const maxSide = 4096;
/** Bytes of a chunk that holds no pixels; those that do are bounded by the size of the picture. */
const maxChunkBytes = 8_000_000;
/** Chunks of a file: those of a picture of the largest size may be as small as 4 KiB. */
const maxChunks = 65_536;

/** Checks signature and header at the beginning of a PNG file. Throws an `InputError`, for a picture of more than 4096 pixels along a side, too. */
export function readPngHeader(start: Uint8Array, file: string): PngHeader {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  const wrong = signature.findIndex((byte, i) => bytes[i] !== byte);
  if (wrong >= 0) throw new InputError(file, "expected a PNG image. Remove it, or save it as PNG.", wrong);
  if (bytes.length < 33) throw truncated(file, 33, bytes.length);
  const [length, name] = [bytes.readUInt32BE(8), bytes.toString("latin1", 12, 16)];
  if (name !== "IHDR" || length !== 13) {
    throw new InputError(file, `expected IHDR of 13 bytes first, got ${shown(name)} of ${length}. Save it again.`, 8);
  }
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  if (!isSide(width) || !isSide(height)) {
    const problem = `expected a picture of 1 to ${maxSide} pixels along each side, got ${width}x${height}`;
    throw new InputError(file, `${problem}. Scale or remove it.`, 16);
  }
  const [depth, colour, compression, filter, interlacing] = bytes.subarray(24, 29) as unknown as number[];
  if (!depths.get(colour!)?.includes(depth!)) {
    const problem = `expected a kind of picture that PNG has, got ${depth} bits of the colour type ${colour}`;
    throw new InputError(file, `${problem}. Save it again.`, 24);
  }
  if (compression !== 0 || filter !== 0 || interlacing! > 1) {
    const got = `${compression}, ${filter} and ${interlacing}`;
    throw new InputError(file, `expected the methods 0, 0 and 0 or 1 of PNG, got ${got}. Save it again.`, 26);
  }
  return { width, height, depth: depth!, colour: colour as PngColour, isInterlaced: interlacing === 1 };
}

/**
 * The parts of a whole file. Strict: every checksum right, every chunk whole, in its place and of its length, none that must be understood unknown, and nothing
 * behind the last. Texts, profiles and other chunks that pixels do not depend on are passed over unread. Takes over the bytes: pixels in several chunks are moved
 * together in place. Throws an `InputError`.
 */
export function readPngParts(start: Uint8Array, file: string): PngParts {
  const header = readPngHeader(start, file);
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length);
  const pixels: Uint8Array[] = []; // views of the file
  let [palette, transparency]: (Uint8Array | undefined)[] = [];
  let hasPixels = false;
  let previous = "";
  for (const { name, data, at } of chunks(bytes, file)) {
    const misplaced = () =>
      new InputError(file, `expected no ${shown(name)} here, or one of another length. Save it again.`, at);
    if (name === "IHDR") {
      if (at !== 8) throw misplaced();
    } else if (name === "IDAT") {
      if (hasPixels && previous !== "IDAT") throw misplaced();
      if (header.colour === 3 && !palette) throw new InputError(file, "expected a palette before the pixels.", at);
      hasPixels = true;
      if (data.length > 0) pixels.push(data);
    } else if (name === "PLTE") {
      if (palette || transparency || hasPixels || !isPalette(data, header)) throw misplaced();
      palette = data;
    } else if (name === "tRNS") {
      if (transparency || hasPixels || !isTransparency(data, header, palette)) throw misplaced();
      transparency = data;
    } else if (name === "IEND") {
      if (data.length > 0) throw misplaced();
    } else if (/^[A-Z]/.test(name)) {
      throw new InputError(
        file,
        `expected chunks that every PNG image may have, got ${shown(name)}. Save it again.`,
        at,
      );
    }
    previous = name;
  }
  if (!hasPixels) throw new InputError(file, "expected pixels, got none. Save it again.", bytes.length);
  return { header, palette, transparency, packed: joined(pixels) };
}

/** Parts of one buffer, in their order, as one part: each is moved to the end of the one before. */
function joined([first, ...rest]: readonly Uint8Array[]): Uint8Array {
  if (!first) return new Uint8Array();
  const bytes = new Uint8Array(first.buffer);
  let end = first.byteOffset + first.length;
  for (const { byteOffset, length } of rest) {
    bytes.copyWithin(end, byteOffset, byteOffset + length);
    end += length;
  }
  return bytes.subarray(first.byteOffset, end);
}

/** The chunks of a file, of which IEND ends it. Throws an `InputError`, for more than 65,536, too. */
function* chunks(bytes: Buffer, file: string): Generator<{ name: string; data: Buffer; at: number }> {
  let name = "";
  let count = 0;
  for (let at: number = signature.length; at < bytes.length || name !== "IEND"; ) {
    if (count++ === maxChunks) {
      throw new InputError(file, `expected at most ${maxChunks} chunks, got more. Save it again.`, at);
    }
    if (name === "IEND") {
      const problem = `expected the end of the file behind IEND, got ${bytes.length - at} more bytes`;
      throw new InputError(file, `${problem}. Save it again.`, at);
    }
    if (at + 12 > bytes.length) throw truncated(file, at + 12, bytes.length);
    const length = bytes.readUInt32BE(at);
    name = bytes.toString("latin1", at + 4, at + 8);
    const end = at + 12 + length;
    if (end > bytes.length) throw truncated(file, end, bytes.length);
    if (name !== "IDAT" && length > maxChunkBytes) {
      const problem = `expected at most ${maxChunkBytes} bytes of ${shown(name)}, got ${length}`;
      throw new InputError(file, `${problem}. Save it again without.`, at);
    }
    const [sum, found] = [bytes.readUInt32BE(end - 4), crc32(bytes.subarray(at + 4, end - 4))];
    if (sum !== found) {
      const problem = `expected the checksum ${hex(found)} of ${shown(name)}, got ${hex(sum)}`;
      throw new InputError(file, `${problem}. Damaged: save it again.`, end - 4);
    }
    yield { name, data: bytes.subarray(at + 8, end - 4), at };
    at = end;
  }
}

const truncated = (file: string, expected: number, found: number) =>
  new InputError(
    file,
    `expected ${expected} bytes or more, got ${found}. The image is truncated: save it again.`,
    found,
  );

const isSide = (size: number) => size >= 1 && size <= maxSide;

function isPalette({ length }: Uint8Array, { colour, depth }: PngHeader): boolean {
  const most = colour === 3 ? 2 ** depth : 256;
  return colour !== 0 && colour !== 4 && length % 3 === 0 && length >= 3 && length <= 3 * most;
}

/** An opacity for entries of the palette, or the two bytes of each sample that is transparent. */
function isTransparency({ length }: Uint8Array, { colour }: PngHeader, palette: Uint8Array | undefined): boolean {
  if (colour === 3) return palette !== undefined && length >= 1 && length <= palette.length / 3;
  return (colour === 0 && length === 2) || (colour === 2 && length === 6);
}

/** A name that may be anything, for a message. */
const shown = (name: string) => (/^[A-Za-z]{4}$/.test(name) ? name : "a chunk without a proper name");

const hex = (sum: number) => sum.toString(16).padStart(8, "0");
