import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { encodeNpy, type NpyArray } from "./npy.ts";
import { readSamples } from "./samples.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coordescent-samples-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function saved(shape: readonly number[], values: NpyArray["values"]): string {
  const path = join(folder, "a.npy");
  writeFileSync(path, encodeNpy(shape, values));
  return path;
}

/** The message of the `InputError` that reading throws, with the folder of this test called FOLDER. */
function refusal(path: string, shape: readonly number[]): string {
  try {
    readSamples(path, shape);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message.replaceAll(folder, "FOLDER");
  }
  throw new Error("the samples were accepted");
}

test.each([[[2, 1, 2, 2]], [[2, 2, 2]], [[2, 4]]])("takes images of one channel saved as %j", (shape) => {
  const pixels = Uint8Array.of(0, 51, 102, 255, 1, 2, 3, 4);
  const expected = Float32Array.from(pixels, (pixel) => pixel / 255);
  expect(readSamples(saved(shape, pixels), [1, 2, 2])).toEqual(expected);
  expect(readSamples(saved(shape, expected), [1, 2, 2])).toEqual(expected);
  expect(readSamples(saved(shape, Float64Array.from(expected)), [1, 2, 2])).toEqual(expected);
});

test("takes colour images and points, points of any finite value", () => {
  const colours = Float32Array.from({ length: 24 }, (_, i) => i / 24);
  expect(readSamples(saved([2, 3, 2, 2], colours), [3, 2, 2])).toEqual(colours);
  const points = Float64Array.of(-4, 2.5, 1000, 0);
  expect(readSamples(saved([2, 2], points), [2])).toEqual(Float32Array.from(points));
});

test("takes a folder of PNG images as the same numbers", () => {
  const pixels = Uint8Array.of(0, 51, 102, 255);
  mkdirSync(join(folder, "png"));
  writeFileSync(join(folder, "png", "0.png"), encode({ width: 2, height: 2, data: pixels, channels: 1, depth: 8 }));
  const expected = readSamples(saved([1, 2, 2], pixels), [1, 2, 2]);
  expect(readSamples(join(folder, "png"), [1, 2, 2])).toEqual(expected);
});

test("refuses numbers out of range or not finite, and says which", () => {
  expect(refusal(saved([2, 2], Float32Array.of(0, 0.5, -0.5, 1)), [1, 1, 2])).toMatchInlineSnapshot(
    `"FOLDER/a.npy: expected numbers from 0 to 1, got -0.5 in sample 1 (number 2 of the array). From -1 to 1? Map them by (x + 1) / 2. From 0 to 255? Save them as numpy.uint8."`,
  );
  expect(refusal(saved([2, 2], Float64Array.of(0, Number.NaN, 0, 1)), [1, 1, 2])).toMatch(/got NaN in sample 0/);
  expect(refusal(saved([2, 2], Float32Array.of(0, 7, Infinity, 1)), [2])).toMatchInlineSnapshot(
    `"FOLDER/a.npy: expected finite numbers, got Infinity in sample 1 (number 2 of the array)."`,
  );
  expect(refusal(saved([2, 2], Float64Array.of(0, 7, 0, 1e300)), [2])).toMatch(/got 1e\+300 in sample 1/); // in float32
});

test("refuses samples of another shape, and none", () => {
  const eight = new Float32Array(8);
  expect(refusal(saved([2, 4, 1], eight), [1, 2, 2])).toMatchInlineSnapshot(
    `"FOLDER/a.npy: expected an array [n, 1, 2, 2] or [n, 4] or [n, 2, 2] of at least one sample, got [2, 4, 1]. Reshape it."`,
  );
  expect(refusal(saved([2, 2, 2], eight), [3, 2, 2])).toMatch(/array \[n, 3, 2, 2\] or \[n, 12\] of/);
  expect(refusal(saved([8], eight), [2])).toMatch(/array \[n, 2\] of/);
  expect(refusal(saved([], eight.subarray(0, 1)), [2])).toMatch(/got \[\]/);
  expect(refusal(saved([0, 2], new Float32Array()), [2])).toMatch(/at least one sample, got \[0, 2\]/);
});

test("refuses what is neither a file nor a folder of images", () => {
  expect(refusal(join(folder, "nothing"), [1, 2, 2])).toMatchInlineSnapshot(
    `"FOLDER/nothing: expected an NPY file of at most 2147483647 bytes or a folder of PNG images, got nothing there. Save the samples with numpy.save."`,
  );
  expect(refusal(folder, [2])).toMatch(/expected an NPY file of at most 2147483647 bytes, got a folder\./);
  expect(refusal(folder, [1, 2, 2])).toMatch(/expected 1 to \d+ PNG files, got 0/);
  expect(refusal("/dev/null", [2])).toMatch(/got a device/);
  writeFileSync(join(folder, "text"), "text");
  expect(refusal(join(folder, "text"), [2])).toMatch(/text: at byte 0: expected an NPY file/);
});
