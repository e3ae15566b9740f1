import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { type Descent, type GanOptions, ganPlan } from "../gan/game.ts";
import { losses } from "../gan/losses.ts";
import { initialisers } from "../nn/initialiser.ts";
import { perceptron } from "../nn/network.ts";
import { updateRules } from "../optim/update-rules.ts";
import type { Plan } from "../program.ts";
import type { Config } from "./config.ts";
import type { ExampleSpec } from "./example-spec.ts";

/** The programs of a configuration on examples of a shape. */
export function planOf(config: Config, examples: ExampleSpec): Plan {
  return ganPlan(ganOptions(config, examples));
}

/** The networks, loss and descents that a configuration names. */
export function ganOptions(config: Config, { shape, range }: ExampleSpec): GanOptions {
  const { generator: g, discriminator: d } = config;
  const output = g.output === "auto" ? (range === "unit" ? "sigmoid" : "linear") : g.output;
  return {
    generator: perceptron("generator", [g.latent], shape, { ...g, output, initialiser: initialisers[g.initialiser] }),
    discriminator: perceptron("discriminator", shape, [1], { ...d, initialiser: initialisers[d.initialiser] }),
    latent: g.latent,
    shape,
    batch: config.batch,
    loss: losses[config.loss],
    r1: d.r1,
    r2: d.r2,
    descent: { generator: descentOf(config.descent), discriminator: descentOf(d.descent) },
  };
}

function descentOf(options: Config["descent"]): Descent {
  return {
    partition: partitions[options.partition],
    select: selectionRules[options.select],
    update: updateRules[options.update](options),
    learningRate: options.learningRate,
  };
}
