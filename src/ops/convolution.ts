/** `Conv` and `ConvTranspose` of images [N, C, H, W]. Each is the other's adjoint, so that their gradients are made of the two. */
import { ShapeError } from "../errors.ts";
import {
  type Attributes,
  apply,
  type OnnxSpelling,
  type Operator,
  type Shape,
  show,
  type Tensor,
} from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { add } from "./arithmetic.ts";
import { fill, reduceSum, reshape } from "./broadcasting.ts";
import { slice, transpose } from "./layout.ts";

/** Along height and width. */
export type Pair = readonly [number, number];

/** How a window goes over an image. */
export interface ConvOptions {
  readonly strides?: Pair;
  /** Zeros around the image: top, left, bottom, right. */
  readonly pads?: readonly [number, number, number, number];
  /** Distance of neighbouring taps of the kernel. */
  readonly dilations?: Pair;
  /** A number for each channel of the result. */
  readonly bias?: Tensor;
}

/** How `Conv` goes over the image that a transposed convolution gives. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns at the lower and right end that no window reaches; fewer than the stride. */
  readonly outputPadding?: Pair;
}

/**
 * y[n, o, i, j] = b[o] + sum over c, k, l of x[n, c, s i + d k - top, s j + d l - left] w[o, c, k, l], with s the stride, d the dilation, and x zero outside.
 * Inputs x [N, C, H, W], w [O, C, K, L], b [O]; ONNX attributes, one group.
 */
export const Conv: Operator = {
  type: "Conv",
  shape([x, w, bias], attributes) {
    checkOperands("conv", [x!, w!, bias], 1, attributes);
    return [x![0]!, w![0]!, ...windows(x!, w!, attributes)];
  },
  gradient({ inputs, attributes }, upstream, index) {
    const [x, w] = inputs as [Tensor, Tensor];
    if (index === 2) return reduceSum(upstream, { axes: [0, 2, 3] });
    if (index === 1) return kernelGradient(x, upstream, w.shape, attributes);
    const { strides, pads, dilations } = attributesOf(attributes);
    const outputPadding = unreached(x.shape, w.shape, attributes);
    return convTranspose(upstream, w, { strides, pads, dilations, outputPadding });
  },
  onnx: ints,
  macs: ({ inputs, shape }) => sizeOf(shape) * sizeOf(inputs[1]!.shape.slice(1)),
};

/** The adjoint of `Conv` with the same kernel w [C, O, K, L]: from y [N, C, h, w] to [N, O, s (h - 1) + d (K - 1) + 1 - pads + output_padding, ...]. */
export const ConvTranspose: Operator = {
  type: "ConvTranspose",
  shape([y, w, bias], attributes) {
    checkOperands("convTranspose", [y!, w!, bias], 0, attributes);
    const { strides, pads, dilations, outputPadding } = attributesOf(attributes);
    const sizes = [0, 1].map((i) => {
      if (!(outputPadding[i]! >= 0 && outputPadding[i]! < strides[i]!)) {
        throw new ShapeError(
          `convTranspose: expected output padding from 0 to below the strides ${show(strides)}, got ${show(outputPadding)}.`,
        );
      }
      const whole = strides[i]! * (y![2 + i]! - 1) + reach(w!, dilations, i) + outputPadding[i]!;
      return whole - pads[i]! - pads[2 + i]!;
    });
    return [y![0]!, w![1]!, ...sizes];
  },
  gradient({ inputs, attributes }, upstream, index) {
    const [y, w] = inputs as [Tensor, Tensor];
    if (index === 2) return reduceSum(upstream, { axes: [0, 2, 3] });
    if (index === 1) return kernelGradient(upstream, y, w.shape, attributes);
    const { strides, pads, dilations } = attributesOf(attributes);
    return conv(upstream, w, { strides, pads, dilations });
  },
  onnx: ints,
  macs: ({ inputs: [y, w] }) => sizeOf(y!.shape) * sizeOf(w!.shape.slice(1)),
};

/** The convolution of images x [N, C, H, W] with kernels w [O, C, K, L]; the window moves by the strides. Throws ShapeError. */
export function conv(x: Tensor, w: Tensor, { bias, ...options }: ConvOptions = {}): Tensor {
  return applied(Conv, x, w, bias, { ...unit, ...options });
}

/** The transposed convolution of y [N, C, h, w] with kernels w [C, O, K, L]: the gradient of `conv` with respect to its images. Throws ShapeError. */
export function convTranspose(
  y: Tensor,
  w: Tensor,
  { bias, outputPadding = [0, 0], ...options }: ConvTransposeOptions = {},
): Tensor {
  return applied(ConvTranspose, y, w, bias, { ...unit, ...options, output_padding: outputPadding });
}

