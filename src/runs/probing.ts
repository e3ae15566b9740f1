import type { Split } from "../data/images.ts";
import type { Mixture } from "../data/mixture.ts";
import { openClassifier } from "../evaluation/features.ts";
import { imageProbe, pointProbe } from "../evaluation/probe.ts";
import { fillNormal, stream } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Probe } from "../train/train.ts";
import type { Config } from "./config.ts";
import { type DataSource, dataSetOf, hasEvenClasses } from "./data-source.ts";

/** Held-out examples that samples are compared with, if there are as many. */
const realImages = 5000;
const realPoints = 2000;

/** The probe of a training, where it has one. */
export function probeOf({ probe, seed, generator }: Config, source: DataSource, runtime: Runtime): Probe | undefined {
  if (probe.every === 0) return undefined;
  const latents = new Float32Array(probe.count * generator.latent);
  fillNormal(stream(seed, "probe"), 0, latents);
  const { mixture } = dataSetOf(source.name);
  const measure = mixture ? measurePoints(mixture, probe.count) : measureImages(source, runtime, probe.count);
  return { every: probe.every, latents, measure, hasClasses: hasEvenClasses(source.name) };
}

function measurePoints(mixture: Mixture, count: number) {
  const [real, others] = [new Float32Array(2 * realPoints), new Float32Array(2 * count)];
  mixture.fill(0, 0, real);
  mixture.fill(1, 0, others);
  return pointProbe(mixture, real, others);
}

function measureImages(source: DataSource, runtime: Runtime, count: number) {
  const { open, examples } = dataSetOf(source.name);
  const size = examples.shape.reduce((product, length) => product * length, 1);
  const some = async (split: Split, most: number) => {
    const data = await open(source, split);
    const images = new Float32Array(Math.min(most, data.count ?? most) * size);
    data.fill(0, 0, images);
    return images;
  };
  return imageProbe(async () => {
    const [real, others] = [await some("validation", realImages), await some("train", count)];
    return { extractor: await openClassifier(runtime), real, others };
  }, examples.shape[0]!);
}
