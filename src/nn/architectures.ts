import { convolutionalDiscriminator, convolutionalGenerator } from "./convolutional.ts";
import { type Network, type PerceptronOptions, perceptron } from "./network.ts";

/** A kind of network for either player; `hidden` are widths of layers, in channels where there are such. */
export interface Architecture {
  /** From latents [N, latent] to examples [N, ...shape]. */
  generator(name: string, latent: number, shape: readonly number[], options: PerceptronOptions): Network;
  /** From examples [N, ...shape] to logits [N, 1]. */
  discriminator(name: string, shape: readonly number[], options: PerceptronOptions): Network;
}

/** Every architecture, by its name in configurations. */
export const architectures = {
  perceptron: {
    generator: (name, latent, shape, options) => perceptron(name, [latent], shape, options),
    discriminator: (name, shape, options) => perceptron(name, shape, [1], options),
  },
  convolutional: { generator: convolutionalGenerator, discriminator: convolutionalDiscriminator },
  dcgan: {
    generator: (name, latent, shape, options) =>
      convolutionalGenerator(name, latent, shape, { ...options, batchNorm: true }),
    discriminator: (name, shape, options) => convolutionalDiscriminator(name, shape, { ...options, batchNorm: true }),
  },
} as const satisfies Record<string, Architecture>;
