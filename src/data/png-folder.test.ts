import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { encode } from "fast-png";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { stream, word } from "../random.ts";
import { readPngFolder } from "./png-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coordescent-png-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Picture = Parameters<typeof encode>[0];

const grey = { width: 3, height: 2, data: Uint8Array.of(0, 51, 102, 153, 204, 255), channels: 1, depth: 8 } as const;
const png = (change: Partial<Picture> = {}) => Buffer.from(encode({ ...grey, ...change } as Picture));
const place = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);

/** The message of the `InputError` that reading one file throws, after its name. */
function refusal(bytes: Uint8Array): string {
  place("a.png", bytes);
  try {
    readPngFolder(folder, [1, 2, 3]);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message.replace(join(folder, "a.png: "), "");
  }
  throw new Error("the image was accepted");
}

function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The image above with other pixels in it, of whatever size, and one chunk before them. */
function forged(pixels: Uint8Array, before: Uint8Array = new Uint8Array()): Buffer {
  const end = chunk("IEND", Buffer.alloc(0));
  return Buffer.concat([png().subarray(0, 33), before, chunk("IDAT", deflateSync(pixels)), end]);
}

test("reads grey images of 8 and 16 bits in the order of their names, and passes over other files", () => {
  const wide = Uint16Array.of(0, 65_535, 1, 257, 2 ** 15, 7);
  place("b.PNG", png());
  place("c.png", png({ data: Uint8Array.of(9, 8, 7, 6, 5, 4) }));
  place("a.png", png({ data: wide, depth: 16 }));
  place(".notes", Buffer.from("text"));
  mkdirSync(join(folder, "more"));
  const expected = [
    ...[...wide].map((x) => x / 65_535),
    0,
    0.2,
    0.4,
    0.6,
    0.8,
    1,
    ...[9, 8, 7, 6, 5, 4].map((x) => x / 255),
  ];
  expect(readPngFolder(folder, [1, 2, 3])).toEqual(Float32Array.from(expected));
});

test("reads colours as one plane after the other, through a link", () => {
  const data = Uint8Array.from({ length: 18 }, (_, i) => i);
  const path = join(folder, "elsewhere");
  writeFileSync(path, png({ data, channels: 3 }));
  symlinkSync(path, join(folder, "a.png"));
  const planes = [0, 1, 2].flatMap((c) => [0, 3, 6, 9, 12, 15].map((i) => Math.fround((i + c) / 255)));
  expect([...readPngFolder(folder, [3, 2, 3])]).toEqual(planes);
});

test("passes over what a decoder would unpack besides the pixels", () => {
  const profile = Buffer.concat([Buffer.from("icc\0\0"), deflateSync(new Uint8Array(2 ** 20))]);
  place("a.png", forged(Uint8Array.of(0, 1, 2, 3, 0, 4, 5, 6), chunk("iCCP", profile)));
  const expected = [1, 2, 3, 4, 5, 6].map((x) => x / 255);
  expect(readPngFolder(folder, [1, 2, 3])).toEqual(Float32Array.from(expected));
});

test("refuses images of another size before they are unpacked, and of another kind", () => {
  const huge = png();
  huge.writeUInt32BE(2 ** 31 - 1, 16);
  expect(refusal(huge)).toMatchInlineSnapshot(
    `"at byte 16: expected an image of 3x2 pixels, got 2147483647x2. Scale or remove it."`,
  );
  expect(refusal(png({ width: 2, height: 3 }))).toMatch(/got 2x3/);
  expect(refusal(png({ data: new Uint8Array(18), channels: 3 }))).toMatchInlineSnapshot(
    `"at byte 24: expected 8 or 16 bits of greyscale, got 8 bits of RGB. Save it again as that."`,
  );
  expect(refusal(png({ data: new Uint8Array(12), channels: 2 }))).toMatch(/got 8 bits of greyscale with transparency/);
  expect(refusal(png({ data: new Uint8Array(24), channels: 4 }))).toMatch(/got 8 bits of RGB with transparency/);
  expect(refusal(png().fill(3, 25, 26))).toMatch(/got 8 bits of a palette/);
  expect(refusal(png().fill(4, 24, 25))).toMatch(/got 4 bits of greyscale/);
  expect(refusal(png().fill(1, 28, 29))).toMatch(/expected no interlacing/);
});

test("refuses what is not an image, a folder by the name of one, and one that is far too large", () => {
  expect(refusal(Buffer.from("GIF89a"))).toMatchInlineSnapshot(
    `"at byte 0: expected a PNG image. Remove it, or save it as PNG."`,
  );
  expect(refusal(Buffer.concat([png().subarray(0, 8), png().subarray(33)]))).toMatch(/expected IHDR first, got IDAT/);
  place("a.png", png());
  truncateSync(join(folder, "a.png"), 2 ** 28 + 1);
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(/expected a file of at most 268435456 bytes, got 268435457/);
  rmSync(join(folder, "a.png"));
  mkdirSync(join(folder, "a.png"));
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(/got something else/);
});

test("refuses more or fewer pixels than the size needs", () => {
  expect(refusal(forged(new Uint8Array(2 ** 20)))).toMatchInlineSnapshot(
    `"expected 8 bytes of pixels, got damaged data (Cannot create a Buffer larger than 8 bytes). Save it again."`,
  );
  expect(refusal(forged(new Uint8Array(9)))).toMatch(/expected 8 bytes of pixels, got damaged data/);
  expect(refusal(forged(new Uint8Array(7)))).toMatch(/expected 8 bytes of pixels, got 7/);
  expect(refusal(forged(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)))).toMatch(/got damaged data/); // an unknown filter
});

test("refuses every truncation", () => {
  const whole = png();
  for (let length = 0; length < whole.length; length++) refusal(whole.subarray(0, length));
  expect(refusal(whole.subarray(0, -1))).toMatchInlineSnapshot(
    `"at byte 61: expected a whole PNG image, got a truncated one. Save it again."`,
  );
});

test("gives an image or an InputError for 500 files with changed bytes", () => {
  const noise = stream(2, "mutations");
  for (let i = 0; i < 500; i++) {
    const changed = png();
    for (let k = 0; k <= i % 3; k++) changed[word(noise, i, 2 * k) % changed.length] = word(noise, i, 2 * k + 1) % 256;
    place("a.png", changed);
    try {
      expect(readPngFolder(folder, [1, 2, 3])).toHaveLength(6);
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
    }
  }
});

test("refuses a folder without images", () => {
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(/expected 1 to 89478485 PNG files, got 0. Is this the right/);
});
