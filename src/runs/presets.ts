import type { Config } from "./config.ts";

/** A complete configuration with a name. */
export interface Preset {
  readonly summary: string;
  /** What came out of it, and under which conditions. */
  readonly measured: string;
  readonly config: Config;
}

const networks = {
  generator: {
    architecture: "perceptron",
    latent: 100,
    hidden: [128, 256],
    slope: 0.2,
    output: "auto",
    initialiser: "fan-in-uniform",
  },
  discriminator: { architecture: "perceptron", hidden: [256, 128], slope: 0.2, initialiser: "fan-in-uniform" },
} as const;

/** Every setting of a descent: whatever a preset does not change. */
const descent: Config["descent"] = {
  partition: "all",
  blockSize: 1,
  blocks: [],
  select: "cyclic",
  order: "ascending",
  exponent: 1,
  floor: 0.1,
  epsilon: 0.1,
  refresh: 0,
  discount: 0.9,
  staleness: 0.99,
  active: 2,
  periods: [],
  update: "adam",
  learningRate: 2e-4,
  schedule: "constant",
  perSweep: false,
  beta1: 0.5,
  beta2: 0.999,
  momentum: 0.9,
  weightDecay: 0.01,
  relative: true,
  damping: 0,
  iterations: 10,
  optimistic: false,
  largest: 0,
  proximal: "none",
  proximalWeight: 0.01,
  state: "keep",
  stateDecay: 0.5,
  steps: 1,
  hold: 1,
  innerSteps: 1,
  average: 0,
  anderson: 0,
  lipschitz: { rounds: 5, every: 100 },
};

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
    spectralNorm: false,
    smoothing: 0,
    r1: 0.02,
    r2: 0.02,
    wganGp: 0,
    dragan: 0,
    penaltyEvery: 1,
    descent,
  },
  descent: { ...descent, partition: "layer", learningRate: 3e-3 },
  game: { order: "alternating" },
  convergence: { tolerance: 0, window: 100 },
  log: { every: 50 },
  sample: { every: 500, count: 64 },
  probe: { every: 2000, count: 2000 },
  checkpoint: { every: 1000, keep: 2 },
};

/** Complete configurations that can be started by name. */
export const presets = {
  default: {
    summary:
      "coordinate descent on G: one layer at a time in turn, Adam on the layer; non-saturating loss, R1 and R2 on D",
    measured: "MNIST, 20,000 iterations: 1 min 41 s on two cores, FID 13.6 (LeNet, real images 1.7; one seed)",
    config: base,
  },
  adam: {
    summary: "the default with Adam on all of G at once: the yardstick",
    measured: "MNIST, 20,000 iterations: FID 14.8 (LeNet, real images 1.7; one seed)",
    config: { ...base, preset: "adam", descent: { ...descent, learningRate: 2e-3 } },
  },
  source: {
    summary:
      "the source document to the letter: minimax loss, Adam on D, plain gradient steps on one layer of G at a time; D wins and G stays noise",
    measured: "MNIST, 10,000 iterations: D is sure within a few hundred, FID above 1,000",
    config: {
      ...base,
      preset: "source",
      steps: 10_000,
      loss: "minimax",
      generator: { ...networks.generator, initialiser: "glorot-uniform" },
      discriminator: {
        ...base.discriminator,
        initialiser: "glorot-uniform",
        r1: 0,
        r2: 0,
        descent: { ...descent, beta1: 0.9 },
      },
      descent: { ...descent, partition: "layer", update: "gradient" },
    },
  },
} as const satisfies Record<string, Preset>;
