import { ConfigError } from "../errors.ts";
import type { Layer } from "../nn/layer.ts";
import type { Network } from "../nn/network.ts";
import type { BlockSpec } from "../optim/update-rule.ts";
import { sizeOf, type TensorSpec } from "../program.ts";
import { averaged, type Grouping, ordered, sorted } from "./grouping.ts";

/** Weights that one kind of block step can move: all of them, or some slices or elements at a time, which are then blocks of their own. */
export interface BlockGroup extends BlockSpec {
  readonly pieces?: Pieces;
}

/** How a group is divided further; one program serves all of its blocks. */
export type Pieces =
  /** Block i has the slices `table[i]` along an axis of each weight. */
  | { readonly kind: "slices"; readonly axes: readonly number[]; readonly table: readonly (readonly number[])[] }
  /** The block is `size` elements of the one weight, others at every visit. */
  | { readonly kind: "elements"; readonly size: number };

/** A division of the weights of a network into blocks; each weight is in exactly one. Throws ConfigError where the settings allow none. */
export type Partition = (network: Network) => BlockGroup[];

/** Settings that partitions share; each takes what it knows. */
export interface PartitionSettings {
  /** Units or elements of a block; 1 by default. */
  readonly blockSize?: number;
  /** The blocks of `list`: names of layers or weights of each. */
  readonly blocks?: readonly (readonly string[])[];
  /** Estimates of the Lipschitz constant of each unit of a layer, for `sorted` and `averaged`; units count as alike without. */
  readonly unitLipschitz?: (layer: string) => readonly number[] | undefined;
}

/** The path that the weights of a layer share. */
const pathOf = ([first]: readonly TensorSpec[]) => first!.name.slice(0, first!.name.lastIndexOf("/"));

const weighted = ({ layers }: Network): Layer[] => layers.filter(({ parameters }) => parameters.length > 0);

/** One block a layer, from the input to the output. */
export const byLayer: Partition = (network) =>
  weighted(network).map(({ parameters }) => ({ name: pathOf(parameters), parameters }));

/** Two blocks: the output layer, and all layers before it. One where there is one layer. */
export const hiddenAndOutput: Partition = (network) => {
  const parameters = weighted(network).map((layer) => layer.parameters);
  const hidden = parameters.slice(0, -1).flat();
  const output = byLayer(network).slice(-1);
  return hidden.length > 0 ? [{ name: `${network.name}/hidden`, parameters: hidden }, ...output] : output;
};

/** One block a tensor: the matrix of a layer and its bias apart. */
export const byTensor: Partition = ({ parameters }) =>
  parameters.map((parameter) => ({ name: parameter.name, parameters: [parameter] }));

/** All weights in one block: ordinary descent on the whole network. */
export const whole: Partition = ({ name, parameters }) => [{ name, parameters }];

/** Blocks of `blockSize` output units (neurons, channels) of one layer, grouped in some way; one program a layer. */
function byUnits(grouping: Grouping, { blockSize = 1, unitLipschitz }: PartitionSettings): Partition {
  return (network) =>
    weighted(network).map(({ parameters, units }) => {
      const name = pathOf(parameters);
      if (!units) {
        throw new ConfigError(
          `partition: the layer ${name} has no units of its own. Choose the partition layer or tensor.`,
          "partition",
        );
      }
      checkBlockSize(network, blockSize);
      const estimates = unitLipschitz?.(name) ?? new Array<number>(units.count).fill(1);
      const table = grouping(estimates, Math.min(blockSize, units.count));
      return { name, parameters, pieces: { kind: "slices", axes: units.axes, table } };
    });
}

/** Programs have static shapes, so that all blocks of a layer are of one size; a layer with fewer units is one block. */
function checkBlockSize(network: Network, blockSize: number): void {
  const counts = weighted(network).flatMap(({ units }) => units?.count ?? []);
  const fits = (size: number) => counts.every((count) => count % Math.min(size, count) === 0);
  if (fits(blockSize)) return;
  const others = Array.from({ length: Math.max(...counts) }, (_, i) => i + 1).filter(fits);
  const nearest = [
    ...others.filter((size) => size < blockSize).slice(-2),
    ...others.filter((size) => size > blockSize).slice(0, 1),
  ];
  const layers = `every layer of ${network.name}, which have ${counts.join(", ")}`;
  throw new ConfigError(
    `blockSize: expected a divisor of the units of ${layers}, got ${blockSize}. Choose ${nearest.join(" or ")}.`,
    "blockSize",
  );
}

/** Sets of `blockSize` elements drawn at random from one tensor, another set at every visit; one program a tensor. */
function byCoordinates({ blockSize = 1 }: PartitionSettings): Partition {
  return ({ parameters }) =>
    parameters.map((parameter) => ({
      name: parameter.name,
      parameters: [parameter],
      pieces: { kind: "elements", size: Math.min(blockSize, sizeOf(parameter.shape)) },
    }));
}

/** Blocks of the user's choice: names of layers or weights, every weight once. Throws ConfigError. */
function byList({ blocks = [] }: PartitionSettings): Partition {
  return (network) => {
    const owner = new Map<string, number>();
    const groups = blocks.map((names, i) => {
      if (names.length === 0) throw new ConfigError(`blocks: block ${i + 1} has no weights. Leave it out.`, "blocks");
      const parameters = names.flatMap((name) => named(network, name));
      for (const { name } of parameters) {
        const other = owner.get(name);
        if (other !== undefined) {
          throw new ConfigError(
            `blocks: ${name} is in block ${other + 1} and in block ${i + 1}. Every weight belongs to one.`,
            "blocks",
          );
        }
        owner.set(name, i);
      }
      return { name: names.join("+"), parameters };
    });
    const missing = network.parameters.find(({ name }) => !owner.has(name));
    if (missing) {
      throw new ConfigError(
        `blocks: ${missing.name} is in no block. Every weight belongs to one; add it or its layer.`,
        "blocks",
      );
    }
    return groups;
  };
}

function named(network: Network, name: string): readonly TensorSpec[] {
  const found = network.parameters.filter(
    (parameter) => parameter.name === name || parameter.name.startsWith(`${name}/`),
  );
  if (found.length > 0) return found;
  const layers = byLayer(network).map((layer) => layer.name);
  throw new ConfigError(
    `blocks: ${network.name} has no layer or weight ${name}. It has ${layers.join(", ")}.`,
    "blocks",
  );
}

/** Every partition, by its name in configurations. */
export const partitions = {
  layer: () => byLayer,
  "hidden-output": () => hiddenAndOutput,
  tensor: () => byTensor,
  unit: (settings) => byUnits(ordered, settings),
  sorted: (settings) => byUnits(sorted, settings),
  averaged: (settings) => byUnits(averaged, settings),
  coordinates: byCoordinates,
  list: byList,
  all: () => whole,
} as const satisfies Record<string, (settings: PartitionSettings) => Partition>;

/** A key of `partitions`. */
export type PartitionName = keyof typeof partitions;
