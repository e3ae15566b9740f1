/** A few small whole files of each format that the program reads. */

import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { encodeNpy } from "../../src/data/npy.ts";
import { encodeSafetensors } from "../../src/data/safetensors.ts";
import { checkpointPath, saveCheckpoint } from "../../src/runs/checkpoint.ts";
import { presets } from "../../src/runs/presets.ts";
import { type Picture, writePng } from "./png-writer.ts";

/** An IDX file of unsigned bytes. */
export function idxFile(dimensions: readonly number[], values: Uint8Array): Buffer {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.set([0, 0, 8, dimensions.length]);
  for (const [i, size] of dimensions.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([head, values]);
}

const counting = (length: number, below = 256) => Uint8Array.from({ length }, (_, i) => (i * 37) % below);

export const smallPictures: readonly Picture[] = [
  { width: 5, height: 4, depth: 8, colour: 0, samples: counting(20), filter: (row) => row % 5 },
  { width: 9, height: 3, depth: 2, colour: 3, isInterlaced: true, samples: counting(27, 4), palette: counting(12) },
  { width: 2, height: 3, depth: 16, colour: 2, samples: counting(18), transparency: counting(6) },
  { width: 4, height: 2, depth: 8, colour: 6, samples: counting(32), filter: () => 4 },
];

export const smallIdx = [
  idxFile([3, 4, 5], counting(60)),
  idxFile([7], counting(7)),
  idxFile([2, 1, 2, 3], counting(12)),
];

export const smallNpy = [
  encodeNpy([2, 3, 2], counting(12)),
  encodeNpy([4], Float32Array.of(0, 0.5, 1, Number.NaN)),
  encodeNpy([1, 2], Float64Array.of(-1, 1e300)),
];

const tensors = new Map([
  ["generator/dense1/weight", { shape: [2, 3], values: Float32Array.of(1, -2, 3, 0.5, 0, 7) }],
  ["generator/dense1/bias", { shape: [3], values: Float32Array.of(0, 1, 2) }],
  ["discriminator/counts", { shape: [], values: Float32Array.of(9) }],
  ["empty", { shape: [0, 4], values: new Float32Array() }],
]);

export const smallSafetensors = [
  Buffer.concat(encodeSafetensors({ format: "test", step: "3" }, tensors)),
  Buffer.concat(encodeSafetensors({}, new Map())),
];

/** A `config.json`. */
export const smallConfig = Buffer.from(
  `${JSON.stringify({ coordescent: "0.1.0", data: { name: "strokes", fingerprint: "0" }, config: presets.default.config })}\n`,
);

/** A file for `--config`. */
export const smallSettings = Buffer.from('{"steps": 10, "descent": {"learningRate": 1e-3, "blocks": [["a"], ["b"]]}}');

/** The file of a checkpoint, written to where it belongs in the run at `root`; the path of it. */
export async function writeSmallCheckpoint(root: string): Promise<{ path: string; bytes: Buffer }> {
  const path = checkpointPath(`${root}/checkpoints`, 3);
  mkdirSync(dirname(path), { recursive: true });
  const state = { best: { step: 2, distance: 1.5 } };
  await saveCheckpoint(dirname(path), { step: 3, snapshot: tensors, state, records: 1 }, { keep: 2 });
  return { path, bytes: readFileSync(path) };
}

/** Small files of numbers by what they are. */
export const smallFiles: Readonly<Record<string, readonly Uint8Array[]>> = {
  idx: smallIdx,
  "idx.gz": smallIdx.map((file) => gzipSync(file)),
  npy: smallNpy,
  png: smallPictures.map((picture) => writePng(picture)),
  safetensors: smallSafetensors,
};
