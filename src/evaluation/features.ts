/** The two networks whose features metrics are made of: a trained one, and an untrained one that nobody can tune a generator to together with it. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { reading } from "../data/reading.ts";
import { decodeSafetensors, type Tensors } from "../data/safetensors.ts";
import { constant } from "../graph/tensor.ts";
import { convolution } from "../nn/convolutional.ts";
import { type DenseInitialiser, zeros } from "../nn/initialiser.ts";
import { activation, dense } from "../nn/layer.ts";
import { sequential } from "../nn/network.ts";
import { mul } from "../ops/arithmetic.ts";
import { reshape } from "../ops/broadcasting.ts";
import { leakyRelu } from "../ops/elementwise.ts";
import { sizeOf, type TensorSpec } from "../program.ts";
import { fillUniform, stream } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { classify } from "./classifier.ts";
import { type Extractor, openExtractor } from "./extractor.ts";

/** Beside `src` and `dist`; a build of tools and benchmarks has the sources one folder deeper. */
const places = ["../../assets", "../../../assets"].map((folder) =>
  fileURLToPath(new URL(`${folder}/digit-classifier.safetensors`, import.meta.url)),
);
const weightsFile = places.find((path) => existsSync(path)) ?? places[0]!;

/** The weights of the trained classifier, and its name, which holds the first digits of their SHA-256. Throws StorageError or CheckpointError. */
export function readClassifier(): { readonly name: string; readonly weights: Tensors } {
  const bytes = reading(weightsFile, () => readFileSync(weightsFile));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { name: `digits-v1:${sha256.slice(0, 12)}`, weights: decodeSafetensors(bytes, weightsFile).tensors };
}

/** A classifier of digits, trained on the first 50,000 images of MNIST; it is right about 99.5 % of the test images. */
export function openClassifier(runtime: Runtime): Promise<Extractor> {
  return openExtractor(runtime, { ...readClassifier(), see: classify });
}

/** Keeps the mean square of what layers with a ReLU compute (He et al. 2015). */
const heUniform: DenseInitialiser = {
  weight: (fanIn) => ({ kind: "uniform", low: -Math.sqrt(6 / fanIn), high: Math.sqrt(6 / fanIn) }),
  bias: () => zeros,
};

const rise = activation((x) => leakyRelu(x, 0.2));
const window = { kernel: 5, stride: 2, padding: 2, initialiser: heUniform } as const;

/** [N, 1, 28, 28] to [N, 128]. The mean square of a digit's pixels is about 1/9. */
const randomNetwork = sequential("random", [
  activation((x) => mul(constant(3), x)),
  convolution("random/convolution1", 1, 16, window),
  rise,
  convolution("random/convolution2", 16, 32, window),
  rise,
  activation((x) => reshape(x, [x.shape[0]!, 1568])),
  dense("random/dense1", 1568, 128, { initialiser: heUniform }),
  rise,
]);

/** Convolutions with random weights, always the same; their name holds the first digits of the SHA-256 of these. */
export function openRandomFeatures(runtime: Runtime): Promise<Extractor> {
  const weights = new Map(randomNetwork.parameters.map((spec) => [spec.name, drawn(spec)]));
  const hash = createHash("sha256");
  for (const { values } of weights.values()) hash.update(new Uint8Array(values.buffer));
  const name = `random-conv-v1:${hash.digest("hex").slice(0, 12)}`;
  const see = (...[of, images]: Parameters<typeof classify>) => ({ features: randomNetwork.apply(of, images) });
  return openExtractor(runtime, { name, weights, see });
}

function drawn({ name, shape, initialiser }: TensorSpec) {
  const values = new Float32Array(sizeOf(shape));
  if (initialiser.kind === "uniform") fillUniform(stream(1, name), 0, values, initialiser.low, initialiser.high);
  return { shape, values };
}
