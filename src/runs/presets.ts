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
    r1: 0.1,
    r2: 0.1,
    wganGp: 0,
    dragan: 0,
    penaltyEvery: 4,
    descent: { ...descent, steps: 3, learningRate: 6e-4, beta1: 0, schedule: "cooldown" },
  },
  descent: {
    ...descent,
    partition: "hidden-output",
    steps: 9,
    learningRate: 5e-3,
    beta1: 0,
    schedule: "cooldown",
    average: 0.9995,
  },
  game: { order: "alternating" },
  convergence: { tolerance: 0, window: 100 },
  log: { every: 50 },
  sample: { every: 500, count: 64 },
  probe: { every: 2000, count: 2000 },
  watch: { every: 100, onCollapse: "warn" },
  checkpoint: { every: 1000, keep: 2 },
};

const pointNetwork = { architecture: "perceptron", slope: 0, initialiser: "glorot-uniform" } as const;

/** Of both players of points: without momentum, with a short memory, down to nothing at the end. */
const pointSteps = { schedule: "linear", beta1: 0, beta2: 0.9 } as const;

/** The default with another loss. */
const withLoss = (preset: string, loss: Config["loss"]): Config => ({ ...base, preset, loss });

/** D with a bound on its slope in place of R1 and R2, and the number of its moves in an iteration. */
function critic(penalties: Partial<Config["discriminator"]>, steps: number, ofD: Partial<Config["descent"]>) {
  const unbounded = { ...base.discriminator, r1: 0, r2: 0, penaltyEvery: 1 };
  return { ...unbounded, ...penalties, descent: { ...base.discriminator.descent, steps, ...ofD } };
}

