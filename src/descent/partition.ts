import type { Network } from "../nn/network.ts";
import type { BlockSpec } from "../optim/update-rule.ts";

/** A division of the weights of a network into blocks; each weight is in exactly one. */
export type Partition = (network: Network) => BlockSpec[];

/** One block a layer, from the input to the output. */
export const byLayer: Partition = ({ layers }) =>
  layers.flatMap(({ parameters }) => {
    const [first] = parameters;
    return first ? [{ name: first.name.slice(0, first.name.lastIndexOf("/")), parameters }] : [];
  });

/** All weights in one block: ordinary descent on the whole network. */
export const whole: Partition = ({ name, parameters }) => [{ name, parameters }];

/** Every partition, by its name in configurations. */
export const partitions = { layer: byLayer, all: whole } as const satisfies Record<string, Partition>;

/** A key of `partitions`. */
export type PartitionName = keyof typeof partitions;
