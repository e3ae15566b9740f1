/** Decoding PNG images: unpacking, undoing the filters, and taking samples out of their bits. */

import { inflateSync } from "node:zlib";
import { InputError } from "../errors.ts";
import { deflateRatio } from "./gzip.ts";
import { type PngColour, type PngHeader, type PngParts, readPngParts } from "./png-chunks.ts";

/** The picture in a PNG file as it is stored there. */
export interface Png extends Pick<PngParts, "header" | "palette" | "transparency"> {
  /** [height, width, channels], whole numbers below 2^depth. */
  readonly samples: Uint8Array | Uint16Array;
}

/** Samples of a pixel. */
export const channelsOf: Readonly<Record<PngColour, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Decodes a PNG image of any kind that PNG has, of at most 4096 x 4096 pixels. Strict about everything that pixels depend on, and never unpacks more than
 * they need. Takes over `bytes`, as `readPngParts` does. Throws an `InputError` that names `file`, and the offset of what is wrong where that is not within packed data.
 */
export function decodePng(bytes: Uint8Array, file: string): Png {
  const { header, palette, transparency, packed } = readPngParts(bytes, file);
  const passes = passesOf(header);
  const rows = unpack(packed, passes, file);
  unfilter(rows, passes, bytesPerPixel(header), file);
  const samples = samplesOf(rows, passes, header);
  const entries = palette && header.colour === 3 ? palette.length / 3 : Infinity;
  const wrong = entries < 2 ** header.depth ? samples.findIndex((index) => index >= entries) : -1;
  if (wrong >= 0) {
    const got = `${samples[wrong]} at pixel ${wrong}`;
    throw new InputError(file, `expected a colour of the palette, which has ${entries}, got ${got}. Save it again.`);
  }
  return { header, palette, transparency, samples };
}

/** A picture that is every `stepX`-th pixel of every `stepY`-th row of the whole. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
  /** Bytes of a row without that of the filter. */
  readonly rowBytes: number;
}

/** x, y, stepX and stepY of the seven pictures of an interlaced one (Adam7). */
const interlaced = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The passes that have any pixels. */
function passesOf({ width, height, depth, colour, isInterlaced }: PngHeader): Pass[] {
  const places = isInterlaced ? interlaced : ([[0, 0, 1, 1]] as const);
  return places
    .map(([x, y, stepX, stepY]) => {
      const columns = Math.max(0, Math.ceil((width - x) / stepX));
      const rowBytes = Math.ceil((columns * channelsOf[colour] * depth) / 8);
      return { x, y, stepX, stepY, width: columns, height: Math.max(0, Math.ceil((height - y) / stepY)), rowBytes };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

const bytesPerPixel = ({ depth, colour }: PngHeader) => Math.max(1, (depth * channelsOf[colour]) / 8);

/** Exactly the bytes that the passes have. */
function unpack(packed: Uint8Array, passes: readonly Pass[], file: string): Buffer {
  const sizeBytes = passes.reduce((sum, { height, rowBytes }) => sum + height * (1 + rowBytes), 0);
  const expected = `expected ${sizeBytes} bytes of pixels`;
  if (sizeBytes > deflateRatio * packed.length) {
    throw new InputError(file, `${expected}, got ${packed.length} packed bytes, too few for them. Save it again.`);
  }
  let unpacked: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    // With room for all of it and a byte more, one piece of memory is enough.
    const options = { maxOutputLength: sizeBytes, chunkSize: Math.max(64, sizeBytes + 1), info: true };
    unpacked = inflateSync(packed, options) as unknown as typeof unpacked;
  } catch (error) {
    const isLong = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const got = isLong ? "more" : `damaged data (${(error as Error).message})`;
    throw new InputError(file, `${expected}, got ${got}. Save it again.`);
  }
  const { buffer, engine } = unpacked;
  if (buffer.length !== sizeBytes) throw new InputError(file, `${expected}, got ${buffer.length}. Save it again.`);
  if (engine.bytesWritten !== packed.length) {
    throw new InputError(file, `expected nothing behind the packed pixels, got more bytes. Save it again.`);
  }
  return buffer;
}

/** Undoes the filter of each row and moves the rows together, without their first bytes, to the front. */
function unfilter(rows: Buffer, passes: readonly Pass[], pixelBytes: number, file: string): void {
  let [from, to] = [0, 0];
  for (const { height, rowBytes } of passes) {
    for (let y = 0; y < height; y++) {
      const filter = rows[from++]!;
      if (filter > 4) throw new InputError(file, `expected a filter from 0 to 4, got ${filter}. Save it again.`);
      const hasAbove = y > 0;
      for (let i = 0; i < rowBytes; i++) {
        const left = i >= pixelBytes ? rows[to + i - pixelBytes]! : 0;
        const above = hasAbove ? rows[to + i - rowBytes]! : 0;
        const corner = hasAbove && i >= pixelBytes ? rows[to + i - rowBytes - pixelBytes]! : 0;
        rows[to + i] = rows[from + i]! + predicted(filter, left, above, corner);
      }
      from += rowBytes;
      to += rowBytes;
    }
  }
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  return filter === 3 ? (left + above) >> 1 : nearest(left, above, corner);
}

/** The one of three bytes that is nearest to left + above - corner (Paeth 1991). */
function nearest(left: number, above: number, corner: number): number {
  const [ofLeft, ofAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const ofCorner = Math.abs(left + above - 2 * corner);
  if (ofLeft <= ofAbove && ofLeft <= ofCorner) return left;
  return ofAbove <= ofCorner ? above : corner;
}

function samplesOf(rows: Buffer, passes: readonly Pass[], header: PngHeader): Png["samples"] {
  const { width, height, depth, colour, isInterlaced } = header;
  const channels = channelsOf[colour];
  const count = width * height * channels;
  if (depth === 8 && !isInterlaced) return new Uint8Array(rows.buffer, rows.byteOffset, count);
  if (depth === 16 && !isInterlaced) {
    const { buffer, byteOffset } = rows.subarray(0, 2 * count).swap16();
    return new Uint16Array(buffer, byteOffset, count);
  }
  const samples = depth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  let row = 0;
  for (const pass of passes) {
    for (let j = 0; j < pass.height; j++, row += pass.rowBytes) {
      const line = (pass.y + j * pass.stepY) * width;
      for (let i = 0; i < pass.width * channels; i++) {
        const pixel = Math.floor(i / channels);
        samples[(line + pass.x + pixel * pass.stepX) * channels + (i % channels)] = sampleAt(rows, row, i, depth);
      }
    }
  }
  return samples;
}

/** Sample `i` of the row that begins at a byte; the first one is in the highest bits. */
function sampleAt(rows: Buffer, row: number, i: number, depth: number): number {
  if (depth === 16) return rows.readUInt16BE(row + 2 * i);
  const bit = i * depth;
  return (rows[row + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