/** Complete configurations that can be started by name. */
export const presets = {
  default: {
    summary:
      "coordinate descent on G: hidden layers and output layer in turn, Adam on the block; nine moves to three of D in an iteration, non-saturating loss, lazy R1 and R2 on D, averaged weights",
    measured:
      "MNIST, 20,000 iterations, seeds 3 to 7: FID-C 14.9 (14.3 to 16.3; real images 3.4), KID 9.6 (1.0), coverage 0.873 (0.943), all digits, KL 0.002",
    config: base,
  },
  adam: {
    summary: "the default with Adam on all of G at once, six moves to three of D: the yardstick",
    measured:
      "MNIST, 20,000 iterations, seed 3: FID-C 11.0, KID 7.2 (real images 3.4, 1.0), coverage 0.886 (0.943), all digits, KL 0.0004",
    config: {
      ...base,
      preset: "adam",
      descent: { ...base.descent, partition: "all", steps: 6, learningRate: 3e-3 },
    },
  },
  source: {
    summary:
      "the source document to the letter: minimax loss, Adam on D, plain gradient steps on one layer of G at a time; D wins and G stays noise",
    measured:
      "MNIST, 10,000 iterations, seed 3: D is sure within a few hundred; FID-C 1617 (real images 3.4), coverage 0, one digit in 99 % of the samples",
    config: {
      ...base,
      preset: "source",
      steps: 10_000,
      loss: "minimax",
      generator: { ...networks.generator, initialiser: "glorot-uniform" },
      discriminator: {
        ...critic({}, 1, { learningRate: 2e-4, beta1: 0.9, schedule: "constant" }),
        initialiser: "glorot-uniform",
      },
      descent: { ...descent, partition: "layer", update: "gradient" },
    },
  },
  lsgan: {
    summary:
      "the least-squares loss (Mao et al. 2017); three moves of each player an iteration, with momentum, the rest as in the default",
    measured:
      "MNIST, 20,000 iterations, seed 3: FID-C 33.2 (real images 3.4), coverage 0.802 (0.943), all digits, KL 0.013",
    config: {
      ...withLoss("lsgan", "least-squares"),
      discriminator: { ...base.discriminator, descent: { ...base.discriminator.descent, beta1: 0.5 } },
      descent: { ...base.descent, steps: 3, learningRate: 3e-3, beta1: 0.5, average: 0.998 },
    },
  },
  hinge: {
    summary: "the default with the hinge loss (Lim and Ye 2017)",
    measured:
      "MNIST, 20,000 iterations, seed 3: FID-C 14.7 (real images 3.4), coverage 0.875 (0.943), all digits, KL 0.002",
    config: withLoss("hinge", "hinge"),
  },
  "wgan-gp": {
    summary:
      "Wasserstein loss with the gradient penalty of Gulrajani et al. (2017), weight 1, six moves of G to three of D",
    measured:
      "MNIST, 20,000 iterations, seed 3: FID-C 18.8, KID 12.3 (real images 3.4, 1.0), coverage 0.843 (0.943), all digits, KL 0.002",
    config: {
      ...withLoss("wgan-gp", "wasserstein"),
      discriminator: critic({ wganGp: 1 }, 3, { learningRate: 1e-3, beta2: 0.9 }),
      descent: { ...base.descent, steps: 6, learningRate: 2e-3, beta2: 0.9, average: 0.998 },
    },
  },
  wgan: {
    summary:
      "Wasserstein loss with the weights of D clipped to 0.05 (Arjovsky et al. 2017), RMSProp, six moves of each player",
    measured:
      "MNIST, 20,000 iterations, seed 3: FID-C 48.1, KID 36.5 (real images 3.4, 1.0), coverage 0.751 (0.943), all digits, KL 0.003",
    config: {
      ...withLoss("wgan", "wasserstein"),
      discriminator: critic({}, 6, {
        update: "rmsprop",
        learningRate: 5e-4,
        beta2: 0.9,
        proximal: "box",
        proximalWeight: 0.05,
      }),
      descent: { ...base.descent, steps: 6, update: "rmsprop", learningRate: 2e-3, beta2: 0.9, average: 0.998 },
    },
  },
  points: {
    summary:
      "covers ring and grid: networks with ReLU, the first two layers of G every second move and the others every move, relativistic loss, R1 and R2 of 0.05, batch 512",
    measured:
      "20,000 iterations, seeds 11 to 20: grid 25 of 25 Gaussians every time, 94 to 97 % of the samples within three deviations of one (true ones 98.9 %), KL 0.004 to 0.013; ring 8 of 8 every time, 97 to 98 %, KL 0.001 to 0.005",
    config: {
      ...withLoss("points", "relativistic"),
      data: "grid",
      batch: 512,
      generator: { ...pointNetwork, hidden: [128, 128, 128, 128], latent: 8, output: "auto" },
      discriminator: {
        ...base.discriminator,
        ...pointNetwork,
        hidden: [128, 128, 128],
        r1: 0.05,
        r2: 0.05,
        penaltyEvery: 1,
        descent: { ...descent, ...pointSteps, learningRate: 2e-3 },
      },
      descent: {
        ...descent,
        ...pointSteps,
        partition: "layer",
        select: "periodic",
        periods: [2, 2],
        learningRate: 1.5e-3,
        average: 0.995,
      },
      sample: { every: 500, count: 1000 },
    },
  },
  dcgan: {
    summary:
      "DCGAN for 28 x 28 (Radford et al. 2016): strided convolutions with batch normalisation, Adam of 2e-4 on D, one layer of G at a time",
    measured:
      "MNIST, 600 iterations, seed 1: varied strokes, many of them digits (by eye); no figure of quality has been taken",
    config: {
      ...base,
      preset: "dcgan",
      steps: 4000,
      generator: { ...networks.generator, architecture: "dcgan", hidden: [128, 64] },
      discriminator: {
        ...critic({}, 1, { learningRate: 2e-4, beta1: 0.5, schedule: "constant" }),
        architecture: "dcgan",
        hidden: [64, 128],
      },
      descent: { ...descent, partition: "layer", learningRate: 1e-3 },
    },
  },
  stacked: {
    summary:
      "Stacked MNIST, 1,000 modes, with convolutions: layers of G, the first every second move, one move of each player an iteration, relativistic loss, lazy R1 and R2; a long run",
    measured:
      "24,000 iterations, seed 1, 26,000 samples: 1,000 of 1,000 modes, KL 0.103 (real images 0.024), but the classifier is unsure of 64 % of the samples (3 %)",
    config: {
      ...withLoss("stacked", "relativistic"),
      data: "stacked-mnist",
      steps: 24_000,
      generator: { ...networks.generator, architecture: "convolutional", hidden: [64, 32] },
      discriminator: {
        ...base.discriminator,
        architecture: "convolutional",
        hidden: [32, 64],
        penaltyEvery: 8,
        descent: { ...base.discriminator.descent, steps: 1, beta1: 0.5 },
      },
      descent: {
        ...base.descent,
        partition: "layer",
        select: "periodic",
        periods: [2],
        steps: 1,
        learningRate: 2e-3,
        beta1: 0.5,
        average: 0.998,
      },
      probe: { every: 3000, count: 2000 },
    },
  },
} as const satisfies Record<string, Preset>;
