import { fillUniform, stream } from "../random.ts";

/** Real images as evaluation needs them: [n, 28, 28] in [0, 1], and the class of each. */
export interface LabelledSet {
  readonly images: Float32Array;
  readonly labels: Uint8Array;
}

const pixels = 28 * 28;

/**
 * Sets of `count` images of known quality, between which a figure can be placed: the first training images (as good as samples can be, but copied),
 * every training image of one class, the mean training image, and noise.
 */
export function scaleSets({ images, labels }: LabelledSet, count: number): Readonly<Record<ScaleName, Float32Array>> {
  const ofOneClass = [...labels.keys()].filter((i) => labels[i] === labels[0]);
  const mean = meanImage(images);
  const noise = new Float32Array(count * pixels);
  fillUniform(stream(0, "evaluation/noise"), 0, noise, 0, 1);
  return {
    trainingImages: images.slice(0, count * pixels),
    oneClass: collect(count, (i) => imageAt(images, ofOneClass[i % ofOneClass.length]!)),
    meanImage: collect(count, () => mean),
    noise,
  };
}

/** A key of what `scaleSets` gives. */
export type ScaleName = "trainingImages" | "oneClass" | "meanImage" | "noise";

const imageAt = (images: Float32Array, i: number) => images.subarray(i * pixels, (i + 1) * pixels);

function collect(count: number, image: (i: number) => Float32Array): Float32Array {
  const images = new Float32Array(count * pixels);
  for (let i = 0; i < count; i++) images.set(image(i), i * pixels);
  return images;
}

function meanImage(images: Float32Array): Float32Array {
  const sum = new Float64Array(pixels);
  for (let i = 0; i < images.length; i++) sum[i % pixels]! += images[i]!;
  return Float32Array.from(sum, (total) => (total * pixels) / images.length);
}
