/**
 * Gives every reader changed files, and large ones: `node --expose-gc build/tools/fuzz.js FILES [FORMAT]`, FILES changed ones of each format, each format in a process of its
 * own. Prints a line of JSON for each: how many were accepted and how many refused with a typed error, the processor time of the slowest, and by how much reading took more
 * memory than a file and what was in it have. Ends with 1 at the first reader that throws anything else.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { parseJson } from "../src/data/json.ts";
import { encodeNpy } from "../src/data/npy.ts";
import { readArray } from "../src/data/own-images.ts";
import { readPng } from "../src/data/png-folder.ts";
import { greyLevels } from "../src/data/png-grey.ts";
import { readRegular } from "../src/data/reading.ts";
import { decodeSafetensors, encodeSafetensors } from "../src/data/safetensors.ts";
import { InputError } from "../src/errors.ts";
import { word } from "../src/random.ts";
import { checkpointPath, loadCheckpoint, saveCheckpoint } from "../src/runs/checkpoint.ts";
import { configure, settingsOf } from "../src/runs/config.ts";
import { presets } from "../src/runs/presets.ts";
import { maxConfigBytes, openRun } from "../src/runs/run-directory.ts";
import { mutate } from "../test/support/mutate.ts";
import { chunk, header, rowsOf, signature, writePng } from "../test/support/png-writer.ts";
import {
  idxFile,
  smallConfig,
  smallFiles,
  smallIdx,
  smallPictures,
  smallSettings,
  writeSmallCheckpoint,
} from "../test/support/small-files.ts";
import { type Format, inProcess, noise, readAll } from "./fuzz-reading.ts";

/** What unpacks to 32 MB although it says that it holds a few bytes. */
const swelling = new Uint8Array(2 ** 25);
const ofArray = (path: string) => readArray(path).values.byteLength;

/** Every format by its name; `folder` is for what has to be written to be made. */
const formatsIn = async (folder: string): Promise<Readonly<Record<string, Format>>> => ({
  idx: { files: smallFiles.idx!, path: "a.idx", isView: true, large: async () => [largeIdx()], read: ofArray },
  "idx.gz": {
    files: [...smallFiles["idx.gz"]!, gzipSync(Buffer.concat([smallIdx[0]!, swelling]))],
    path: "a.gz",
    isView: false,
    large: async () => [gzipSync(largeIdx(), { level: 0 })],
    repair: (_, step) => gzipSync(mutate(smallIdx, noise, step)),
    read: ofArray,
  },
  npy: {
    files: smallFiles.npy!,
    path: "a.npy",
    isView: true,
    large: async () => [encodeNpy([side, side], numbers()), misalignedNpy()],
    read: ofArray,
  },
  png: {
    files: [...smallFiles.png!, writePng(smallPictures[0]!, deflateSync(swelling))],
    path: "a.png",
    isView: false,
    large: async () => [largePng(8), largePng(16), floodedPng()],
    repair: (bytes, step) => (step % 4 < 2 ? withSums(bytes) : withOtherPixels(step)),
    read(path) {
      const picture = readPng(path);
      if (picture.samples.length < side) greyLevels(picture); // of a large one they are made when its file is gone
      return picture.samples.byteLength;
    },
  },
  safetensors: {
    files: smallFiles.safetensors!,
    path: "a.safetensors",
    isView: true,
    large: async () => [0, 1, 2].map(largeSafetensors),
    repair: withLength,
    read: (path) => bytesOf(decodeSafetensors(readRegular(path), path).tensors),
  },
  checkpoint: {
    files: [(await writeSmallCheckpoint(folder)).bytes, ...smallFiles.safetensors!],
    path: basename(checkpointPath(".", 3)),
    isView: true,
    large: async (folder) => [await largeCheckpoint(folder)],
    repair: withLength,
    read: async (path) => bytesOf((await loadCheckpoint(path)).snapshot),
  },
  "config.json": {
    files: [smallConfig],
    path: "run/config.json",
    isView: false,
    large: async () => [padded(smallConfig)],
    read: async (path) => {
      await openRun(dirname(path));
      return 0;
    },
  },
  settings: {
    files: [smallSettings, smallConfig],
    path: "settings.json",
    isView: false,
    large: async () => [padded(smallSettings)],
    read: (path) => {
      const refuse = (problem: string, at: number) => new InputError(path, problem, at);
      configure(presets.default.config, settingsOf(parseJson(readRegular(path, maxConfigBytes), refuse)));
      return 0;
    },
  },
});

const bytesOf = (tensors: ReadonlyMap<string, { values: Float32Array }>) =>
  [...tensors.values()].reduce((sum, { values }) => sum + values.byteLength, 0);

