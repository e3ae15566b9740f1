import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { decode } from "fast-png";
import { InputError } from "../errors.ts";
import { reading } from "./reading.ts";

/** Sizes of an image: 1 channel is greyscale, 3 are RGB. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** More than twice what a picture of 4096 x 4096 has at most. */
const maxFileBytes = 2 ** 28;
/** Numbers in 2 GiB. */
const maxValues = 2 ** 29;

/**
 * The PNG images of a folder, sorted by name, [n, channels, height, width] in [0, 1]; other files are passed over. They must have 8 or 16 bits, all the size
 * and the channels of `shape`, no palette, no transparency and no interlacing. Throws an `InputError` for an image that has not, for one that is damaged or
 * would unpack to more than its size, and for a folder without any; a `StorageError` where files cannot be read.
 */
export function readPngFolder(folder: string, shape: ImageShape): Float32Array {
  const names = reading(folder, () => readdirSync(folder)).filter((name) => /\.png$/i.test(name));
  const size = shape.reduce((product, n) => product * n, 1);
  if (names.length === 0 || names.length * size > maxValues) {
    const most = Math.floor(maxValues / size);
    throw new InputError(folder, `expected 1 to ${most} PNG files, got ${names.length}. Is this the right folder?`);
  }
  const images = new Float32Array(names.length * size);
  for (const [i, name] of names.sort().entries()) {
    const path = join(folder, name);
    readImage(readFile(path), path, shape, images.subarray(i * size, (i + 1) * size));
  }
  return images;
}

/** Through links, but no folder or device. */
function readFile(path: string): Uint8Array {
  const found = reading(path, () => statSync(path));
  if (found.isFile() && found.size <= maxFileBytes) return reading(path, () => readFileSync(path));
  const got = found.isFile() ? `${found.size} bytes` : "something else";
  throw new InputError(path, `expected a file of at most ${maxFileBytes} bytes, got ${got}. Remove it.`);
}

/** Writes the image of a file to `out`, [channels, height, width]. */
function readImage(file: Uint8Array, path: string, [channels, height, width]: ImageShape, out: Float32Array): void {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const chunks = listChunks(bytes, path);
  const depth = checkHeader(bytes, path, [channels, height, width]);
  checkUnpackedSize(chunks, path, height * (1 + (width * channels * depth) / 8));
  const { data } = decodePng(chunks, path);
  const most = 2 ** depth - 1;
  const area = height * width;
  for (let i = 0; i < data.length; i++) out[(i % channels) * area + Math.floor(i / channels)] = data[i]! / most;
}

const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** A part of a PNG file: four bytes of length, its name, data, and a checksum. */
interface Chunk {
  readonly name: string;
  /** All of it, the data from byte 8 on up to the last four. */
  readonly bytes: Buffer;
}

/** The parts of a file up to the last, IEND. The first must be IHDR. */
function listChunks(bytes: Buffer, path: string): Chunk[] {
  if (!bytes.subarray(0, 8).equals(signature)) {
    throw new InputError(path, "expected a PNG image. Remove it, or save it as PNG.", 0);
  }
  const chunks: Chunk[] = [];
  for (let at = 8; chunks.at(-1)?.name !== "IEND"; at += chunks.at(-1)!.bytes.length) {
    const end = at + 12 + (at + 8 <= bytes.length ? bytes.readUInt32BE(at) : 0);
    if (end > bytes.length)
      throw new InputError(path, "expected a whole PNG image, got a truncated one. Save it again.", at);
    chunks.push({ name: bytes.toString("latin1", at + 4, at + 8), bytes: bytes.subarray(at, end) });
  }
  if (chunks[0]!.name !== "IHDR" || chunks[0]!.bytes.length !== 25) {
    throw new InputError(path, `expected IHDR first, got ${chunks[0]!.name}. Save it again.`, 8);
  }
  return chunks;
}

/** Bits of a number, where the header at the beginning of a file is that of an image of a shape. */
function checkHeader(bytes: Buffer, path: string, [channels, height, width]: ImageShape): number {
  const [foundWidth, foundHeight] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  if (foundWidth !== width || foundHeight !== height) {
    const got = `${foundWidth}x${foundHeight}`;
    throw new InputError(path, `expected an image of ${width}x${height} pixels, got ${got}. Scale or remove it.`, 16);
  }
  const [depth, colour, , , interlacing] = bytes.subarray(24, 29) as unknown as [number, number, ...number[]];
  const what = channels === 1 ? "greyscale" : "RGB";
  if (colour !== (channels === 1 ? 0 : 2) || (depth !== 8 && depth !== 16)) {
    const kinds = new Map([
      [0, "greyscale"],
      [2, "RGB"],
      [3, "a palette"],
      [4, "greyscale with transparency"],
      [6, "RGB with transparency"],
    ]);
    const got = `${depth} bits of ${kinds.get(colour) ?? `an unknown kind, ${colour}`}`;
    throw new InputError(path, `expected 8 or 16 bits of ${what}, got ${got}. Save it again as that.`, 24);
  }
  if (interlacing !== 0) throw new InputError(path, "expected no interlacing, got some. Save it without.", 28);
  return depth;
}

const isData = ({ name }: Chunk) => name === "IDAT";

/** A decoder would unpack whatever there is; this stops one byte beyond what the header promises. */
function checkUnpackedSize(chunks: readonly Chunk[], path: string, sizeBytes: number): void {
  const packed = Buffer.concat(chunks.filter(isData).map(({ bytes }) => bytes.subarray(8, -4)));
  let found: number;
  try {
    found = inflateSync(packed, { maxOutputLength: sizeBytes }).length;
  } catch (error) {
    throw new InputError(
      path,
      `expected ${sizeBytes} bytes of pixels, got damaged data (${(error as Error).message}). Save it again.`,
    );
  }
  if (found !== sizeBytes)
    throw new InputError(path, `expected ${sizeBytes} bytes of pixels, got ${found}. Save it again.`);
}

/** Decodes the pixels; colour profiles and texts, which a decoder would unpack too, are left out. */
function decodePng(chunks: readonly Chunk[], path: string) {
  const needed = [chunks[0]!, ...chunks.filter(isData), chunks.at(-1)!];
  try {
    return decode(Buffer.concat([signature, ...needed.map(({ bytes }) => bytes)]), { checkCrc: true });
  } catch (error) {
    throw new InputError(path, `expected a PNG image, got damaged data (${(error as Error).message}). Save it again.`);
  }
}
