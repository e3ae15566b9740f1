import { ConfigError } from "../errors.ts";
import { show, type Tensor } from "../graph/tensor.ts";
import { reshape } from "../ops/broadcasting.ts";
import { conv, convTranspose } from "../ops/convolution.ts";
import { leakyRelu, sigmoid } from "../ops/elementwise.ts";
import { gemm } from "../ops/product.ts";
import { type Initialiser, sizeOf, type TensorSpec } from "../program.ts";
import { momentsOf, normalise, withRunningMoments } from "./batch-norm.ts";
import { type DenseInitialiser, fanInUniform } from "./initialiser.ts";
import { activation, dense, type Layer, parameter } from "./layer.ts";
import { type Network, type PerceptronOptions, sequential } from "./network.ts";

/** The form of a layer of convolutions with square windows. */
export interface ConvolutionOptions {
  /** Height and width of the window. */
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on each side of the image. */
  readonly padding?: number;
  readonly initialiser?: DenseInitialiser;
  /** Whether it normalises its sums by their moments and stretches them by `NAME/scale` [to]. */
  readonly batchNorm?: boolean;
}

/** Each result reads `from` kernel^2 numbers; each number is read by `to` (kernel / stride)^2 results. */
const fans = (from: number, to: number, kernel: number, stride: number) =>
  [from * kernel ** 2, to * (kernel / stride) ** 2] as const;

/** Convolutions from [N, from, H, W] to [N, to, h, w] with `NAME/weight` [to, from, kernel, kernel] and `NAME/bias` [to]; its units are the channels. */
export function convolution(
  name: string,
  from: number,
  to: number,
  { kernel, stride = 1, padding = 0, initialiser = fanInUniform, batchNorm }: ConvolutionOptions,
): Layer {
  const [fanIn, fanOut] = fans(from, to, kernel, stride);
  const weight = parameter(`${name}/weight`, [to, from, kernel, kernel], initialiser.weight(fanIn, fanOut));
  const window = { strides: [stride, stride], pads: [padding, padding, padding, padding] } as const;
  return channelled(name, { weight, axis: 0, bias: initialiser.bias(fanIn), batchNorm }, (x, w, bias) =>
    conv(x, w, { ...window, ...(bias && { bias }) }),
  );
}

/**
 * Transposed convolutions from [N, from, h, w] to [N, to, H, W] with H = stride (h - 1) + kernel - 2 padding, `NAME/weight` [from, to, kernel, kernel] and
 * `NAME/bias` [to]; its units are the channels. A result reads `from` (kernel / stride)^2 numbers: its fan-in.
 */
export function transposedConvolution(
  name: string,
  from: number,
  to: number,
  { kernel, stride = 1, padding = 0, initialiser = fanInUniform, batchNorm }: ConvolutionOptions,
): Layer {
  const [fanOut, fanIn] = fans(to, from, kernel, stride);
  const weight = parameter(`${name}/weight`, [from, to, kernel, kernel], initialiser.weight(fanIn, fanOut));
  const window = { strides: [stride, stride], pads: [padding, padding, padding, padding] } as const;
  return channelled(name, { weight, axis: 1, bias: initialiser.bias(fanIn), batchNorm }, (x, w, bias) =>
    convTranspose(x, w, { ...window, ...(bias && { bias }) }),
  );
}

/** Dense from [N, from] to images [N, C, H, W], normalised channel by channel: `NAME/weight` [from, C, H * W], `NAME/bias` and `NAME/scale` [C]; its units are the channels. */
export function projection(
  name: string,
  from: number,
  [C, H, W]: readonly [number, number, number],
  initialiser: DenseInitialiser = fanInUniform,
): Layer {
  const weight = parameter(`${name}/weight`, [from, C, H * W], initialiser.weight(from, C * H * W));
  return channelled(name, { weight, axis: 1, bias: initialiser.bias(from), batchNorm: true }, (x, w) =>
    reshape(gemm(x, reshape(w, [from, C * H * W])), [x.shape[0]!, C, H, W]),
  );
}

/** What a layer of channels has beside its sums; `axis` of the weight are the channels. */
interface Channelled {
  readonly weight: TensorSpec;
  readonly axis: 0 | 1;
  readonly bias: Initialiser;
  readonly batchNorm: boolean | undefined;
}

