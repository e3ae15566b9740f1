/** Which pixels of a line a new one is made of: weights from pixel `first` on, with the sum 1. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * An image [height, width] in another size, each axis on its own. An axis that shrinks takes the mean over the area of the new pixel (box filter), which keeps
 * the mean of the image and lets no line get lost; one that grows interpolates linearly between the centres of pixels; one that stays is not touched.
 */
export function resize(
  pixels: Float32Array,
  [height, width]: readonly [number, number],
  [newHeight, newWidth]: readonly [number, number],
): Float32Array {
  const [down, across] = [tapsOf(height, newHeight), tapsOf(width, newWidth)];
  const narrow = new Float32Array(height * newWidth);
  for (let y = 0; y < height; y++) {
    for (const [x, taps] of across.entries()) narrow[y * newWidth + x] = weigh(pixels, y * width, 1, taps);
  }
  const out = new Float32Array(newHeight * newWidth);
  for (const [y, taps] of down.entries()) {
    for (let x = 0; x < newWidth; x++) out[y * newWidth + x] = weigh(narrow, x, newWidth, taps);
  }
  return out;
}

function weigh(pixels: Float32Array, start: number, stride: number, { first, weights }: Taps): number {
  let sum = 0;
  for (let k = 0; k < weights.length; k++) sum += weights[k]! * pixels[start + (first + k) * stride]!;
  return sum;
}

function tapsOf(size: number, newSize: number): Taps[] {
  const scale = size / newSize;
  return Array.from({ length: newSize }, (_, i) =>
    scale >= 1 ? areaOf(i * scale, Math.min(size, (i + 1) * scale)) : between((i + 0.5) * scale - 0.5, size),
  );
}

/** The share of each pixel in the line from `from` to `to`. */
function areaOf(from: number, to: number): Taps {
  const first = Math.floor(from);
  const weights = Array.from({ length: Math.ceil(to) - first }, (_, k) => {
    const [start, end] = [Math.max(from, first + k), Math.min(to, first + k + 1)];
    return (end - start) / (to - from);
  });
  return { first, weights };
}

/** The two pixels around a place, or the one at the border. */
function between(place: number, size: number): Taps {
  const inside = Math.min(Math.max(place, 0), size - 1);
  const first = Math.min(Math.floor(inside), Math.max(size - 2, 0));
  return { first, weights: size === 1 ? [1] : [1 - (inside - first), inside - first] };
}
