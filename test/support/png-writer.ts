/** PNG files of every kind, also of kinds that are none: what encoders do not write, decoders have to face. */

import { crc32, deflateSync } from "node:zlib";

/** A picture, and how it is stored. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly isInterlaced?: boolean;
  /** [height, width, channels], whole numbers below 2^depth. */
  readonly samples: ArrayLike<number>;
  readonly palette?: Uint8Array;
  readonly transparency?: Uint8Array;
  /** The filter of row number `row` of the file. */
  readonly filter?: (row: number) => number;
}

/** Samples of a pixel of a colour type. */
export const channelsOf = (colour: number) => [1, 0, 3, 1, 2, 0, 4][colour]!;

/** One chunk with its checksum. */
export function chunk(name: string, data: Uint8Array = new Uint8Array()): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

export const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** The first chunk. */
export function header({ width, height, depth, colour, isInterlaced = false }: Omit<Picture, "samples">): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, colour, 0, 0, isInterlaced ? 1 : 0], 8);
  return chunk("IHDR", data);
}

/** A whole file. */
export function writePng(picture: Picture, packed: Uint8Array = deflateSync(rowsOf(picture))): Buffer {
  const { palette, transparency } = picture;
  return Buffer.concat([
    signature,
    header(picture),
    ...(palette ? [chunk("PLTE", palette)] : []),
    ...(transparency ? [chunk("tRNS", transparency)] : []),
    chunk("IDAT", packed),
    chunk("IEND"),
  ]);
}

/** The filtered rows of all passes, before they are packed. */
export function rowsOf({ width, height, depth, colour, isInterlaced, samples, filter = () => 0 }: Picture): Buffer {
  const channels = channelsOf(colour);
  const pixelBytes = Math.max(1, (channels * depth) / 8);
  const passOf = (x: number, y: number) => {
    if (!isInterlaced) return 0;
    if (y % 2 === 1) return 6;
    if (x % 2 === 1) return 5;
    if (y % 4 === 2) return 4;
    if (x % 4 === 2) return 3;
    if (y % 8 === 4) return 2;
    return x % 8 === 4 ? 1 : 0;
  };
  const out: number[] = [];
  let row = 0;
  for (let pass = 0; pass < (isInterlaced ? 7 : 1); pass++) {
    let above: number[] | undefined;
    for (let y = 0; y < height; y++) {
      const columns = [...Array(width).keys()].filter((x) => passOf(x, y) === pass);
      if (columns.length === 0) continue;
      const values = columns.flatMap((x) =>
        [...Array(channels).keys()].map((c) => samples[(y * width + x) * channels + c]!),
      );
      const bytes = bytesOf(values, depth);
      const kind = filter(row++);
      out.push(kind, ...bytes.map((byte, i) => (byte - predicted(kind, i, pixelBytes, bytes, above)) & 255));
      above = bytes;
    }
  }
  return Buffer.from(out);
}

function bytesOf(values: readonly number[], depth: number): number[] {
  const bits = values.map((value) => value.toString(2).padStart(depth, "0")).join("");
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

function predicted(
  filter: number,
  i: number,
  pixelBytes: number,
  row: readonly number[],
  above: readonly number[] = [],
) {
  const [a, b, c] = [row[i - pixelBytes] ?? 0, above[i] ?? 0, above[i - pixelBytes] ?? 0];
  if (filter < 3) return [0, a, b][filter]!;
  if (filter === 3) return Math.floor((a + b) / 2);
  const p = a + b - c;
  const distances = [a, b, c].map((value) => Math.abs(p - value));
  return [a, b, c][distances.indexOf(Math.min(...distances))]!;
}