/** Checksums of the chunks, as far as these can be found. */
function withSums(bytes: Buffer): Buffer {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end - 4)), end - 4);
    at = end;
  }
  return bytes;
}

/** A right file around changed rows. */
function withOtherPixels(step: number): Buffer {
  const picture = smallPictures[word(noise, step, 99) % smallPictures.length]!;
  return writePng(picture, deflateSync(mutate([rowsOf(picture)], noise, step)));
}

/** The length of the header, where its end can be found. */
function withLength(bytes: Buffer): Buffer {
  const end = bytes.lastIndexOf("}}");
  if (end > 8) bytes.writeBigUInt64LE(BigInt(end + 2 - 8));
  return bytes;
}

/** Numbers along a side of what is large: 64 MiB of float32. */
const side = 4096;

const counting = (length: number) =>
  Buffer.alloc(
    length,
    Uint8Array.from({ length: 251 }, (_, i) => i),
  );
const numbers = () => new Float32Array(side * side).fill(0.5);
const largeIdx = () => idxFile([side, side, 4], counting(4 * side * side));

/** The same numbers behind a header that puts them at an odd place. */
function misalignedNpy(): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${side}, ${side}), }`;
  const begin = Buffer.from("\x93NUMPY\x01\x00\0\0", "latin1");
  begin.writeUInt16LE(text.length + 1 - (text.length % 2), 8);
  const odd = Buffer.from(text.padEnd(begin.readUInt16LE(8)));
  return Buffer.concat([begin, odd, Buffer.from(numbers().buffer)]);
}

/** A picture that is not packed, in chunks of 8 KiB: RGBA of 8 bits or grey and opacity of 16. */
function largePng(depth: 8 | 16): Buffer {
  const picture = { width: side, height: side, depth, colour: depth === 8 ? 6 : 4 };
  const rows = counting(side * (1 + 4 * side));
  for (let y = 0; y < side; y++) rows[y * (1 + 4 * side)] = 0;
  const packed = deflateSync(rows, { level: 0 });
  const chunks: Buffer[] = [];
  for (let at = 0; at < packed.length; at += 8192) chunks.push(chunk("IDAT", packed.subarray(at, at + 8192)));
  return Buffer.concat([signature, header(picture), ...chunks, chunk("IEND")]);
}

/** A picture of a pixel with a million chunks of no pixels. */
function floodedPng(): Buffer {
  const [picture, empty] = [{ width: 1, height: 1, depth: 8, colour: 0 }, chunk("IDAT")];
  const flood = Buffer.alloc(1_000_000 * empty.length, empty);
  return Buffer.concat([signature, header(picture), flood, chunk("IDAT", deflateSync(Buffer.alloc(2))), chunk("IEND")]);
}

const largeTensors = () =>
  new Map(
    [4, 2, 2].map((parts, i) => [
      `t${i}`,
      { shape: [side, side / parts], values: numbers().subarray(0, (side * side) / parts) },
    ]),
  );

/** A file whose header has `more` spaces at its end, which puts the numbers elsewhere. */
function largeSafetensors(more: number): Buffer {
  const [length, json, ...payload] = encodeSafetensors({}, largeTensors());
  const size = Buffer.from(length!);
  size.writeBigUInt64LE(BigInt(json!.length + more));
  return Buffer.concat([size, json!, Buffer.alloc(more, " "), ...payload]);
}

/** A checkpoint with such tensors, read from where it was written. */
async function largeCheckpoint(folder: string): Promise<Buffer> {
  const path = checkpointPath(folder, 3);
  mkdirSync(dirname(path), { recursive: true });
  await saveCheckpoint(folder, { step: 3, snapshot: largeTensors(), state: {}, records: 1 }, { keep: 2 });
  return readFileSync(path);
}

/** JSON with spaces behind it, of the largest size that a configuration may have. */
const padded = (json: Buffer) => Buffer.concat([json, Buffer.alloc(maxConfigBytes - json.length, " ")]);

const [count = "10000", only, folder] = process.argv.slice(2);
if (only !== undefined && folder !== undefined) {
  const format = (await formatsIn(join(folder, "small")))[only]!;
  console.log(JSON.stringify(await readAll(only, format, folder, Number(count))));
} else {
  const made = mkdtempSync(join(tmpdir(), "coordescent-fuzz-"));
  for (const [name, format] of Object.entries(await formatsIn(made))) {
    if (only !== undefined && only !== name) continue;
    process.exitCode = await inProcess(name, format, count, fileURLToPath(import.meta.url));
    if (process.exitCode !== 0) break;
  }
  rmSync(made, { recursive: true });
}
