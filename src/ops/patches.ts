/** Convolutions as products of matrices, on images with the channels last [N, H, W, C]: the numbers under a window lie beside each other in runs of C. */
import { apply, constant, type Tensor } from "../graph/tensor.ts";
import { reshape } from "./broadcasting.ts";
import { type ConvOptions, type ConvTransposeOptions, conv, convTranspose, type Pair } from "./convolution.ts";
import { Cast, Gather } from "./indexing.ts";
import { concat, pad, slice, transpose } from "./layout.ts";
import { gemm } from "./product.ts";

/** Windows on padded images: the tap [k, l] of window [i, j] lies at first + steps * [i, j] + tapSteps * [k, l]. */
export interface Windows {
  readonly places: Pair;
  readonly steps: Pair;
  readonly taps: Pair;
  readonly tapSteps: Pair;
  readonly first?: Pair;
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
}

/** What is under each window, a row of taps times C numbers: [N, H, W, C] to [N * places, taps * C], one `Gather`. */
export function patches(x: Tensor, { places, steps, taps, tapSteps, first = [0, 0], pads }: Windows): Tensor {
  const [top, left, bottom, right] = pads;
  const padded = pad(pad(x, 1, top, bottom), 2, left, right);
  const [N, H, W, C] = padded.shape as [number, number, number, number];
  const at = (axis: 0 | 1, place: number, tap: number) => first[axis] + place * steps[axis] + tap * tapSteps[axis];
  const index = grid(places).flatMap(([i, j]) => grid(taps).map(([k, l]) => at(0, i, k) * W + at(1, j, l)));
  return reshape(gather(reshape(padded, [N, H * W, C]), index, 1), [N * area(places), area(taps) * C]);
}

/** The same for few channels, from [N, C, H, W]: a convolution with one kernel for each number under the window, which lie apart in memory. */
export function patchesOfFew(x: Tensor, { places, steps, taps, tapSteps, pads }: Windows): Tensor {
  const found = conv(x, oneAtATime(taps, x.shape[1]!), { strides: steps, dilations: tapSteps, pads });
  const wanted = slice(slice(found, 2, 0, places[0]), 3, 0, places[1]);
  return reshape(transpose(wanted, [0, 2, 3, 1]), [x.shape[0]! * area(places), found.shape[1]!]);
}

/** The convolution of patches with kernels w [O, C, K, L]: [N * places, K * L * C] to [N, ...places, O], one `Gemm`. */
export function convOfPatches(x: Tensor, w: Tensor, places: Pair, bias?: Tensor): Tensor {
  const [O, C, K, L] = w.shape as [number, number, number, number];
  const kernels = reshape(transpose(reshape(w, [O, C, K * L]), [0, 2, 1]), [O, K * L * C]);
  const product = gemm(x, kernels, { transB: true, ...(bias && { addend: bias }) });
  return reshape(product, [x.shape[0]! / area(places), ...places, O]);
}

/** The sum over examples and places of patches times y [N, ...places, O], as images [C, O, ...taps]: what the gradient of a kernel is made of. */
export function kernelOfPatches(x: Tensor, y: Tensor, taps: Pair): Tensor {
  const [O, C] = [y.shape[3]!, x.shape[1]! / area(taps)];
  const product = gemm(x, reshape(y, [x.shape[0]!, O]), { transA: true });
  return reshape(transpose(reshape(product, [area(taps), C * O])), [C, O, ...taps]);
}

/**
 * A transposed convolution from y [N, h, w, C] to [N, H, W, O] as ordinary ones, one for each place of a result between the steps (the sub-pixel form of Shi et
 * al. 2016): result s v + r reads y at v + e - a through tap p + s a of the kernel, where p = (r + pad) mod s and e = (r + pad - p) / s. Undefined where the
 * stride does not divide kernel and image, or the taps are apart.
 */
