/**
 * Gives every reader changed files: `node --expose-gc build/tools/fuzz.js FILES [FORMAT]`, FILES of each format. Prints a line of JSON for each: how many were accepted and
 * how many refused with a typed error, the processor time of the slowest, and by how much the process grew at most. Ends with 1 at the first reader that throws anything else.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { parseJson } from "../src/data/json.ts";
import { readArray } from "../src/data/own-images.ts";
import { readPng } from "../src/data/png-folder.ts";
import { greyLevels } from "../src/data/png-grey.ts";
import { decodeSafetensors } from "../src/data/safetensors.ts";
import { CheckpointError, ConfigError, InputError } from "../src/errors.ts";
import { stream, word } from "../src/random.ts";
import { loadCheckpoint } from "../src/runs/checkpoint.ts";
import { configure, settingsOf } from "../src/runs/config.ts";
import { presets } from "../src/runs/presets.ts";
import { openRun } from "../src/runs/run-directory.ts";
import { mutate } from "../test/support/mutate.ts";
import { rowsOf, writePng } from "../test/support/png-writer.ts";
import {
  smallConfig,
  smallFiles,
  smallIdx,
  smallPictures,
  smallSettings,
  writeSmallCheckpoint,
} from "../test/support/small-files.ts";

interface Format {
  readonly files: readonly Uint8Array[];
  readonly path: string;
  /** Makes checksums and lengths right again, so that what lies behind them is reached. */
  readonly repair?: (bytes: Buffer, step: number) => Uint8Array;
  /** Reads a file; the bytes of what was in it. */
  readonly read: (path: string) => number | Promise<number>;
}

const noise = stream(1, "fuzz");
const folder = mkdtempSync(join(tmpdir(), "coordescent-fuzz-"));
const checkpoint = await writeSmallCheckpoint(folder);
/** What unpacks to 32 MB although it says that it holds a few bytes. */
const swelling = new Uint8Array(2 ** 25);
const ofArray = (path: string) => readArray(path).values.byteLength;

const formats: Readonly<Record<string, Format>> = {
  idx: { files: smallFiles.idx!, path: "a.idx", read: ofArray },
  "idx.gz": {
    files: [...smallFiles["idx.gz"]!, gzipSync(Buffer.concat([smallIdx[0]!, swelling]))],
    path: "a.gz",
    repair: (_, step) => gzipSync(mutate(smallIdx, noise, step)),
    read: ofArray,
  },
  npy: { files: smallFiles.npy!, path: "a.npy", read: ofArray },
  png: {
    files: [...smallFiles.png!, writePng(smallPictures[0]!, deflateSync(swelling))],
    path: "a.png",
    repair: (bytes, step) => (step % 4 < 2 ? withSums(bytes) : withOtherPixels(step)),
    read: (path) => greyLevels(readPng(path)).byteLength,
  },
  safetensors: {
    files: smallFiles.safetensors!,
    path: "a.safetensors",
    repair: withLength,
    read: (path) => bytesOf(decodeSafetensors(readFileSync(path), path).tensors),
  },
  checkpoint: {
    files: [checkpoint.bytes, ...smallFiles.safetensors!],
    path: checkpoint.path,
    repair: withLength,
    read: async (path) => bytesOf((await loadCheckpoint(path)).snapshot),
  },
  "config.json": {
    files: [smallConfig],
    path: "run/config.json",
    read: async (path) => {
      await openRun(dirname(path));
      return 0;
    },
  },
  settings: {
    files: [smallSettings, smallConfig],
    path: "settings.json",
    read: (path) => {
      const refuse = (problem: string, at: number) => new InputError(path, problem, at);
      configure(presets.default.config, settingsOf(parseJson(readFileSync(path), refuse)));
      return 0;
    },
  },
};

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

const isTyped = (error: unknown) =>
  error instanceof InputError || error instanceof CheckpointError || error instanceof ConfigError;

/** The most memory that this process has had, in bytes. */
const peakBytes = () => 1024 * process.resourceUsage().maxRSS;

/** Files between two collections: what more of them leave, unpacked by gzip above all, is more memory than any of them needs. */
const filesPerCollection = 10;

/** Lets go of what files before have left: it is no memory that a file needs. */
async function collect(): Promise<void> {
  await new Promise(setImmediate);
  globalThis.gc?.();
}

async function run(name: string, { files, path, repair, read }: Format, count: number) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  const result = { format: name, files: count, accepted: 0, refused: 0, slowestMs: 0, payloadBytes: 0, growthBytes: 0 };
  let before = 0;
  for (let step = 0; step < count; step++) {
    const changed = mutate(files, noise, step);
    writeFileSync(file, repair && step % 2 === 0 ? repair(changed, step / 2) : changed);
    const start = process.cpuUsage();
    try {
      result.payloadBytes = Math.max(result.payloadBytes, await read(file));
      result.accepted++;
    } catch (error) {
      if (!isTyped(error)) throw new Error(`${name}, file ${step}: ${file}`, { cause: error });
      result.refused++;
    }
    const { user, system } = process.cpuUsage(start);
    result.slowestMs = Math.max(result.slowestMs, Math.round((user + system) / 1000));
    if (step % filesPerCollection === 0) await collect();
    if (step === Math.floor(count / 10)) before = peakBytes(); // what the compiler and the collector take at first is no reader's
  }
  return { ...result, growthBytes: peakBytes() - before };
}

const [count = "10000", only] = process.argv.slice(2);
for (const [name, format] of Object.entries(formats)) {
  if (only === undefined || only === name) console.log(JSON.stringify(await run(name, format, Number(count))));
}
rmSync(folder, { recursive: true });
