import type { Move, Plan } from "../plan.ts";
import { sizeOf } from "../program.ts";
import type { Config } from "./config.ts";
import type { ExampleSpec } from "./example-spec.ts";
import { planOf } from "./model.ts";

/** Work and memory of one step, counted from its programs. */
export interface StepCost {
  readonly name: string;
  /** Weights that the step changes. */
  readonly parameters: number;
  /** Multiply-accumulates for each example of the batch; for the discriminator that is a real and a generated one. */
  readonly macsPerSample: number;
  /** Intermediate values that a step holds for its backward pass. */
  readonly bytesHeld: number;
  /** Weights and state that a step writes. */
  readonly bytesReturned: number;
}

/** What the steps of a training cost. */
export interface Inspection {
  readonly batch: number;
  /** The block steps of the generator. */
  readonly blocks: readonly StepCost[];
  /** All of the generator at once, with the same update rule. */
  readonly fullStep: StepCost;
  /** All of the discriminator at once, with the same update rule. */
  readonly discriminatorStep: StepCost;
}

/** What the steps of a configuration cost. Runs nothing. */
export function inspect(config: Config, examples: ExampleSpec): Inspection {
  const plan = planOf(config, examples);
  const { descent, discriminator } = config;
  const whole = {
    ...config,
    descent: { ...descent, partition: "all" as const },
    discriminator: { ...discriminator, descent: { ...discriminator.descent, partition: "all" as const } },
  };
  const full = planOf(whole, examples);
  const costs = (of: Plan, player: string) => {
    const parameters = new Map(of.tensors.map(({ name, shape }) => [name, sizeOf(shape)]));
    const { moves } = of.players.find(({ name }) => name === player)!;
    return moves.map((move) => costOf(move, parameters, config.batch));
  };
  return {
    batch: config.batch,
    blocks: costs(plan, "generator"),
    fullStep: costs(full, "generator")[0]!,
    discriminatorStep: costs(full, "discriminator")[0]!,
  };
}

function costOf({ name, parameters, programs }: Move, sizes: ReadonlyMap<string, number>, batch: number): StepCost {
  const sum = (of: (cost: (typeof programs)[number]["manifest"]["cost"]) => number) =>
    programs.reduce((total, { manifest }) => total + of(manifest.cost), 0);
  return {
    name,
    parameters: parameters.reduce((total, name) => total + sizes.get(name)!, 0),
    macsPerSample: sum(({ macs }) => macs) / batch,
    bytesHeld: sum(({ bytesHeld }) => bytesHeld),
    bytesReturned: sum(({ bytesReturned }) => bytesReturned),
  };
}
