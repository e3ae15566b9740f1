import type { Output } from "../graph/graph.ts";
import { topological } from "../graph/graph.ts";
import { type Application, apply, isApplication, type Operator, sameShape, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { Add, Div, Mul, Neg, Sub } from "./arithmetic.ts";
import { ReduceSum, reshape } from "./broadcasting.ts";
import { Equal, Greater, Less, Where } from "./comparison.ts";
import { attributesOf, Conv, ConvTranspose } from "./convolution.ts";
import { Abs, Exp, LeakyRelu, Log, Relu, Sigmoid, Softplus, Sqrt, Tanh } from "./elementwise.ts";
import { Detach } from "./indexing.ts";
import { Concat, Slice, Transpose, transpose } from "./layout.ts";
import { convOfPatches, kernelOfPatches, patches, patchesOfFew, subpixel, transposedOfFew } from "./patches.ts";
import { ReduceMax, ReduceMean } from "./reduction.ts";

/** Channels from which on images are worth having in the order that products of matrices want. */
const many = 8;

/**
 * Rewrites convolutions into products of matrices on images with the channels last, and has what lies between them go element by element in that order too.
 * Images change their order only where something needs the other one.
 */
export function channelsLast(outputs: readonly Output[]): Output[] {
  const order = topological(outputs.map(({ tensor }) => tensor));
  const isConvolution = (tensor: Tensor) => isApplication(tensor, Conv) || isApplication(tensor, ConvTranspose);
  if (!order.some(isConvolution)) return [...outputs];
  const images = arrangements();
  for (const tensor of order) {
    if (tensor.kind !== "application") images.first.set(tensor, tensor);
    else if (!rewriteConvolution(tensor, images) && !rewriteElements(tensor, images)) keepOrder(tensor, images);
  }
  return outputs.map(({ name, tensor }) => ({ name, tensor: images.channelsFirst(tensor) }));
}

/** What each tensor of a graph has become, in one order or in both. */
interface Arrangements {
  readonly first: Map<Tensor, Tensor>;
  /** Whether a tensor has been computed with the channels last. */
  isLast(tensor: Tensor): boolean;
  setLast(tensor: Tensor, images: Tensor): void;
  channelsFirst(tensor: Tensor): Tensor;
  channelsLast(tensor: Tensor): Tensor;
}

function arrangements(): Arrangements {
  const first = new Map<Tensor, Tensor>();
  const last = new Map<Tensor, Tensor>();
  const computed = new Set<Tensor>();
  // conditions are compared again in the other order: a Transpose takes numbers
  const known = (map: Map<Tensor, Tensor>, tensor: Tensor, again: (t: Tensor) => Tensor, change: () => Tensor) => {
    const compared = () => apply((tensor as Application).operator, (tensor as Application).inputs.map(again));
    const result = map.get(tensor) ?? (tensor.type === "bool" ? compared() : change());
    map.set(tensor, result);
    return result;
  };
  const channelsFirst = (tensor: Tensor): Tensor =>
    known(first, tensor, channelsFirst, () => reordered(last.get(tensor)!, [0, 3, 1, 2]));
  const channelsLast = (tensor: Tensor): Tensor =>
    known(last, tensor, channelsLast, () => {
      const x = first.get(tensor)!;
      if (sizeOf(x.shape) === 1) return x;
      return reordered(reshape(x, [...new Array<number>(4 - x.shape.length).fill(1), ...x.shape]), [0, 2, 3, 1]);
    });
  return {
    first,
    isLast: (tensor) => computed.has(tensor),
    setLast(tensor, images) {
      computed.add(tensor);
      last.set(tensor, images);
    },
    channelsFirst,
    channelsLast,
  };
}

/** Images in another order; a new shape is enough where only one axis has any length of those that move. */
function reordered(x: Tensor, perm: readonly number[]): Tensor {
  const shape = perm.map((axis) => x.shape[axis]!);
  const long = perm.filter((axis) => x.shape[axis]! > 1);
  return long.every((axis, i) => i === 0 || axis > long[i - 1]!) ? reshape(x, shape) : transpose(x, perm);
}

/** Whether a convolution has become products of matrices. */
function rewriteConvolution(tensor: Application, images: Arrangements): boolean {
  if (tensor.operator === Conv) return rewriteKernelGradient(tensor, images) || rewriteConv(tensor, images);
  return tensor.operator === ConvTranspose && rewriteTransposed(tensor, images);
}

function rewriteConv(tensor: Application, { first, setLast, channelsFirst, channelsLast }: Arrangements): boolean {
  const [x, w, bias] = tensor.inputs as [Tensor, Tensor, Tensor | undefined];
  const [O, C, ...taps] = w.shape as [number, number, number, number];
  if (Math.max(O, C) < many) return false;
  const { strides: steps, dilations: tapSteps, pads } = attributesOf(tensor.attributes);
  const places = tensor.shape.slice(2) as [number, number];
  const windows = { places, steps, taps, tapSteps, pads };
  const under = C < many ? patchesOfFew(channelsFirst(x), windows) : patches(channelsLast(x), windows);
  setLast(tensor, convOfPatches(under, channelsFirst(w), places, bias && first.get(bias)));
  return true;
}

/** A convolution over the images of each channel [C, N, H, W], with the results' [O, N, h, w] for a kernel. */
function rewriteKernelGradient(tensor: Application, { first, channelsFirst, channelsLast }: Arrangements): boolean {
  const [x, y] = tensor.inputs.map(untransposed);
  if (tensor.inputs.length > 2 || !x || !y || Math.max(x.shape[1]!, y.shape[1]!) < many) return false;
  const { strides: tapSteps, dilations: steps, pads } = attributesOf(tensor.attributes);
  const places = y.shape.slice(2) as [number, number];
  const taps = tensor.shape.slice(2) as [number, number];
  const windows = { places, steps, taps, tapSteps, pads };
  const under = x.shape[1]! < many ? patchesOfFew(channelsFirst(x), windows) : patches(channelsLast(x), windows);
  first.set(tensor, kernelOfPatches(under, channelsLast(y), taps));
  return true;
}

/** The images whose examples and channels have changed places, if that is what these are. */
function untransposed(tensor: Tensor): Tensor | undefined {
  const isExchanged = isApplication(tensor, Transpose) && sameShape(tensor.attributes.perm as number[], [1, 0, 2, 3]);
  return isExchanged ? tensor.inputs[0] : undefined;
}

function rewriteTransposed(
  tensor: Application,
  { first, setLast, channelsFirst, channelsLast }: Arrangements,
): boolean {
  const [y, w, bias] = tensor.inputs as [Tensor, Tensor, Tensor | undefined];
  const [C, O] = w.shape as [number, number];
  if (C < many) return false;
  const options = { ...attributesOf(tensor.attributes), ...(bias && { bias: first.get(bias)! }) };
  if (O < many) {
    first.set(tensor, transposedOfFew(channelsLast(y), channelsFirst(w), options));
    return true;
  }
  const result = subpixel(channelsLast(y), channelsFirst(w), tensor.shape.slice(2) as [number, number], options);
  if (result) setLast(tensor, result);
  return result !== undefined;
}

const elementwise: ReadonlySet<Operator> = new Set([
  ...[Add, Sub, Mul, Div, Neg, Greater, Less, Equal, Where, Detach],
  ...[Exp, Log, Sqrt, Sigmoid, Tanh, Softplus, Relu, LeakyRelu, Abs],
]);
const reductions: ReadonlySet<Operator> = new Set([ReduceSum, ReduceMean, ReduceMax]);

/** Whether an operator on images that have the channels last has stayed in that order. */
function rewriteElements(tensor: Application, images: Arrangements): boolean {
  const { operator, inputs, attributes } = tensor;
  const { first, isLast, setLast, channelsLast } = images;
  if (!inputs.some(isLast)) return false;
  const isAlongExamples = (operator === Concat || operator === Slice) && attributes.axis === 0;
  if (elementwise.has(operator) || isAlongExamples) {
    setLast(tensor, apply(operator, inputs.map(channelsLast), attributes));
    return true;
  }
  if (!reductions.has(operator)) return false;
  const axes = (attributes.axes as number[]).map((axis) => [0, 3, 1, 2][axis]!);
  const reduced = apply(operator, [channelsLast(inputs[0]!)], { axes: axes.toSorted((a, b) => a - b), keepdims: 1 });
  if (attributes.keepdims === 1) setLast(tensor, reduced);
  else first.set(tensor, reshape(reordered(reduced, [0, 3, 1, 2]), tensor.shape));
  return true;
}

function keepOrder(tensor: Application, images: Arrangements): void {
  const inputs = tensor.inputs.map(images.channelsFirst);
  const same = inputs.every((source, i) => source === tensor.inputs[i]);
  images.first.set(tensor, same ? tensor : apply(tensor.operator, inputs, tensor.attributes));
}
