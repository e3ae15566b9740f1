import { expect, test } from "vitest";
import { CheckpointError } from "../errors.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

const tensors = new Map([
  ["a/weight", { shape: [2, 2], values: Float32Array.of(1, -2, 3.5, Number.MIN_VALUE) }],
  ["scalar", { shape: [], values: Float32Array.of(0.1) }],
  ["empty", { shape: [0, 3], values: new Float32Array() }],
]);
const file = Uint8Array.from(encodeSafetensors({ step: "7" }, tensors).flatMap((part) => [...part]));

test("what was written is read again, also from the middle of a larger buffer", () => {
  const pool = Buffer.alloc(file.length + 64, 0xff);
  pool.set(file, 13);
  for (const bytes of [file, pool.subarray(13, 13 + file.length)]) {
    const read = decodeSafetensors(bytes, "x");
    expect(read.metadata).toEqual({ step: "7" });
    expect(read.tensors).toEqual(tensors);
  }
});

test("tensors are views of the file, moved within it where they lie at an odd place", () => {
  for (let odd = 0; odd < 4; odd++) {
    const bytes = new Uint8Array(file.length + odd).subarray(odd);
    bytes.set(file);
    const { tensors: read } = decodeSafetensors(bytes, "x");
    expect(read).toEqual(tensors);
    for (const { values } of read.values()) expect(values.buffer === bytes.buffer).toBe(true);
  }
});

test("the numbers start at a multiple of eight bytes, after a header of the format's form", () => {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  expect(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))).toEqual({
    __metadata__: { step: "7" },
    "a/weight": { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] },
    scalar: { dtype: "F32", shape: [], data_offsets: [16, 20] },
    empty: { dtype: "F32", shape: [0, 3], data_offsets: [20, 20] },
  });
});

test("every truncation and a byte too many are refused", () => {
  for (let length = 0; length < file.length; length++) {
    expect(() => decodeSafetensors(file.subarray(0, length), "x"), `${length} bytes`).toThrow(CheckpointError);
  }
  expect(() => decodeSafetensors(Uint8Array.from([...file, 0]), "x")).toThrow(CheckpointError);
});

test("headers that lie are refused", () => {
  const forged = (header: unknown, numbers = 8) => {
    const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + numbers);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  };
  const good = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  expect(decodeSafetensors(forged({ a: good }), "x").tensors.get("a")?.shape).toEqual([2]);
  const lies: unknown[] = [
    "[]",
    "{",
    { a: null },
    { a: { ...good, dtype: "F64" } },
    { a: { ...good, shape: [3] } },
    { a: { ...good, shape: [-2] } },
    { a: { ...good, shape: [2 ** 40, 2 ** 40] } },
    { a: { ...good, data_offsets: [4, 12] } },
    { a: good, b: good },
    { a: { ...good, data_offsets: undefined } },
    { a: good, __metadata__: null },
    { a: good, __metadata__: { step: 1 } },
    ' {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    { a: { ...good, shape: [2 ** 40, 2 ** 40, 0], data_offsets: [0, 0] }, b: good },
    { a: { ...good, shape: Array(9).fill(1).with(0, 2) } },
    { a: { ...good, data_offsets: [0, 8, 8] } },
    { a: { ...good, more: 1 } },
    { ["a".repeat(513)]: good },
    Object.fromEntries(
      Array.from({ length: 10_001 }, (_, i) => [`t${i}`, { ...good, shape: [0], data_offsets: [0, 0] }]),
    ),
  ];
  for (const lie of lies)
    expect(() => decodeSafetensors(forged(lie), "x"), JSON.stringify(lie)).toThrow(CheckpointError);
});

test("a tensor that stands twice in a header, of which JSON.parse would take the second, is refused", () => {
  const entry = '{"dtype":"F32","shape":[],"data_offsets":[0,4]}';
  const json = `{"a":${entry},"\\u0061":${entry}}`;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  expect(() => decodeSafetensors(Buffer.concat([length, Buffer.from(json), Buffer.alloc(4)]), "x")).toThrow(
    'x: at byte 61: expected a safetensors header in JSON: expected each key once, got "a" again: damaged.',
  );
});

test("a header longer than 10 MiB is refused by its length", () => {
  const bytes = Buffer.alloc(2 ** 24);
  bytes.writeBigUInt64LE(BigInt(10 * 2 ** 20 + 1));
  expect(() => decodeSafetensors(bytes, "x")).toThrow(
    /at most 10485760 bytes within the file's 16777216, got 10485761/,
  );
  bytes.writeBigUInt64LE(2n ** 64n - 1n);
  expect(() => decodeSafetensors(bytes, "x")).toThrow(CheckpointError);
});
