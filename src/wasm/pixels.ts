import {
  addFour,
  type Bytes,
  fourOf,
  get,
  i32,
  integer,
  loop,
  moduleOf,
  set,
  simd,
  storeAt,
  tee,
  unsigned,
  v128,
} from "./binary.ts";

/** Pixels that one run scales at most. */
export const mostPixels = 8192;
/** Where their values are put (float32), in bytes of its memory; the pixels are at 0. */
export const valuesAt = mostPixels;
/** Bytes of memory that a run needs. */
export const pixelBytes = valuesAt + 4 * mostPixels;

/** 1/255 in two parts. A byte times the first is exact, and the sum of its products with both is byte / 255 to the bit; a division takes several times as long. */
const [coarse, fine] = [257 / 65536, 1 / 255 - 257 / 65536];

/** A module that scales: `run(count)` makes so many float32 of bytes, rounded up to a multiple of 16, each byte / 255 to the bit. */
export function pixelModule(): Uint8Array {
  const [count, at, end, x] = [0, 1, 2, 3] as const;
  const times = (factor: number): Bytes => [fourOf(factor), simd(0xe6)];
  const pixels = (from: number): Bytes => [get(at), integer(2), 0x76, simd(0x5c), 2, ...unsigned(from)];
  const converted: Bytes = [simd(0x89), simd(0xa9), simd(0xfa)];
  const four = (i: number): Bytes => [
    get(at),
    pixels(4 * i),
    [converted, tee(x), times(coarse)],
    [get(x), times(fine)],
    addFour,
    storeAt(valuesAt + 16 * i),
  ];
  const code: Bytes = [get(count), integer(2), 0x74, set(end), loop(at, 64, end, [0, 1, 2, 3].map(four))];
  return moduleOf([i32], [i32, i32, v128], code);
}
