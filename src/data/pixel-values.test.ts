import { expect, test, vi } from "vitest";
import { imageWriter } from "./pixel-values.ts";

/** Three images in which the grey levels follow each other, `offset` bytes behind the beginning of a buffer. */
function images(area: number, offset: number): Uint8Array {
  const pixels = new Uint8Array(new ArrayBuffer(3 * area + offset + 5), offset, 3 * area);
  pixels.set(pixels.map((_, i) => 97 * i));
  return pixels;
}

test.each([
  ["of all grey levels", 256, 0],
  ["of whole words that are not whole vectors", 20, 8],
  ["of one word", 4, 16],
  ["of no whole words", 25, 0],
  ["that begin within a word", 784, 3],
  ["as large as vectors take", 8192, 0],
  ["larger than vectors take", 8196, 0],
])("images %s become the float32 next to pixel / 255, in place and nowhere else", (_, area, offset) => {
  const pixels = images(area, offset);
  const write = imageWriter(pixels, area);
  for (const Numbers of [Float32Array, Float64Array]) {
    for (const image of [2, 0, 1]) {
      const out = new Numbers(area + 9).fill(-1);
      write(image, out, 5, (image + 1) % 3);
      const values = [...pixels.subarray(image * area, (image + 1) * area)].map((pixel) => Math.fround(pixel / 255));
      expect([...out]).toEqual([...Array(5).fill(-1), ...values, ...Array(4).fill(-1)]);
    }
  }
});

test("the values are the same where the engine has no WebAssembly", async () => {
  const filled = (write: ReturnType<typeof imageWriter>) => {
    const out = new Float32Array(256);
    write(1, out, 0, 2);
    return out;
  };
  vi.stubGlobal("WebAssembly", undefined);
  vi.resetModules();
  const plain = await import("./pixel-values.ts");
  const known = filled(plain.imageWriter(images(256, 0), 256));
  vi.unstubAllGlobals();
  vi.resetModules();
  expect(filled(imageWriter(images(256, 0), 256))).toEqual(known);
});
