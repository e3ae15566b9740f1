import type { Reals } from "../random.ts";
import { type Instance, openInstance } from "../wasm/instance.ts";
import { mostPixels, pixelBytes, pixelModule, valuesAt } from "../wasm/pixels.ts";

/** Writes the values of image number `image` to `out` from `at` on; that of number `next` will probably be the next one. */
export type WriteImage = (image: number, out: Reals, at: number, next: number) => void;

/**
 * How to write images of `pixels` [n, area] as values in [0, 1]: the float32 next to pixel / 255. Where four pixels are a word, vectors of WebAssembly scale
 * them, else the numbers are looked up one by one; to the bit the same.
 */
export function imageWriter(pixels: Uint8Array, area: number): WriteImage {
  const areWords = area % 4 === 0 && pixels.byteOffset % 4 === 0 && area <= mostPixels;
  return (areWords && vectorWriter(pixels, area)) || plainWriter(pixels, area);
}

function plainWriter(pixels: Uint8Array, area: number): WriteImage {
  const valueOfPixel = Float32Array.from({ length: 256 }, (_, pixel) => pixel / 255);
  return (image, out, at) => {
    const start = image * area;
    for (let i = 0; i < area; i++) out[at + i] = valueOfPixel[pixels[start + i]!]!;
  };
}

/** Shared by all data sets of a thread. */
let scaler: Instance | "none" | undefined;

function vectorWriter(pixels: Uint8Array, area: number): WriteImage | undefined {
  scaler ??= openInstance(pixelModule(), pixelBytes) ?? "none";
  if (scaler === "none") return undefined;
  const { run, buffer } = scaler;
  const size = area / 4;
  const words = new Int32Array(pixels.buffer, pixels.byteOffset, Math.floor(pixels.length / 4));
  const scaled = new Int32Array(buffer, 0, size);
  const values = new Float32Array(buffer, valuesAt, area);
  return (image, out, at, next) => {
    fetchAhead(words, next * size, size);
    copy(words, image * size, scaled);
    run(area);
    out.set(values, at);
  };
}

/** Somewhere to keep a number, so that the engine does not leave out that it is read. */
const kept = new Int32Array(1);
const wordsOfLine = 16;

/** Looks at each line of the cache of an image: several come from memory at the same time, and while another image is copied. */
function fetchAhead(words: Int32Array, start: number, size: number): void {
  let mixed = 0;
  for (let i = start; i < start + size; i += wordsOfLine) mixed ^= words[i]!;
  kept[0] = mixed;
}

/** Fills `to`, without the view that `set` would need for a part. */
function copy(from: Int32Array, start: number, to: Int32Array): void {
  for (let i = 0; i < to.length; i++) to[i] = from[start + i]!;
}
