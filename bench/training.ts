import type { Dataset } from "../src/data/dataset.ts";
import { imageDataset } from "../src/data/image-feed.ts";
import { type Config, configure } from "../src/runs/config.ts";
import { chooseTrainingThreads, planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import type { Setting } from "../src/runs/setting.ts";
import { openRuntime } from "../src/runtime/open.ts";
import { emptySnapshot } from "../src/train/snapshot.ts";
import { type TrainingEvent, train } from "../src/train/train.ts";
import { createTrainer, type Trainer } from "../src/train/trainer.ts";

/** What is trained with any engine: one move of each player an iteration, non-saturating loss, Adam with 2e-4 and 0.5, no penalty, no averaged weights, no probe, no watchdog. */
export const tasks = ["adam", "block", "dcgan"] as const;
export type Task = (typeof tasks)[number];

const same: readonly Setting[] = [
  ["loss", "non-saturating"],
  ["discriminator.r1", 0],
  ["discriminator.r2", 0],
  ["discriminator.penaltyEvery", 1],
  ...["descent", "discriminator.descent"].flatMap((key): Setting[] => [
    [`${key}.steps`, 1],
    [`${key}.learningRate`, 2e-4],
    [`${key}.schedule`, "constant"],
    [`${key}.beta1`, 0.5],
    [`${key}.average`, 0],
  ]),
  ["probe.every", 0],
  ["watch.every", 0],
  ["steps", 2 ** 31],
];

const special: Readonly<Record<Task, { readonly preset: string; readonly settings: readonly Setting[] }>> = {
  adam: { preset: "adam", settings: [] },
  block: { preset: "default", settings: [["descent.partition", "layer"]] },
  dcgan: {
    preset: "dcgan",
    settings: [
      ["descent.partition", "all"],
      ["generator.architecture", "convolutional"], // without batch normalisation
      ["discriminator.architecture", "convolutional"],
    ],
  },
};

/** The configuration of a task. Throws Error where its preset is missing. */
export function configOf(task: Task, settings: readonly Setting[]): Config {
  const { preset, settings: own } = special[task];
  const found = Object.entries(presets).find(([name]) => name === preset)?.[1];
  if (!found) throw new Error(`there is no preset ${preset}`);
  return configure(found.config, [...same, ...own, ...settings]);
}

/** As many images as MNIST has to train on, of noise: what is in them does not matter for speed. */
export function noiseImages(count = 50_000): Dataset {
  const pixels = new Uint8Array(count * 784);
  for (let i = 0, state = 1; i < pixels.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    pixels[i] = state >>> 24;
  }
  return imageDataset({ name: "noise", count, height: 28, width: 28, pixels });
}

/** A training as the thread of `coordescent train` runs it. */
export interface Training {
  readonly runtime: string;
  readonly trainer: Trainer;
  /** Goes on for at least so many iterations: as many as there are up to a line of the log. */
  advance(iterations: number): Promise<void>;
}

/** Opens the training of a configuration, as `coordescent train` and its thread do. */
export async function openTraining(asked: Config, data: Dataset = noiseImages()): Promise<Training> {
  const config = { ...asked, threads: chooseTrainingThreads(asked, data) };
  const plan = planOf(config, data);
  const runtime = await openRuntime(config.device, { threads: config.threads });
  const trainer = await createTrainer({ plan, runtime, data, seed: config.seed });
  const snapshot = emptySnapshot(plan.tensors, (sizeBytes) => new SharedArrayBuffer(sizeBytes));
  const events = train({
    trainer,
    steps: config.steps,
    batch: config.batch,
    logEvery: config.log.every,
    sampleEvery: config.sample.every,
    checkpointEvery: config.checkpoint.every,
    latents: new Float32Array(config.sample.count * config.generator.latent),
    snapshotMemory: async () => snapshot,
  });
  return {
    runtime: runtime.name,
    trainer,
    async advance(iterations) {
      const end = trainer.step + iterations;
      let event: TrainingEvent | undefined;
      while (event?.type !== "record" || event.record.step < end) event = (await events.next()).value as TrainingEvent;
    },
  };
}