export function subpixel(
  y: Tensor,
  w: Tensor,
  size: Pair,
  { strides, pads, dilations, bias }: Required<Pick<ConvOptions, "strides" | "pads" | "dilations">> & ConvOptions,
): Tensor | undefined {
  const [C, O, ...kernel] = w.shape as [number, number, number, number];
  const isWhole = [0, 1].every((axis) => kernel[axis]! % strides[axis]! === 0 && size[axis]! % strides[axis]! === 0);
  if (!isWhole || dilations[0] !== 1 || dilations[1] !== 1) return undefined;
  const [s, t] = strides;
  const taps: Pair = [kernel[0] / s, kernel[1] / t];
  const places: Pair = [size[0] / s, size[1] / t];
  const phases = ([0, 1] as const).map((axis) =>
    Array.from({ length: strides[axis] }, (_, r) => {
      const tap = (r + pads[axis]) % strides[axis];
      return { tap, shift: (r + pads[axis] - tap) / strides[axis] };
    }),
  );
  const before = phases.map(([phase], axis) => Math.max(0, taps[axis]! - 1 - phase!.shift));
  const after = phases.map((all, axis) => Math.max(0, places[axis]! + all.at(-1)!.shift - y.shape[1 + axis]!));
  const around = [before[0]!, before[1]!, after[0]!, after[1]!] as const;
  const kernels = transpose(reshape(w, [C * O, kernel[0] * kernel[1]]));
  const phase = (row: Phase, column: Phase) => {
    const first: Pair = [before[0]! + row.shift, before[1]! + column.shift];
    const windows = { places, taps, steps: [1, 1], tapSteps: [-1, -1], first, pads: around } as const;
    const own = grid(taps).map(([a, b]) => (row.tap + s * a) * kernel[1] + column.tap + t * b);
    const taken = reshape(gather(kernels, own, 0), [area(taps) * C, O]);
    return gemm(patches(y, windows), taken, bias ? { addend: bias } : {});
  };
  const [rows, columns] = phases as [Phase[], Phase[]];
  const lines = rows.map((row) => {
    const line = concat(
      columns.map((column) => phase(row, column)),
      1,
    );
    return reshape(line, [y.shape[0]! * places[0], size[1] * O]);
  });
  return reshape(concat(lines, 1), [y.shape[0]!, ...size, O]);
}

interface Phase {
  readonly tap: number;
  readonly shift: number;
}

/** A transposed convolution to few channels [N, O, H, W]: every product with one `Gemm`, added up where they belong by kernels of a single 1. */
export function transposedOfFew(y: Tensor, w: Tensor, { bias, ...options }: ConvTransposeOptions): Tensor {
  const [C, O, K, L] = w.shape as [number, number, number, number];
  const [N, h, v] = y.shape as [number, number, number];
  const products = gemm(reshape(y, [N * h * v, C]), reshape(transpose(w, [0, 2, 3, 1]), [C, K * L * O]));
  const images = transpose(reshape(products, [N, h, v, K * L * O]), [0, 3, 1, 2]);
  return convTranspose(images, oneAtATime([K, L], O), { ...options, ...(bias && { bias }) });
}

/** Kernels [K * L * C, C, K, L], each with a 1 at one place, in the order of patches. */
function oneAtATime([K, L]: Pair, C: number): Tensor {
  const values = grid([K * L, C]).flatMap(([tap, c]) =>
    grid([C, K * L]).map(([other, place]) => (other === c && place === tap ? 1 : 0)),
  );
  return constant(values, [K * L * C, C, K, L]);
}

/** The slices along an axis of these numbers. */
const gather = (x: Tensor, index: readonly number[], axis: number): Tensor =>
  apply(Gather, [x, apply(Cast, [constant(index)])], { axis });

const area = ([a, b]: Pair) => a * b;

/** All [i, j] with i below the first and j below the second number, line by line. */
const grid = ([a, b]: Pair): Pair[] => Array.from({ length: a * b }, (_, i) => [Math.floor(i / b), i % b] as const);
