import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { decodePng, type Png } from "./png.ts";
import { type PngHeader, readPngHeader } from "./png-chunks.ts";
import { kindOf, reading, readRegular } from "./reading.ts";

/** Sizes of an image: 1 channel is greyscale, 3 are RGB. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** More than twice what a picture of 4096 x 4096 has at most. */
const maxFileBytes = 2 ** 28;
/** Numbers in 2 GiB. */
const maxValues = 2 ** 29;

/**
 * The paths of 1 to `most` PNG images of a folder, by their names' endings, in the order of their names by UTF-16 code units; other files and folders are passed
 * over. Throws an `InputError` for other numbers of them and for what is no file: links are not followed, as those of a folder that somebody else made lead
 * anywhere. Throws a `StorageError` where the folder cannot be read.
 */
export function listPngs(folder: string, most: number): string[] {
  const found = reading(folder, () => readdirSync(folder, { withFileTypes: true }));
  const images = found.filter(({ name }) => /\.png$/i.test(name));
  if (images.length === 0 || images.length > most) {
    const folders = found.filter((entry) => entry.isDirectory()).length;
    const inside = images.length === 0 && folders > 0 ? ` and ${folders} folders, which are not looked into` : "";
    const problem = `expected 1 to ${most} PNG files, got ${images.length}${inside}`;
    throw new InputError(folder, `${problem}. Is this the right folder?`);
  }
  const odd = images.find((entry) => !entry.isFile());
  if (odd) throw notAFile(join(folder, odd.name), odd);
  return images.map(({ name }) => join(folder, name)).sort();
}

const notAFile = (path: string, entry: Dirent) =>
  new InputError(path, `expected a file, got ${kindOf(entry)}. Put the image itself there, or remove it.`);

/** Decodes the PNG image in a file, if `check` does not throw at its header. Throws an `InputError` or a `StorageError`. */
export function readPng(path: string, check: (header: PngHeader) => void = () => {}): Png {
  const bytes = readRegular(path, maxFileBytes, (start) => check(readPngHeader(start, path)));
  return decodePng(bytes, path);
}

/**
 * The PNG images of a folder, sorted by name, [n, channels, height, width] in [0, 1]; other files are passed over. They must have 8 or 16 bits, all the size
 * and the channels of `shape`, or the same grey in three, no palette and no transparency. Throws an `InputError` for an image that has not, for one that is damaged, for a link, and for a
 * folder without any; a `StorageError` where files cannot be read.
 */
export function readPngFolder(folder: string, shape: ImageShape): Float32Array {
  const size = shape.reduce((product, n) => product * n, 1);
  const paths = listPngs(folder, Math.floor(maxValues / size));
  const images = new Float32Array(paths.length * size);
  for (const [i, path] of paths.entries()) readImage(path, shape, images.subarray(i * size, (i + 1) * size));
  return images;
}

/** Writes the image of a file to `out`, [channels, height, width]. */
function readImage(path: string, shape: ImageShape, out: Float32Array): void {
  const { header, transparency, samples } = readPng(path, (header) => checkKind(header, shape, path));
  if (transparency) throw new InputError(path, "expected no transparency, got some. Save it again without.");
  const [channels, height, width] = shape;
  const most = 2 ** header.depth - 1;
  const area = height * width;
  const values = channels === 1 && header.colour === 2 ? greyOf(samples, width, path) : samples;
  for (let i = 0; i < values.length; i++) out[(i % channels) * area + Math.floor(i / channels)] = values[i]! / most;
}

/** The grey level of every pixel of RGB samples, as programs that know no greyscale write them. Throws an `InputError` for a pixel with a colour. */
function greyOf(samples: Png["samples"], width: number, path: string): Png["samples"] {
  const levels = samples.filter((_, i) => i % 3 === 0);
  const coloured = samples.findIndex((value, i) => value !== levels[Math.floor(i / 3)]);
  if (coloured < 0) return levels;
  const pixel = Math.floor(coloured / 3);
  const place = `column ${pixel % width}, row ${Math.floor(pixel / width)}`;
  throw new InputError(path, `expected greyscale, or RGB with equal parts, got a colour in ${place}. Make it grey.`);
}

const kinds = {
  0: "greyscale",
  2: "RGB",
  3: "a palette",
  4: "greyscale with transparency",
  6: "RGB with transparency",
} as const;

function checkKind(header: PngHeader, [channels, height, width]: ImageShape, path: string): void {
  const { depth, colour } = header;
  if (header.width !== width || header.height !== height) {
    const got = `${header.width}x${header.height}`;
    throw new InputError(path, `expected an image of ${width}x${height} pixels, got ${got}. Scale or remove it.`, 16);
  }
  const wanted = channels === 1 ? 0 : 2;
  if ((colour === wanted || colour === 2) && depth >= 8) return;
  const problem = `expected 8 or 16 bits of ${kinds[wanted]}, got ${depth} bits of ${kinds[colour]}`;
  throw new InputError(path, `${problem}. Save it again as that.`, 24);
}
