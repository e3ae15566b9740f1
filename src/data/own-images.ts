/** Images of the user: a folder of PNG images, an IDX file, packed or not, or an NPY array. */

import { statSync } from "node:fs";
import { basename } from "node:path";
import { InputError } from "../errors.ts";
import { permutation, stream } from "../random.ts";
import { gunzip, gunzipStart } from "./gzip.ts";
import { checkIdxStart, parseIdx, readIdxHeader } from "./idx.ts";
import { type Images, type Split, sliceImages } from "./images.ts";
import { checkNpyStart, decodeNpy, type NpyArray } from "./npy.ts";
import { listPngs, readPng } from "./png-folder.ts";
import { greyLevels } from "./png-grey.ts";
import { kindOf, maxFileBytes, reading, readRegular, readStart } from "./reading.ts";
import { resize } from "./resize.ts";

const side = 28;
const area = side * side;

/** Fewer images than this cannot be parted into three. */
const fewestImages = 100;
/** Images whose pixels take 2 GiB. */
const mostImages = Math.floor(2 ** 31 / area);
/** Pixels along a side of an image in an array. */
const maxSide = 1024;

/**
 * Reads images of any size as [n, 28, 28] of 0 black to 255 white, without classes, in a random order that depends on their number alone: what they come from
 * is sorted, and any part of the result is a fair one of the whole.
 *
 * A folder gives its PNG images, in the order of their names; an IDX file (unsigned bytes, packed by gzip or not) and an NPY array (unsigned bytes, or floats from
 * 0 to 1) the images [n, height, width], [n, 1, height, width] or [n, 784] in them. Colours become grey as `greyLevels` says, sizes 28 x 28 as `resize` says.
 *
 * Throws an `InputError` for what is none of these, for damaged files and links in a folder, and for fewer than 100 images; a `StorageError` where files
 * cannot be read.
 */
export function readOwnImages(path: string): Images {
  const { count, image } = open(path);
  if (count < fewestImages || count > mostImages) {
    const problem = `expected ${fewestImages} to ${mostImages} images, of which a tenth each is kept for validation and testing`;
    throw new InputError(path, `${problem}, got ${count}.`);
  }
  const pixels = new Uint8Array(count * area);
  const places = permutation(stream(0, "data/own images"), 0, count);
  for (let i = 0; i < count; i++) pixels.set(image(i), places[i]! * area);
  return { name: basename(path), count, height: side, width: side, pixels };
}

/**
 * The most bytes that `readOwnImages` has of files and images at a time, beside those of one picture: what a file has, what it unpacks to, and the result. Looks
 * at the beginning of a file, and throws what `readOwnImages` throws of it.
 */
export function ownImagesBytes(path: string): number {
  requireOwnImages(path);
  if (isFolder(path)) return area * listPngs(path, mostImages).length;
  const { start, sizeBytes } = readStart(path);
  const { shape, unpackedBytes } = declaredBy(start, sizeBytes, path);
  const [count] = sizesOf(shape, path);
  return sizeBytes + unpackedBytes + area * count;
}

/** The part of such images that is for something: of n, floor(n / 10) each for validation and for testing, the rest to train on. */
export function splitOf(images: Images, split: Split): Images {
  const { count } = images;
  const heldOut = Math.floor(count / 10);
  if (split === "train") return sliceImages(images, 0, count - 2 * heldOut);
  return split === "validation"
    ? sliceImages(images, count - 2 * heldOut, count - heldOut)
    : sliceImages(images, count - heldOut, count);
}

/** Throws an `InputError` where there is neither a file nor a folder, and a `StorageError` where one cannot say. */
export function requireOwnImages(path: string): void {
  const found = reading(path, () => statSync(path, { throwIfNoEntry: false }));
  if (found?.isDirectory() || found?.isFile()) return;
  throw wrongKind(path, found ? kindOf(found) : "nothing there");
}

function wrongKind(path: string, got: string): InputError {
  const expected = "expected images to train on: a folder of PNG images, an IDX file (or .gz of one) or an NPY array";
  return new InputError(path, `${expected}, got ${got}.`);
}

/** Images one by one, as [28, 28] of 0 to 255. */
interface Source {
  readonly count: number;
  readonly image: (i: number) => Uint8Array;
}

function open(path: string): Source {
  requireOwnImages(path);
  if (isFolder(path)) {
    const paths = listPngs(path, mostImages);
    return { count: paths.length, image: (i) => pictureAt(paths[i]!) };
  }
  return imagesIn(readArray(path), path);
}

