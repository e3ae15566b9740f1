import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fillNormal, stream } from "../random.ts";
import { openRuntime } from "../runtime/open.ts";
import type { Device } from "../runtime/runtime.ts";
import { samplerOf } from "../train/sampler.ts";
import {
  checkpointPath,
  checkpointSuffix,
  checkTensors,
  type Damage,
  loadCheckpoint,
  loadNewest,
} from "./checkpoint.ts";
import { dataSetOf } from "./data-source.ts";
import { planOf } from "./model.ts";
import { openRun, runPaths } from "./run-directory.ts";

/** How many samples of which latents, made where. */
export interface SampleOptions {
  readonly count: number;
  readonly seed: number;
  readonly device?: Device | undefined;
}

/** Samples and where they come from. */
export interface Samples {
  /** Iterations behind the weights. */
  readonly step: number;
  /** [count, ...shape of an example] */
  readonly shape: readonly number[];
  readonly values: Float32Array;
  /** Newer checkpoints that could not be used. */
  readonly damaged: readonly Damage[];
  /** Makes a PNG file of samples. */
  draw(values: Float32Array): Promise<Uint8Array>;
}

/** The directory of the run that a path names, or in which it names a checkpoint; undefined where it does neither. */
export function runOf(path: string): string | undefined {
  if (path.endsWith(checkpointSuffix)) return dirname(dirname(resolve(path)));
  return existsSync(runPaths(path).config) ? path : undefined;
}

/**
 * Samples from the newest checkpoint of the run in a directory, or from a checkpoint of a run by its path. Throws ConfigError where there is no run,
 * CheckpointError where its checkpoint does not serve.
 */
export async function sampleRun(path: string, { count, seed, device }: SampleOptions): Promise<Samples> {
  const isFile = path.endsWith(checkpointSuffix);
  const { paths, record } = await openRun(runOf(path) ?? path);
  const { config } = record;
  const { examples, draw } = dataSetOf(config.data);
  const { checkpoint, damaged } = isFile
    ? { checkpoint: await loadCheckpoint(path), damaged: [] }
    : await loadNewest(paths.checkpoints);
  const plan = planOf(config, examples);
  checkTensors(checkpoint, plan.tensors, isFile ? path : checkpointPath(paths.checkpoints, checkpoint.step));
  const own = device === undefined || device === config.device;
  const runtime = await openRuntime(device ?? config.device, { threads: own ? config.threads : 0 });
  const sample = await samplerOf(plan.sampler!, runtime, checkpoint.snapshot);
  const latents = new Float32Array(count * config.generator.latent);
  fillNormal(stream(seed, "sample"), 0, latents);
  const values = await sample(latents);
  await sample.release();
  return { step: checkpoint.step, shape: [count, ...examples.shape], values, draw, damaged };
}
