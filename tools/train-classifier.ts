// Trains the network of src/evaluation/classifier.ts on the first 50,000 training images of MNIST and writes assets/digit-classifier.safetensors.
// Usage: npm run tools:classifier -- [--epochs N] [--seed N] [--threads N] [--out FILE] [--test]; COORDESCENT_DATA names a folder with mnist/.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Dataset } from "../src/data/dataset.ts";
import { imageDataset } from "../src/data/image-feed.ts";
import type { LabelledImages } from "../src/data/images.ts";
import { loadMnist } from "../src/data/mnist.ts";
import { encodeSafetensors } from "../src/data/safetensors.ts";
import { gamePlan } from "../src/descent/game.ts";
import type { ObjectiveAt } from "../src/descent/objective.ts";
import { whole } from "../src/descent/partition.ts";
import { cyclic } from "../src/descent/selection-order.ts";
import { averageName } from "../src/descent/step.ts";
import { classify, digitClassifier } from "../src/evaluation/classifier.ts";
import { openExtractor } from "../src/evaluation/extractor.ts";
import { input } from "../src/graph/tensor.ts";
import { mul, sub } from "../src/ops/arithmetic.ts";
import { reduceSum, reshape } from "../src/ops/broadcasting.ts";
import { exp, log } from "../src/ops/elementwise.ts";
import { detach } from "../src/ops/indexing.ts";
import { slice } from "../src/ops/layout.ts";
import { reduceMax, reduceMean } from "../src/ops/reduction.ts";
import { adam } from "../src/optim/adam.ts";
import { cosine } from "../src/optim/schedule.ts";
import { stream, uniform } from "../src/random.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import type { Snapshot } from "../src/train/snapshot.ts";
import { createTrainer } from "../src/train/trainer.ts";

const [side, classes] = [28, 10];
const area = side * side;
const width = area + classes;

/** Images with their class as ten further pixels, 1 for the class and 0 for the others, in shuffled epochs: [1, 1, 794]. */
function labelled({ name, count, pixels, labels }: LabelledImages): Dataset {
  const joined = new Uint8Array(count * width);
  for (let i = 0; i < count; i++) {
    joined.set(pixels.subarray(i * area, (i + 1) * area), i * width);
    joined[i * width + area + labels[i]!] = 255;
  }
  return imageDataset({ name, count, height: 1, width, pixels: joined, labels });
}

/** The same with every image moved by up to two pixels and stretched by up to 15 %, each time differently. */
function distorted(data: Dataset): Dataset {
  const [strength, shift] = [0.15, 2];
  const source = new Float64Array(area);
  return {
    ...data,
    fill(seed, step, out, part, parts) {
      data.fill(seed, step, out, part, parts);
      const choices = stream(seed, "distortion");
      for (let example = 0; example < out.length / width; example++) {
        const draw = (i: number, most: number) => most * (2 * uniform(choices, step, 6 * example + i) - 1);
        const [a, b, c, d] = [1 + draw(0, strength), draw(1, strength), draw(2, strength), 1 + draw(3, strength)];
        const image = out.subarray(example * width, example * width + area);
        source.set(image);
        const middle = (side - 1) / 2;
        const [right, down] = [middle + draw(4, shift), middle + draw(5, shift)];
        for (let i = 0; i < area; i++) {
          const [x, y] = [(i % side) - middle, Math.floor(i / side) - middle];
          image[i] = interpolated(source, a * x + b * y + right, c * x + d * y + down);
        }
      }
    },
  };
}

/** The brightness between pixels, 0 outside. */
function interpolated(image: Float64Array, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const at = (column: number, row: number) =>
    column >= 0 && column < side && row >= 0 && row < side ? image[row * side + column]! : 0;
  const [u, v] = [x - left, y - top];
  return (
    (1 - v) * ((1 - u) * at(left, top) + u * at(left + 1, top)) +
    v * ((1 - u) * at(left, top + 1) + u * at(left + 1, top + 1))
  );
}

/** The mean cross-entropy of the softmax of the logits with the classes. */
function crossEntropy(batch: number): ObjectiveAt {
  const examples = reshape(input("batch/examples", [batch, 1, 1, width], "batch"), [batch, width]);
  const images = reshape(slice(examples, 1, 0, area), [batch, 1, side, side]);
  const labels = slice(examples, 1, area, width);
  return (weights) => {
    const { logits } = classify(weights, images);
    const shifted = sub(logits, detach(reduceMax(logits, { axes: [1], keepdims: true })));
    const right = reduceSum(mul(labels, shifted), { axes: [1] });
    const value = reduceMean(sub(log(reduceSum(exp(shifted), { axes: [1] })), right));
    return { value, metrics: { loss: value } };
  };
}

/** Share of images whose largest logit is that of their class. */
async function accuracy(runtime: Runtime, weights: Snapshot, { count, pixels, labels }: LabelledImages) {
  const extractor = await openExtractor(runtime, { name: "classifier", weights, see: classify });
  const { logits } = await extractor.extract(Float32Array.from(pixels, (pixel) => pixel / 255));
  await extractor.release();
  const isRight = (label: number, i: number) => {
    const row = logits!.subarray(classes * i, classes * (i + 1));
    return row.indexOf(Math.max(...row)) === label;
  };
  return labels.filter(isRight).length / count;
}

const { values: options } = parseArgs({
  options: {
    epochs: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: "1" },
    out: { type: "string", default: "assets/digit-classifier.safetensors" },
    test: { type: "boolean", default: false },
  },
});
const [batch, seed] = [128, Number(options.seed)];
const train = await loadMnist({ split: "train" });
const validation = await loadMnist({ split: "validation" });
const perEpoch = Math.ceil(train.count / batch);
const steps = Number(options.epochs) * perEpoch;
const plan = gamePlan([
  {
    network: digitClassifier,
    objective: crossEntropy(batch),
    descent: {
      partition: whole,
      select: cyclic(),
      update: adam(),
      learningRate: 3e-3,
      schedule: { factor: cosine, iterations: steps, isPerSweep: false },
      average: 0.999,
    },
  },
]);
const runtime = nodeRuntime({ threads: Number(options.threads) });
const trainer = await createTrainer({ plan, runtime, data: distorted(labelled(train)), seed });
const averaged = async (): Promise<Snapshot> => {
  const snapshot = await trainer.snapshot();
  return new Map(digitClassifier.parameters.map(({ name }) => [name, snapshot.get(averageName(name))!]));
};
const begun = performance.now();
let loss = 0;
while (trainer.step < steps) {
  const { metrics, step } = await trainer.iterate();
  loss += metrics.loss! / perEpoch;
  if (step % perEpoch !== 0) continue;
  const right = await accuracy(runtime, await averaged(), validation);
  const seconds = Math.round((performance.now() - begun) / 1000);
  console.log(`epoch ${step / perEpoch}: loss ${loss.toFixed(4)}, validation ${right}, ${seconds} s`);
  loss = 0;
}
const final = await averaged();
writeFileSync(options.out, Buffer.concat(encodeSafetensors({}, final)));
if (options.test) console.log(`test ${await accuracy(runtime, final, await loadMnist({ split: "test" }))}`);