/** Sums with a bias, or normalised, where the bias comes last: before, it would vanish with the mean. */
function channelled(
  name: string,
  { weight, axis, bias: initial, batchNorm }: Channelled,
  sums: (x: Tensor, weight: Tensor, bias?: Tensor) => Tensor,
): Layer {
  const channels = weight.shape[axis]!;
  const bias = parameter(`${name}/bias`, [channels], batchNorm ? zero : initial);
  if (!batchNorm) {
    return {
      parameters: [weight, bias],
      units: { count: channels, axes: [axis, 0] },
      apply: (weights, x) => sums(x, weights(weight.name), weights(bias.name)),
    };
  }
  const scale = parameter(`${name}/scale`, [channels], one);
  return {
    parameters: [weight, bias, scale],
    units: { count: channels, axes: [axis, 0, 0] },
    normalised: { name, channels },
    apply(weights, x, statistics = momentsOf) {
      const y = sums(x, weights(weight.name));
      return normalise(y, statistics(name, y), weights(scale.name), weights(bias.name));
    },
  };
}

const zero = { kind: "constant", value: 0 } as const;
const one = { kind: "constant", value: 1 } as const;

/** A window of 4 x 4 that moves by 2: it halves an image, or transposed doubles it, without a checkerboard, as the stride divides it (Odena et al. 2016). */
const halving = { kernel: 4, stride: 2, padding: 1 } as const;

/** The form of either network. */
export interface ConvolutionalOptions extends PerceptronOptions {
  readonly batchNorm?: boolean;
}

/**
 * A generator [N, latent] to [N, C, H, W]: `NAME/dense1` to hidden[0] small images, then `NAME/transposed1`, ... of 4 x 4 and stride 2, each of which doubles
 * height and width, the last one to the C channels (Radford et al. 2016). With `batchNorm` all layers but the last are normalised. Throws ConfigError where H or W cannot be halved so
 * often.
 */
export function convolutionalGenerator(
  name: string,
  latent: number,
  shape: readonly number[],
  { hidden, slope = 0.2, output = "linear", initialiser = fanInUniform, batchNorm = false }: ConvolutionalOptions,
): Network {
  const [channels, height, width] = imageOf(name, shape, hidden);
  const scale = 2 ** hidden.length;
  const widths = [...hidden, channels];
  const small = [widths[0]!, height / scale, width / scale] as const;
  const rise = activation((x) => leakyRelu(x, slope));
  const first = `${name}/dense1`;
  const isNormalised = batchNorm && hidden.length > 0;
  const network = sequential(name, [
    ...(isNormalised
      ? [projection(first, latent, small, initialiser)]
      : [dense(first, latent, sizeOf(small), { initialiser }), activation((x) => reshape(x, [x.shape[0]!, ...small]))]),
    ...hidden.flatMap((from, i) => [
      rise,
      transposedConvolution(`${name}/transposed${i + 1}`, from, widths[i + 1]!, {
        ...halving,
        initialiser,
        batchNorm: batchNorm && i < hidden.length - 1,
      }),
    ]),
    ...(output === "sigmoid" ? [activation(sigmoid)] : []),
  ]);
  return withRunningMoments(network);
}

/**
 * A discriminator [N, C, H, W] to logits [N, 1], the mirror image of the generator: `NAME/convolution1`, ... of 4 x 4 and stride 2 to hidden[0], hidden[1], ...
 * channels, each of which halves height and width, then `NAME/dense1`. With `batchNorm` all convolutions but the first are normalised. Throws ConfigError where H or W cannot be halved so often.
 */
export function convolutionalDiscriminator(
  name: string,
  shape: readonly number[],
  { hidden, slope = 0.2, initialiser = fanInUniform, batchNorm = false }: ConvolutionalOptions,
): Network {
  const [channels, height, width] = imageOf(name, shape, hidden);
  const widths = [channels, ...hidden];
  const size = (widths.at(-1)! * height * width) / 4 ** hidden.length;
  const network = sequential(name, [
    ...hidden.flatMap((to, i) => [
      convolution(`${name}/convolution${i + 1}`, widths[i]!, to, {
        ...halving,
        initialiser,
        batchNorm: batchNorm && i > 0,
      }),
      activation((x) => leakyRelu(x, slope)),
    ]),
    activation((x) => reshape(x, [x.shape[0]!, size])),
    dense(`${name}/dense1`, size, 1, { initialiser }),
  ]);
  return withRunningMoments(network);
}

/** The shape of images that can be halved once for each hidden width. */
function imageOf(name: string, shape: readonly number[], hidden: readonly number[]): readonly [number, number, number] {
  if (shape.length !== 3) {
    const expected = `expected images [C, H, W], got examples of shape ${show(shape)}`;
    throw new ConfigError(`${name}: ${expected}. Choose the architecture perceptron.`, "architecture");
  }
  const [channels, height, width] = shape as [number, number, number];
  const scale = 2 ** hidden.length;
  if (height % scale !== 0 || width % scale !== 0) {
    const rule = "every hidden width of convolutions halves the image";
    const got = `${hidden.length} of them and images of ${height} x ${width}`;
    throw new ConfigError(`${name}: ${rule}, got ${got}. Give it fewer.`, "hidden");
  }
  return [channels, height, width];
}