const unit = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };

/** Where there is nothing to add up the result is the bias: runtimes do not agree on windows over nothing. */
function applied(operator: Operator, x: Tensor, w: Tensor, bias: Tensor | undefined, attributes: Attributes): Tensor {
  const result = apply(operator, bias ? [x, w, bias] : [x, w], attributes);
  if (sizeOf(x.shape) > 0 && sizeOf(w.shape) > 0) return result;
  const zeros = fill(result.shape, 0);
  return bias ? add(zeros, reshape(bias, [sizeOf(bias.shape), 1, 1])) : zeros;
}

/**
 * The gradient with respect to the kernel [O, C, K, L] of a `Conv` from x to y, from the gradient at y: a convolution over the images of each channel, in which
 * the gradient is the kernel, strides and dilations change places, and the examples are the channels.
 */
function kernelGradient(x: Tensor, y: Tensor, kernel: Shape, attributes: Attributes): Tensor {
  const { strides, pads, dilations } = attributesOf(attributes);
  const rest = unreached(x.shape, kernel, attributes);
  const [top, left, bottom, right] = pads;
  const reached = [top, left, Math.max(0, bottom - rest[0]), Math.max(0, right - rest[1])] as const;
  const exchanged = { strides: dilations, dilations: strides, pads: reached };
  const gradient = conv(transpose(x, [1, 0, 2, 3]), transpose(y, [1, 0, 2, 3]), exchanged);
  return transpose(slice(slice(gradient, 2, 0, kernel[2]!), 3, 0, kernel[3]!), [1, 0, 2, 3]);
}

/** Rows and columns at the end of a padded image that no window of the kernel reaches. */
function unreached(x: Shape, kernel: Shape, attributes: Attributes): Pair {
  const { strides, pads, dilations } = attributesOf(attributes);
  const at = (i: number) => (x[2 + i]! + pads[i]! + pads[2 + i]! - reach(kernel, dilations, i)) % strides[i]!;
  return [at(0), at(1)];
}

/** Places of the window of a kernel on an image. */
function windows(x: Shape, kernel: Shape, attributes: Attributes): number[] {
  const { strides, pads, dilations } = attributesOf(attributes);
  return [0, 1].map((i) => {
    const room = x[2 + i]! + pads[i]! + pads[2 + i]! - reach(kernel, dilations, i);
    if (room >= 0) return Math.floor(room / strides[i]!) + 1;
    const advice = "Pad the image more?";
    throw new ShapeError(
      `conv: the window of the kernel ${show(kernel)} is larger than the padded ${show(x)}. ${advice}`,
    );
  });
}

/** Size of a window: its taps and what lies between them. */
const reach = (kernel: Shape, dilations: Pair, i: number) => dilations[i]! * (kernel[2 + i]! - 1) + 1;

type Operands = readonly [Shape, Shape, Shape | undefined];

/** `channels` is the axis of the kernel that has the channels of the images. */
function checkOperands(where: string, [x, w, bias]: Operands, channels: 0 | 1, attributes: Attributes): void {
  const { strides, pads, dilations } = attributesOf(attributes);
  const isFrom = (least: number) => (size: number) => Number.isInteger(size) && size >= least;
  if (![...strides, ...dilations].every(isFrom(1)) || !pads.every(isFrom(0))) {
    const got = `got strides ${show(strides)}, dilations ${show(dilations)} and pads ${show(pads)}`;
    throw new ShapeError(`${where}: expected whole strides and dilations from 1 and pads from 0 on, ${got}.`);
  }
  if (x.length !== 4 || w.length !== 4 || x[1] !== w[channels]) {
    const expected = channels === 1 ? "[N, C, H, W] and [O, C, K, L]" : "[N, C, H, W] and [C, O, K, L]";
    throw new ShapeError(`${where}: expected images and kernels ${expected}, got ${show(x)} and ${show(w)}.`);
  }
  const outputs = w[1 - channels]!;
  if (bias && !(bias.length === 1 && bias[0] === outputs)) {
    throw new ShapeError(`${where}: expected a bias [${outputs}], got ${show(bias)}.`);
  }
}

/** The attributes of either operator. */
export function attributesOf(attributes: Attributes) {
  const { strides, pads, dilations, output_padding: outputPadding = [0, 0] } = attributes;
  return { strides, pads, dilations, outputPadding } as Required<Omit<ConvTransposeOptions, "bias">>;
}

function ints(attributes: Attributes): OnnxSpelling {
  return { ints: attributes };
}
