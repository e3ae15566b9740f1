import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writePng } from "../../test/support/png-writer.ts";
import { InputError } from "../errors.ts";
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

test("reads colours as one plane after the other", () => {
  const data = Uint8Array.from({ length: 18 }, (_, i) => i);
  place("a.png", png({ data, channels: 3 }));
  const planes = [0, 1, 2].flatMap((c) => [0, 3, 6, 9, 12, 15].map((i) => Math.fround((i + c) / 255)));
  expect([...readPngFolder(folder, [3, 2, 3])]).toEqual(planes);
});

test("reads grey that was saved as RGB", () => {
  const data = Uint8Array.from({ length: 18 }, (_, i) => 10 * Math.floor(i / 3));
  place("a.png", png({ data, channels: 3 }));
  expect([...readPngFolder(folder, [1, 2, 3])]).toEqual([0, 10, 20, 30, 40, 50].map((x) => Math.fround(x / 255)));
});

test("follows no links, wherever they lead, and opens nothing but files", () => {
  place("b.png", png());
  symlinkSync(join(folder, "b.png"), join(folder, "a.png"));
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(
    /a\.png: expected a file, got a symbolic link\. Put the image/,
  );
  rmSync(join(folder, "a.png"));
  execFileSync("mkfifo", [join(folder, "a.png")]);
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(/a\.png: expected a file, got a pipe/);
});

test("refuses images of another size before they are unpacked, and of another kind", () => {
  expect(refusal(png({ width: 2, height: 3 }))).toMatch(/got 2x3/);
  const coloured = Uint8Array.from({ length: 18 }, (_, i) => (i === 13 ? 1 : 0));
  expect(refusal(png({ data: coloured, channels: 3 }))).toMatchInlineSnapshot(
    `"expected greyscale, or RGB with equal parts, got a colour in column 1, row 1. Make it grey."`,
  );
  expect(refusal(png({ data: new Uint8Array(12), channels: 2 }))).toMatch(/got 8 bits of greyscale with transparency/);
  expect(refusal(png({ data: new Uint8Array(24), channels: 4 }))).toMatch(/got 8 bits of RGB with transparency/);
  const samples = [0, 1, 0, 1, 0, 1];
  const palette = writePng({ ...grey, colour: 3, palette: new Uint8Array(6), samples });
  expect(refusal(palette)).toMatch(/got 8 bits of a palette/);
  expect(refusal(writePng({ ...grey, colour: 0, depth: 4, samples }))).toMatch(/got 4 bits of greyscale/);
  const transparent = writePng({ ...grey, colour: 0, samples, transparency: Uint8Array.of(0, 1) });
  expect(refusal(transparent)).toBe("expected no transparency, got some. Save it again without.");
});

test("refuses what is not an image, a folder by the name of one, and one that is far too large", () => {
  expect(refusal(Buffer.from("GIF89a"))).toMatchInlineSnapshot(
    `"at byte 0: expected a PNG image. Remove it, or save it as PNG."`,
  );
  place("a.png", png());
  truncateSync(join(folder, "a.png"), 2 ** 28 + 1);
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(/expected a file of at most 268435456 bytes, got 268435457/);
  rmSync(join(folder, "a.png"));
  mkdirSync(join(folder, "a.png"));
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(/expected a file, got a folder/);
});

test("refuses a folder without images", () => {
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(/expected 1 to 89478485 PNG files, got 0. Is this the right/);
  mkdirSync(join(folder, "cats"));
  expect(() => readPngFolder(folder, [1, 2, 3])).toThrow(/got 0 and 1 folders, which are not looked into/);
});