const isFolder = (path: string) => reading(path, () => statSync(path)).isDirectory();

/** What the beginning of a file says of the array in it, and how long it becomes if it is packed. */
function declaredBy(start: Uint8Array, sizeBytes: number, path: string) {
  const kind = formatOf(start, path);
  if (kind === "npy") return { shape: checkNpyStart(start, sizeBytes, path), unpackedBytes: 0 };
  if (kind === "idx") return { shape: checkIdxStart(start, sizeBytes, path), unpackedBytes: 0 };
  const unpacked = readIdxHeader(gunzipStart(start, path), path);
  return { shape: unpacked.dimensions, unpackedBytes: unpacked.sizeBytes };
}

/** The array in an NPY file or an IDX file, packed or not. Throws an `InputError` or a `StorageError`. */
export function readArray(path: string): Pick<NpyArray, "shape" | "values"> {
  let unpackedBytes = 0;
  const bytes = readRegular(path, maxFileBytes, (start, sizeBytes) => {
    unpackedBytes = declaredBy(start, sizeBytes, path).unpackedBytes;
  });
  const kind = formatOf(bytes, path);
  if (kind === "npy") return decodeNpy(bytes, path);
  const unpacked = kind === "idx" ? bytes : gunzip(bytes, path, unpackedBytes);
  const { dimensions, values } = parseIdx(unpacked, path);
  return { shape: dimensions, values };
}

/** The format of a file by its first bytes. */
function formatOf(start: Uint8Array, path: string): "gzip" | "idx" | "npy" {
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  if (start[0] === 0 && start[1] === 0) return "idx";
  if (start[0] === 0x93 && start[1] === 0x4e) return "npy";
  const isPng = start[0] === 0x89 && start[1] === 0x50;
  const found = Buffer.from(start.subarray(0, 4)).toString("hex");
  throw wrongKind(path, isPng ? "one PNG image: name the folder that it lies in" : `a file that starts with ${found}`);
}

function imagesIn({ shape, values }: Pick<NpyArray, "shape" | "values">, path: string): Source {
  const [count = 0, height, width] = sizesOf(shape, path);
  const most = values instanceof Uint8Array ? 255 : 1;
  const wrong = most === 1 ? values.findIndex((x) => !(x >= 0 && x <= 1)) : -1;
  if (wrong >= 0) {
    const got = `${values[wrong]} in image ${Math.floor(wrong / (height * width))} (number ${wrong} of the array)`;
    const advice = "From -1 to 1? Map them by (x + 1) / 2. From 0 to 255? Save them as numpy.uint8.";
    throw new InputError(path, `expected numbers from 0 to 1, got ${got}. ${advice}`);
  }
  const image = (i: number) => values.subarray(i * height * width, (i + 1) * height * width);
  const isReady = most === 255 && height === side && width === side;
  return {
    count,
    image: isReady
      ? (i) => image(i) as Uint8Array
      : (i) =>
          fitted(
            Float32Array.from(image(i), (x) => x / most),
            [height, width],
          ),
  };
}

/** Number, height and width of the images in an array. */
function sizesOf(shape: readonly number[], path: string): readonly [number, number, number] {
  const [count, ...sizes] = shape.length === 4 && shape[1] === 1 ? [shape[0], ...shape.slice(2)] : shape;
  const [height, width] = sizes.length === 1 && sizes[0] === area ? [side, side] : sizes;
  if (sizes.length <= 2 && isSide(height) && isSide(width)) return [count!, height, width];
  const wanted = `[n, height, width], [n, 1, height, width] or [n, ${area}] with sides of 1 to ${maxSide}`;
  throw new InputError(path, `expected images ${wanted}, got [${shape.join(", ")}]. Reshape the array.`);
}

const isSide = (size: number | undefined): size is number => size !== undefined && size >= 1 && size <= maxSide;

function pictureAt(path: string): Uint8Array {
  const picture = readPng(path);
  return fitted(greyLevels(picture), [picture.header.height, picture.header.width]);
}

/** Grey levels in [0, 1] as 28 x 28 bytes. */
function fitted(levels: Float32Array, sizes: readonly [number, number]): Uint8Array {
  const values = resize(levels, sizes, [side, side]);
  return Uint8Array.from(values, (value) => Math.round(255 * value));
}
