import type { Dataset } from "../data/dataset.ts";
import { sizeOf } from "../program.ts";
import { fillNormal, stream } from "../random.ts";
import type { GuardOptions, Refuge } from "../train/guard.ts";
import type { Config } from "./config.ts";
import { type DataSource, dataSetOf } from "./data-source.ts";

/** Samples, learnt and held-out examples of a look. */
const count = 64;

/** Fewer held-out examples, the same at every look, can rank low by chance alone. */
const leastHeldOut = 32;

/** What the watchdog of a training looks at, where it has one: the examples of the first batch, held-out ones, and samples of latents of its own. */
export async function watchOf(
  { watch, seed, generator }: Config,
  source: DataSource,
  data: Dataset,
  refuge: Refuge | undefined,
): Promise<GuardOptions | undefined> {
  const { every, onCollapse } = watch;
  if (every === 0) return undefined;
  const latents = new Float32Array(count * generator.latent);
  fillNormal(stream(seed, "watch"), 0, latents);
  return {
    every,
    reaction: onCollapse,
    shape: data.shape,
    latents,
    real: examplesOf(data, seed),
    heldOut: await heldOutOf(source, data),
    refuge,
  };
}

/** Endless data are never learnt by heart. */
async function heldOutOf(source: DataSource, learnt: Dataset): Promise<Float32Array | undefined> {
  if (learnt.count === undefined) return undefined;
  const heldOut = await dataSetOf(source.name).open(source, "validation");
  return heldOut.count! < leastHeldOut ? undefined : examplesOf(heldOut, 0);
}

function examplesOf(data: Dataset, seed: number): Float32Array {
  const examples = new Float32Array(Math.min(count, data.count ?? count) * sizeOf(data.shape));
  data.fill(seed, 0, examples);
  return examples;
}
