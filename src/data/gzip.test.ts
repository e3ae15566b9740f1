import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { gunzip } from "./gzip.ts";

const text = Buffer.from("the same words, the same words, the same words");
const packed = gzipSync(text);

test("unpacks what was packed, up to exactly the limit", () => {
  expect(Buffer.from(gunzip(packed, "a.gz", text.length))).toEqual(text);
});

test("refuses to unpack more than the limit", () => {
  expect(() => gunzip(packed, "a.gz", text.length - 1)).toThrowErrorMatchingInlineSnapshot(
    `[InputError: a.gz: expected at most 45 bytes when unpacked, got more. Fetch the file again.]`,
  );
  const bomb = gzipSync(new Uint8Array(10_000_000));
  expect(() => gunzip(bomb, "bomb.gz", 1000)).toThrow(InputError);
});

test("refuses every truncation", () => {
  for (let length = 0; length < packed.length; length++) {
    expect(() => gunzip(packed.subarray(0, length), "a.gz", 1000)).toThrow(InputError);
  }
  expect(() => gunzip(packed.subarray(0, 20), "a.gz", 1000)).toThrowErrorMatchingInlineSnapshot(
    `[InputError: a.gz: expected whole gzip data, got damaged data (unexpected end of file). Fetch the file again.]`,
  );
});

test("refuses a changed byte of the data and of the checksum", () => {
  for (const place of [12, packed.length - 6]) {
    const damaged = Uint8Array.from(packed).with(place, packed[place]! ^ 255);
    expect(() => gunzip(damaged, "a.gz", 1000)).toThrow(InputError);
  }
});

test("refuses what is not gzip data, and says how it starts", () => {
  expect(() => gunzip(Buffer.from("<html>"), "a.gz", 1000)).toThrowErrorMatchingInlineSnapshot(
    `[InputError: a.gz: at byte 0: expected gzip data, which starts with 1f8b, got 3c68. Fetch the file again.]`,
  );
});

test("refuses anything after the end", () => {
  const after = (...more: number[]) => gunzip(Uint8Array.of(...packed, ...more), "a.gz", 1000);
  expect(() => after(1, 2, 3)).toThrow(InputError);
  expect(() => after(0, 0, 0)).toThrowErrorMatchingInlineSnapshot(
    `[InputError: a.gz: at byte 39: expected the end of the file, got 3 more bytes. Remove the trailing data, or fetch the file again.]`,
  );
  expect(() => after(...packed)).toThrowErrorMatchingInlineSnapshot(
    `[InputError: a.gz: expected one gzip member of 46 bytes, got 92 bytes in several. Pack the file again as one member.]`,
  );
});
