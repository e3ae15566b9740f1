import type { Config } from "./config.ts";

/** A complete configuration with a name. */
export interface Preset {
  readonly summary: string;
  readonly config: Config;
}

const networks = {
  generator: { latent: 100, hidden: [128, 256], slope: 0.2, output: "auto", initialiser: "fan-in-uniform" },
  discriminator: { hidden: [256, 128], slope: 0.2, initialiser: "fan-in-uniform" },
} as const;

const adam = { update: "adam", beta1: 0.5, beta2: 0.999 } as const;
const cyclicLayers = { partition: "layer", select: "cyclic" } as const;
const allAtOnce = { partition: "all", select: "cyclic" } as const;

const base: Config = {
  preset: "default",
  data: "mnist",
  steps: 20_000,
  batch: 64,
  seed: 1,
  device: "cpu",
  threads: 0,
  loss: "non-saturating",
  generator: networks.generator,
  discriminator: {
    ...networks.discriminator,
    r1: 0.02,
    r2: 0.02,
    descent: { ...allAtOnce, ...adam, learningRate: 2e-4 },
  },
  descent: { ...cyclicLayers, ...adam, learningRate: 3e-3 },
  log: { every: 50 },
  sample: { every: 500, count: 64 },
  checkpoint: { every: 1000, keep: 2 },
};

/** Complete configurations that can be started by name. */
export const presets = {
  default: {
    summary:
      "coordinate descent on G: one layer at a time in turn, Adam on the layer; non-saturating loss, R1 and R2 on D",
    config: base,
  },
  adam: {
    summary: "the default with Adam on all of G at once: the yardstick",
    config: { ...base, preset: "adam", descent: { ...allAtOnce, ...adam, learningRate: 2e-3 } },
  },
  source: {
    summary:
      "the source document to the letter: minimax loss, Adam on D, plain gradient steps on one layer of G at a time; D wins and G stays noise",
    config: {
      ...base,
      preset: "source",
      steps: 10_000,
      loss: "minimax",
      generator: { ...networks.generator, initialiser: "glorot-uniform" },
      discriminator: {
        ...networks.discriminator,
        initialiser: "glorot-uniform",
        r1: 0,
        r2: 0,
        descent: { ...allAtOnce, update: "adam", beta1: 0.9, beta2: 0.999, learningRate: 2e-4 },
      },
      descent: { ...cyclicLayers, update: "gradient", beta1: 0.9, beta2: 0.999, learningRate: 2e-4 },
    },
  },
} as const satisfies Record<string, Preset>;
