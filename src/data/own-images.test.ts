import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writePng } from "../../test/support/png-writer.ts";
import { InputError } from "../errors.ts";
import { stream, word } from "../random.ts";
import { encodeNpy } from "./npy.ts";
import { ownImagesBytes, readOwnImages } from "./own-images.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coordescent-images-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const count = 120;
const noise = stream(1, "own images");
const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => word(noise, 0, i));

const idx = (dimensions: readonly number[], values: Uint8Array) => {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.set([0, 0, 8, dimensions.length]);
  for (const [i, size] of dimensions.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([head, values]);
};

function saved(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A folder of the images above in the order of their names, written in another. */
function pngFolder(): string {
  const path = join(folder, "pictures");
  mkdirSync(path);
  for (let i = count - 1; i >= 0; i--) {
    const samples = pixels.subarray(i * 784, (i + 1) * 784);
    const picture = { width: 28, height: 28, depth: 8, colour: 0, samples };
    writeFileSync(join(path, `${String(i).padStart(3, "0")}.png`), writePng(picture));
  }
  writeFileSync(join(path, "notes.txt"), "not an image");
  return path;
}

/** The message of the `InputError` that reading throws, with the folder of this test called FOLDER. */
function refusal(path: string): string {
  try {
    readOwnImages(path);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message.replaceAll(folder, "FOLDER");
  }
  throw new Error("the images were accepted");
}

const imagesOf = (all: Uint8Array) =>
  Array.from({ length: count }, (_, i) => String(all.subarray(784 * i, 784 * i + 784)));

test("gives every image once, bit for bit, and the same whatever file they are in", () => {
  const found = readOwnImages(saved("a.npy", encodeNpy([count, 28, 28], pixels)));
  expect(found).toMatchObject({ name: "a.npy", count, height: 28, width: 28 });
  expect(imagesOf(found.pixels).sort()).toEqual(imagesOf(pixels).sort());
  expect(imagesOf(found.pixels)).not.toEqual(imagesOf(pixels));
  const floats = Float64Array.from(pixels, (x) => x / 255);
  const paths = [
    saved("b.npy", encodeNpy([count, 784], pixels)),
    saved("c.npy", encodeNpy([count, 1, 28, 28], Float32Array.from(floats))),
    saved("d.npy", encodeNpy([count, 28, 28], floats)),
    saved("images-idx3-ubyte", idx([count, 28, 28], pixels)),
    saved("images-idx3-ubyte.gz", gzipSync(idx([count, 28, 28], pixels))),
    pngFolder(),
  ];
  for (const path of paths) expect(Buffer.compare(readOwnImages(path).pixels, found.pixels), path).toBe(0);
});

test("scales images of another size, each side on its own", () => {
  const large = new Uint8Array(count * 56 * 14).fill(100);
  large.fill(200, 0, 56 * 7); // the upper half of the first image
  const found = readOwnImages(saved("a.npy", encodeNpy([count, 56, 14], large)));
  const odd = Array.from({ length: count }, (_, i) => found.pixels.subarray(784 * i, 784 * i + 784)).filter(
    (image) => image[0] !== 100,
  );
  expect(odd).toHaveLength(1);
  expect([...odd[0]!]).toEqual([...Array(392).fill(200), ...Array(392).fill(100)]);
  expect(found.pixels.every((x) => x === 100 || x === 200)).toBe(true);
});

test("a picture in colour and of any size becomes 28 x 28 grey levels", () => {
  const path = pngFolder();
  const samples = Array.from({ length: 100 * 30 }, () => [10, 20, 30]).flat();
  writeFileSync(join(path, "999.png"), writePng({ width: 100, height: 30, depth: 8, colour: 2, samples }));
  const { count: found, pixels: all } = readOwnImages(path);
  expect(found).toBe(count + 1);
  const even = Array.from({ length: found }, (_, i) => all.subarray(784 * i, 784 * i + 784)).filter(
    (image) => image.every((x) => x === 18), // 2.99 + 11.74 + 3.42
  );
  expect(even).toHaveLength(1);
});

test("what reading takes is known from the beginning of a file: its bytes, those unpacked, and 28 x 28 of every image", () => {
  const file = idx([count, 28, 28], pixels);
  expect(ownImagesBytes(saved("a.idx", file))).toBe(file.length + pixels.length);
  const packed = gzipSync(file);
  expect(ownImagesBytes(saved("a.gz", packed))).toBe(packed.length + file.length + pixels.length);
  const floats = encodeNpy([1000, 2, 3], new Float32Array(6000));
  expect(ownImagesBytes(saved("a.npy", floats))).toBe(floats.length + 1000 * 784);
  expect(ownImagesBytes(pngFolder())).toBe(count * 784);
  expect(() => ownImagesBytes(saved("b.npy", floats.subarray(0, -1)))).toThrow(InputError);
});

describe("refuses", () => {
  test.each([
    [
      "too few images",
      "a.npy",
      encodeNpy([99, 784], new Uint8Array(99 * 784)),
      /expected 100 to 2739137 images, of which a tenth each .*, got 99\./,
    ],
    ["no image", "a.npy", encodeNpy([0, 784], new Uint8Array()), /, got 0\./],
    [
      "numbers out of range",
      "a.npy",
      encodeNpy(
        [2, 784],
        Float32Array.from({ length: 1568 }, (_, i) => (i === 800 ? -1 : 0)),
      ),
      /expected numbers from 0 to 1, got -1 in image 1 \(number 800 of the array\)\. From -1 to 1\?/,
    ],
    [
      "numbers that are none",
      "a.npy",
      encodeNpy([1, 784], new Float32Array(784).fill(Number.NaN)),
      /got NaN in image 0/,
    ],
    [
      "colours",
      "a.npy",
      encodeNpy([2, 3, 28, 28], new Uint8Array(2 * 3 * 784)),
      /expected images .*\[n, 784\] with sides of 1 to 1024, got \[2, 3, 28, 28\]/,
    ],
    ["lines of another length", "a.npy", encodeNpy([2, 100], new Uint8Array(200)), /got \[2, 100\]/],
    ["a single number", "a.npy", encodeNpy([], new Uint8Array(1)), /got \[\]/],
    ["images that are too wide", "a.idx", idx([1, 1, 1025], new Uint8Array(1025)), /got \[1, 1, 1025\]/],
    ["labels", "a.idx", idx([200], new Uint8Array(200)), /got \[200\]/],
    [
      "one picture",
      "a.png",
      writePng({ width: 1, height: 1, depth: 8, colour: 0, samples: [0] }),
      /got one PNG image: name the folder that it lies in/,
    ],
    [
      "another kind of file",
      "a.jpg",
      Buffer.from("ffd8ffe0", "hex"),
      /expected images to train on: .*, got a file that starts with ffd8ffe0/,
    ],
    ["an empty file", "a.npy", new Uint8Array(), /got a file that starts with \./],
    [
      "a packed file of something else",
      "a.gz",
      gzipSync("hello, world"),
      /expected the two zero bytes that open an IDX file, got 68 65/,
    ],
    [
      "a packed file that holds less than it says",
      "a.gz",
      gzipSync(idx([120, 28, 28], pixels.subarray(0, 784))),
      /expected 94096 bytes for dimensions \[120, 28, 28\], got 800/,
    ],
    [
      "a packed file that holds more",
      "a.gz",
      gzipSync(idx([1, 28, 28], pixels)),
      /expected at most 800 bytes when unpacked, got more/,
    ],
    [
      "a packed file that would swell",
      "a.gz",
      gzipSync(idx([100_000, 28, 28], new Uint8Array(78_400_000))),
      /expected at most \d+ bytes when unpacked, 200 times what it has/,
    ],
  ])("%s", (_, name, bytes, message) => {
    expect(refusal(saved(name, bytes))).toMatch(message);
  });

  test("what is not there, no file, or a folder with a link or a damaged image", () => {
    expect(refusal(join(folder, "nothing"))).toMatch(
      /FOLDER\/nothing: expected images to train on: .*, got nothing there/,
    );
    expect(refusal("/dev/zero")).toMatch(/got a device/);
    expect(refusal(folder)).toMatch(/FOLDER: expected 1 to 2739137 PNG files, got 0/);
    const path = pngFolder();
    symlinkSync(join(path, "000.png"), join(path, "link.png"));
    expect(refusal(path)).toMatch(/FOLDER\/pictures\/link.png: expected a file, got a symbolic link/);
    rmSync(join(path, "link.png"));
    writeFileSync(join(path, "050.png"), "");
    expect(refusal(path)).toMatch(/FOLDER\/pictures\/050.png: at byte 0: expected a PNG image/);
  });
});
