import { statSync } from "node:fs";
import { InputError } from "../errors.ts";
import { checkNpyStart, decodeNpy, type NpyArray } from "./npy.ts";
import { type ImageShape, readPngFolder } from "./png-folder.ts";
import { kindOf, maxFileBytes, reading, readRegular } from "./reading.ts";

/**
 * Samples [n, ...shape] that any program made, from an NPY file or, where they are images, from a folder of PNG images. Samples of three sizes, [channels,
 * height, width], are images in [0, 1], of which unsigned bytes are divided by 255; others are any finite numbers. The file may leave out the sizes of a single
 * channel, or all but the product. Throws an `InputError` for no samples, samples of another shape and numbers out of range, a `StorageError` where files
 * cannot be read.
 */
export function readSamples(path: string, shape: readonly number[]): Float32Array {
  const isImage = shape.length === 3;
  const found = reading(path, () => statSync(path, { throwIfNoEntry: false }));
  if (found?.isDirectory() && isImage) return readPngFolder(path, shape as unknown as ImageShape);
  if (!found?.isFile() || found.size > maxFileBytes) {
    const expected = `expected an NPY file of at most ${maxFileBytes} bytes${isImage ? " or a folder of PNG images" : ""}`;
    const got = found === undefined ? "nothing there" : found.isFile() ? `${found.size} bytes` : kindOf(found);
    throw new InputError(path, `${expected}, got ${got}. Save the samples with numpy.save.`);
  }
  const check = (start: Uint8Array, sizeBytes: number) => checkNpyStart(start, sizeBytes, path);
  const array = decodeNpy(readRegular(path, maxFileBytes, check), path);
  checkShape(array.shape, shape, path);
  return toSamples(array, isImage, path);
}

function checkShape([count, ...found]: readonly number[], shape: readonly number[], path: string): void {
  const size = shape.reduce((product, n) => product * n, 1);
  const right = shape.length === 3 ? [shape, [size], ...(shape[0] === 1 ? [shape.slice(1)] : [])] : [shape];
  if (count !== undefined && count > 0 && right.some((sizes) => String(sizes) === String(found))) return;
  const shapes = right.map((sizes) => `[n, ${sizes.join(", ")}]`).join(" or ");
  const got = `[${[count, ...found].join(", ")}]`;
  throw new InputError(path, `expected an array ${shapes} of at least one sample, got ${got}. Reshape it.`);
}

function toSamples({ shape: [count], values }: NpyArray, isImage: boolean, path: string): Float32Array {
  const samples = values instanceof Float32Array ? values : new Float32Array(values);
  if (isImage && values instanceof Uint8Array) return samples.map((byte) => byte / 255);
  const at = samples.findIndex((x) => (isImage ? !(x >= 0 && x <= 1) : !Number.isFinite(x)));
  if (at < 0) return samples;
  const range = isImage ? "numbers from 0 to 1" : "finite numbers";
  const got = `${values[at]} in sample ${Math.floor((at / values.length) * count!)} (number ${at} of the array)`;
  const advice = isImage ? " From -1 to 1? Map them by (x + 1) / 2. From 0 to 255? Save them as numpy.uint8." : "";
  throw new InputError(path, `expected ${range}, got ${got}.${advice}`);
}
