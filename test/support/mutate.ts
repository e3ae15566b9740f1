/** Files as they would be after an accident, or made by somebody who wants a reader to fall. */

import { type Stream, word } from "../../src/random.ts";

/** Numbers at the borders of what bytes and words can hold. */
const borders = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/**
 * One of some files with one to four changes: bits turned, bytes set, parts cut off, taken out, doubled, or put in from another file, and numbers of the borders
 * written as fields of a length. A pure function of the stream and `step`.
 */
export function mutate(files: readonly Uint8Array[], noise: Stream, step: number): Buffer {
  let drawn = 0;
  const draw = (below: number) => (below > 0 ? word(noise, step, drawn++) % below : 0);
  const fileAt = (i: number) => Buffer.from(files[i]!);
  let bytes = fileAt(draw(files.length));
  const range = (length: number) => {
    const start = draw(length);
    return [start, start + draw(Math.min(64, length - start) + 1)] as const;
  };
  const changes: readonly (() => void)[] = [
    () => {
      if (bytes.length > 0) bytes[draw(bytes.length)]! ^= 1 << draw(8);
    },
    () => {
      if (bytes.length > 0) bytes[draw(bytes.length)] = draw(256);
    },
    () => {
      bytes = bytes.subarray(0, draw(bytes.length + 1));
    },
    () => {
      const [start, end] = range(bytes.length);
      bytes = Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
    },
    () => {
      const [start, end] = range(bytes.length);
      bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
    },
    () => {
      const other = fileAt(draw(files.length));
      const [start, end] = range(other.length);
      const at = draw(bytes.length + 1);
      const after = draw(2) === 0 ? at : at + end - start;
      bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(after)]);
    },
    () => {
      const field = Buffer.alloc(8);
      const value = BigInt.asUintN(64, borders[draw(borders.length)]! + BigInt(draw(3)) - 1n);
      if (draw(2) === 0) field.writeBigUInt64LE(value);
      else field.writeBigUInt64BE(value);
      const size = [1, 2, 4, 8][draw(4)]!;
      const at = draw(bytes.length);
      field.copy(bytes, at, draw(2) === 0 ? 8 - size : 0, 8);
    },
    () => {
      bytes = Buffer.concat([bytes, Buffer.alloc(1 + draw(32), draw(256))]);
    },
  ];
  for (let count = 1 + draw(1 + draw(4)); count > 0; count--) changes[draw(changes.length)]!();
  return bytes;
}
