import type { Descent } from "../descent/descent.ts";
import { namingItself } from "../descent/game.ts";
import { type PartitionSettings, partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { statePolicies } from "../descent/state-policy.ts";
import { ConfigError } from "../errors.ts";
import { type GanOptions, ganPlan } from "../gan/game.ts";
import { losses, smoothed } from "../gan/losses.ts";
import { architectures } from "../nn/architectures.ts";
import { initialisers } from "../nn/initialiser.ts";
import type { Network } from "../nn/network.ts";
import { spectrallyNormalised } from "../nn/spectral.ts";
import { largestCoordinates } from "../optim/largest-coordinates.ts";
import { optimistic } from "../optim/optimistic.ts";
import { proximal, proximalOperators } from "../optim/proximal.ts";
import { schedules } from "../optim/schedule.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import { type UpdateSettings, updateRules } from "../optim/update-rules.ts";
import type { Plan } from "../plan.ts";
import { sizeOf } from "../program.ts";
import { chooseShards, chooseThreads } from "../runtime/threads.ts";
import type { Config } from "./config.ts";
import type { ExampleSpec } from "./example-spec.ts";

/** The programs of a configuration on examples of a shape. Without estimates the partitions `sorted` and `averaged` take all units for alike. */
export function planOf(config: Config, examples: ExampleSpec, unitLipschitz?: Estimates): Plan {
  return ganPlan(ganOptions(config, examples, unitLipschitz));
}

type Estimates = PartitionSettings["unitLipschitz"];

/** The networks, loss and descents that a configuration names. */
export function ganOptions(config: Config, { shape, range }: ExampleSpec, unitLipschitz?: Estimates): GanOptions {
  const { generator: g, discriminator: d } = config;
  const output = g.output === "auto" ? (range === "unit" ? "sigmoid" : "linear") : g.output;
  const critic = architectures[d.architecture].discriminator("discriminator", shape, {
    ...d,
    initialiser: initialisers[d.initialiser],
  });
  const discriminator = d.spectralNorm ? spectrallyNormalised(critic) : critic;
  const generator = architectures[g.architecture].generator("generator", g.latent, shape, {
    ...g,
    output,
    initialiser: initialisers[g.initialiser],
  });
  return {
    generator,
    discriminator,
    latent: g.latent,
    shape,
    batch: config.batch,
    shards: chooseShards(config.batch, threadsFor(config, [generator, discriminator])),
    loss: namingItself("discriminator", () => smoothed(losses[config.loss], d.smoothing)),
    r1: d.r1,
    r2: d.r2,
    wganGp: d.wganGp,
    dragan: d.dragan,
    penaltyEvery: d.penaltyEvery,
    order: config.game.order,
    hasKernels: config.device !== "webgpu",
    descent: {
      generator: namingItself("generator", () => descentOf(config.descent, config, unitLipschitz)),
      discriminator: namingItself("discriminator", () => descentOf(d.descent, config, unitLipschitz)),
    },
  };
}

/** Products of a weight and a row of the batch below which a thread is not worth having: the numbers that threads pass to each other cost more than it saves (docs/decisions/0011). */
const leastWork = 6e6;

/** Threads of a training: as configured, or as many as the machine has and the work is worth. Throws ConfigError where the device has not so many. */
export function chooseTrainingThreads(config: Config, examples: ExampleSpec): number {
  const { generator, discriminator } = ganOptions(config, examples);
  return threadsFor(config, [generator, discriminator]);
}

function threadsFor({ threads, device, batch }: Config, networks: readonly Network[]): number {
  const possible = chooseThreads(threads, device);
  if (threads > 0) return possible;
  const weights = networks.map(({ parameters }) => parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  return Math.max(1, Math.min(possible, Math.floor((batch * Math.max(...weights)) / leastWork)));
}

/** The descent of a player, from its settings. Throws ConfigError where they do not go together. */
function descentOf(
  options: Config["descent"],
  { steps: iterations, convergence }: Config,
  unitLipschitz: Estimates,
): Descent {
  const { partition, select, update, schedule, perSweep, state, refresh, ...rest } = options;
  if (rest.blocks.length > 0 && partition !== "list") {
    throw new ConfigError(`blocks: is for the partition list, got the partition ${partition}.`, "blocks");
  }
  return {
    partition: partitions[partition]({ ...options, ...(unitLipschitz && { unitLipschitz }) }),
    select: selectionRules[select]({ ...rest, refresh: refresh === 0 ? undefined : refresh }),
    update: modified(updateRules[update](updateSettings(options)), options),
    policy: statePolicies[state](options),
    learningRate: rest.learningRate,
    schedule: { factor: schedules[schedule], iterations, isPerSweep: perSweep },
    steps: rest.steps,
    hold: rest.hold,
    innerSteps: rest.innerSteps,
    average: rest.average,
    anderson: rest.anderson,
    lipschitz: rest.lipschitz,
    window: convergence.window,
  };
}

/** What update rules know; settings of other parts can have the name of one of their options. */
function updateSettings(options: Config["descent"]): UpdateSettings {
  const { beta1, beta2, momentum, weightDecay, relative, damping, iterations } = options;
  return { beta1, beta2, momentum, weightDecay, relative, damping, iterations };
}

function modified(
  rule: UpdateRule,
  { optimistic: isOptimistic, largest, proximal: name, proximalWeight }: Config["descent"],
): UpdateRule {
  const looking = isOptimistic ? optimistic(rule) : rule;
  const projected = proximal(looking, proximalOperators[name](proximalWeight));
  return largest > 0 ? largestCoordinates(projected, largest) : projected;
}
