import type { Mixture } from "../data/mixture.ts";
import { openClassifier } from "../evaluation/features.ts";
import { imageProbe, pointProbe } from "../evaluation/probe.ts";
import { fillNormal, stream } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Probe } from "../train/train.ts";
import type { Config } from "./config.ts";
import { type DataSource, dataSets } from "./data-source.ts";

/** Held-out examples that samples are compared with. */
const realImages = 5000;
const realPoints = 2000;

/** The probe of a training, where it has one. */
export function probeOf({ probe, seed, generator }: Config, source: DataSource, runtime: Runtime): Probe | undefined {
  if (probe.every === 0) return undefined;
  const latents = new Float32Array(probe.count * generator.latent);
  fillNormal(stream(seed, "probe"), 0, latents);
  const { mixture } = dataSets[source.name];
  return { every: probe.every, latents, measure: mixture ? measurePoints(mixture) : measureImages(source, runtime) };
}

function measurePoints(mixture: Mixture) {
  const real = new Float32Array(2 * realPoints);
  mixture.fill(0, 0, real);
  return pointProbe(mixture, real);
}

function measureImages(source: DataSource, runtime: Runtime) {
  const { open, examples } = dataSets[source.name];
  const size = examples.shape.reduce((product, length) => product * length, 1);
  return imageProbe(async () => {
    const real = new Float32Array(realImages * size);
    (await open(source, "validation")).fill(0, 0, real);
    return { extractor: await openClassifier(runtime), real };
  }, examples.shape[0]!);
}
