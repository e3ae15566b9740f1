import { someRows } from "../metrics/matrix.ts";
import type { Mixture } from "../metrics/mixture-modes.ts";
import { fillNormal, fillUniform, type Stream, stream } from "../random.ts";

const pixels = 28 * 28;

/** So many of some images [n, 28, 28], drawn at random. */
export function someImages(images: Float32Array, count: number, source: Stream): Float32Array {
  const rows = images.length / pixels;
  return someRows({ rows, columns: pixels, values: images }, count, source).values;
}

/** Real images as evaluation needs them: [n, 28, 28] in [0, 1], and the class of each. */
export interface LabelledSet {
  readonly images: Float32Array;
  readonly labels: Uint8Array;
}

/**
 * Sets of `count` images of known quality, between which a figure can be placed: training images (as good as samples can be, but copied),
 * training images of one class, the mean training image, and noise.
 */
export function scaleSets({ images, labels }: LabelledSet, count: number): Readonly<Record<ScaleName, Float32Array>> {
  const ofOneClass = [...labels.keys()].filter((i) => labels[i] === labels[0]);
  const mean = meanOf(images, pixels);
  const noise = new Float32Array(count * pixels);
  fillUniform(stream(0, "evaluation/noise"), 0, noise, 0, 1);
  return {
    trainingImages: someImages(images, count, stream(0, "evaluation/training images")),
    oneClass: collect(count, (i) => imageAt(images, ofOneClass[i % ofOneClass.length]!)),
    meanImage: collect(count, () => mean),
    noise,
  };
}

/** A key of what `scaleSets` gives. */
export type ScaleName = "trainingImages" | "oneClass" | "meanImage" | "noise";

/** As many images of three digits [n, 3, 28, 28] as some real ones, of known quality: one of them over and over, their mean, and noise. */
export function stackedScaleSets(real: Float32Array): Readonly<Record<StackedScaleName, Float32Array>> {
  const size = 3 * pixels;
  const mean = meanOf(real, size);
  const noise = new Float32Array(real.length);
  fillUniform(stream(0, "evaluation/noise"), 0, noise, 0, 1);
  return { oneTriple: real.map((_, i) => real[i % size]!), meanImage: real.map((_, i) => mean[i % size]!), noise };
}

/** A key of what `stackedScaleSets` gives. */
export type StackedScaleName = "oneTriple" | "meanImage" | "noise";

/** Sets of `count` points of known quality: of one of the Gaussians of a mixture, its mean over and over, and noise in a square around it. */
export function pointScaleSets(
  { centres, deviation }: Mixture,
  count: number,
): Readonly<Record<PointScaleName, Float32Array>> {
  const mean = [0, 1].map((axis) => centres.reduce((sum, centre) => sum + centre[axis]!, 0) / centres.length);
  const extent = 1.25 * Math.max(...centres.flat().map(Math.abs));
  const oneGaussian = new Float32Array(2 * count);
  fillNormal(stream(0, "evaluation/points"), 0, oneGaussian);
  for (const i of oneGaussian.keys()) oneGaussian[i] = centres[0]![i % 2]! + deviation * oneGaussian[i]!;
  const noise = new Float32Array(2 * count);
  fillUniform(stream(0, "evaluation/noise"), 0, noise, -extent, extent);
  return { oneGaussian, meanPoint: Float32Array.from(noise, (_, i) => mean[i % 2]!), noise };
}

/** A key of what `pointScaleSets` gives. */
export type PointScaleName = "oneGaussian" | "meanPoint" | "noise";

const imageAt = (images: Float32Array, i: number) => images.subarray(i * pixels, (i + 1) * pixels);

function collect(count: number, image: (i: number) => Float32Array): Float32Array {
  const images = new Float32Array(count * pixels);
  for (let i = 0; i < count; i++) images.set(image(i), i * pixels);
  return images;
}

function meanOf(images: Float32Array, size: number): Float32Array {
  const sum = new Float64Array(size);
  for (let i = 0; i < images.length; i++) sum[i % size]! += images[i]!;
  return Float32Array.from(sum, (total) => (total * size) / images.length);
}
