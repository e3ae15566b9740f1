import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError, StorageError } from "../errors.ts";
import { readRegular } from "./reading.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coordescent-reading-"));
  path = join(folder, "a");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("gives the bytes of a file, also of one longer than its beginning, an empty one, and through a link", () => {
  for (const length of [0, 1, 16_384, 50_001]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
    writeFileSync(path, bytes);
    expect(Buffer.compare(readRegular(path), bytes)).toBe(0);
  }
  symlinkSync(path, join(folder, "link"));
  expect(readRegular(join(folder, "link"))).toHaveLength(50_001);
});

test("shows the beginning and the size before it reads the rest: 2 GB that lie are refused at once", () => {
  writeFileSync(path, "lie");
  truncateSync(path, 2 ** 31 - 1);
  const before = process.memoryUsage().rss;
  const check = (start: Uint8Array, sizeBytes: number) => {
    expect([start.length, sizeBytes]).toEqual([16_384, 2 ** 31 - 1]);
    throw new InputError(path, "expected the truth.");
  };
  expect(() => readRegular(path, undefined, check)).toThrow(/expected the truth/);
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
});

test("refuses more bytes than it may read", () => {
  writeFileSync(path, "12345");
  expect(readRegular(path, 5)).toHaveLength(5);
  expect(() => readRegular(path, 4)).toThrow(/expected a file of at most 4 bytes, got 5 bytes/);
});

test("refuses what is no file, without waiting for it", async () => {
  expect(() => readRegular(folder)).toThrow(/got a folder/);
  expect(() => readRegular("/dev/zero")).toThrow(/got a device/);
  execFileSync("mkfifo", [path]);
  expect(() => readRegular(path)).toThrow(InputError);
  expect(() => readRegular(path)).toThrow(/got a pipe/);
  const server = createServer();
  await new Promise<void>((done) => server.listen(join(folder, "socket"), done));
  expect(() => readRegular(join(folder, "socket"))).toThrow(/got a socket/);
  await new Promise((done) => server.close(done));
});

test("says what cannot be read, and by which name", () => {
  expect(() => readRegular(path)).toThrow(StorageError);
  expect(() => readRegular(path)).toThrow(/a: expected a readable file, got ENOENT/);
});
