import type { Tensor } from "../graph/tensor.ts";
import { convolution } from "../nn/convolutional.ts";
import { activation, dense, type Weights } from "../nn/layer.ts";
import { type Network, sequential } from "../nn/network.ts";
import { reshape } from "../ops/broadcasting.ts";
import { leakyRelu } from "../ops/elementwise.ts";

/** Columns of the features: the width of the last hidden layer. */
export const featureColumns = 96;

/** Leaky, so that no feature is 0 for every image. */
const rise = activation((x) => leakyRelu(x, 0.1));

/** Digits [N, 1, 28, 28] with values in [0, 1] to features [N, 96]. */
const body = sequential("classifier", [
  convolution("classifier/convolution1", 1, 16, { kernel: 5, stride: 2, padding: 2 }),
  rise,
  convolution("classifier/convolution2", 16, 24, { kernel: 3, padding: 1 }),
  rise,
  convolution("classifier/convolution3", 24, 32, { kernel: 4, stride: 2, padding: 1 }),
  rise,
  convolution("classifier/convolution4", 32, 40, { kernel: 3, stride: 2, padding: 1 }),
  rise,
  activation((x) => reshape(x, [x.shape[0]!, 640])),
  dense("classifier/dense1", 640, featureColumns),
  rise,
]);

const head = dense("classifier/dense2", featureColumns, 10);

/** The network that tells digits apart: logits [N, 10] of images [N, 1, 28, 28]. Its weights are made by tools/train-classifier.ts. */
export const digitClassifier: Network = sequential("classifier", [...body.layers, head]);

/** What the classifier makes of images [N, 1, 28, 28]: its last hidden layer [N, 96], and the logits [N, 10]. */
export function classify(weights: Weights, images: Tensor): { features: Tensor; logits: Tensor } {
  const features = body.apply(weights, images);
  return { features, logits: head.apply(weights, features) };
}
