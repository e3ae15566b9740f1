import { gradients } from "../autodiff/gradients.ts";
import type { BlockGroup } from "../descent/partition.ts";
import { viewOf } from "../descent/view.ts";
import { countBytesHeld } from "../graph/cost.ts";
import { buildGraph } from "../graph/graph.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import type { Network } from "../nn/network.ts";
import { mul } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { type ProgramCost, sizeOf } from "../program.ts";
import type { GanOptions } from "./game.ts";
import type { Loss } from "./losses.ts";
import { penaltyNames } from "./penalties.ts";

/**
 * What a block step costs by the closed formulas, for chains of dense layers with a leaky ReLU between them. A layer's product has f = inputs x outputs
 * multiply-accumulates for each row; so have the gradient with respect to its input and the one with respect to its matrix. With b the lowest layer that moves
 * and w the matrices that move (a part of one counts in part):
 *
 *     step of G        F_G + 2 F_D + sum over l > b of f + sum of w                          for each row of the batch; F_D more where it reads examples
 *     step of D        F_G + 2 (F_D + sum over l > b of f + sum of w)
 *     its penalties    2 (F_D + sum of f below the highest matrix that moves + sum of w)     the gradient of a gradient
 *
 * Undefined for an update that differentiates or evaluates the objective again, for penalties that look elsewhere than at the batch, with
 * spectral normalisation, and for networks with convolutions.
 */
export function predictedCost(
  player: "generator" | "discriminator",
  groups: readonly BlockGroup[],
  options: GanOptions,
): ProgramCost | undefined {
  const { generator, discriminator, batch, replicas = 1, descent } = options;
  const { update, average = 0 } = descent[player];
  const penalties = penaltyNames(options);
  const isElsewhere = player === "discriminator" && penalties.some((name) => name !== "r1" && name !== "r2");
  if ((update.needs && update.needs.length > 0) || isElsewhere || discriminator.states) return undefined;
  if (![generator, discriminator].every(isDense)) return undefined;
  const moved = layersOf(options[player], groups);
  const rows = batch / replicas;
  const counts =
    player === "generator"
      ? generatorStep(moved, chainOf(generator), chainOf(discriminator), options)
      : discriminatorStep(moved, chainOf(generator), chainOf(discriminator), penalties.length, options);
  return {
    macs: rows * counts.macs,
    bytesHeld: 4 * rows * counts.held,
    bytesReturned: 4 * groups.reduce((sum, group) => sum + returned(group, descent[player].update.init, average), 0),
  };
}

interface Dense {
  readonly inputs: number;
  readonly outputs: number;
}

/** What moves of a layer. */
interface MovedLayer {
  readonly isMoved: boolean;
  readonly hasMatrix: boolean;
  /** Part of the matrix whose gradient is a matrix product, from 0 to 1: single elements are inner products. */
  readonly product: number;
  /** Part of the gradient with respect to the layer's result that is wanted. */
  readonly columns: number;
}

const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
const macsOf = ({ inputs, outputs }: Dense) => inputs * outputs;

const weighted = ({ layers }: Network) => layers.filter(({ parameters }) => parameters.length > 0);

const isDense = (network: Network) => weighted(network).every(({ parameters }) => parameters[0]!.shape.length === 2);

function chainOf(network: Network): Dense[] {
  return weighted(network).map(({ parameters }) => {
    const [inputs, outputs] = parameters[0]!.shape as [number, number];
    return { inputs, outputs };
  });
}

function layersOf(network: Network, groups: readonly BlockGroup[]): MovedLayer[] {
  const movers = new Map(groups.flatMap((group) => group.parameters.map(({ name }) => [name, group] as const)));
  return weighted(network).map(({ parameters, units }) => {
    const owners = parameters.map(({ name }) => movers.get(name));
    const matrixOwner = owners[0];
    const isElements = matrixOwner?.pieces?.kind === "elements";
    return {
      isMoved: owners.some((owner) => owner !== undefined),
      hasMatrix: matrixOwner !== undefined,
      product: matrixOwner && !isElements ? piece(matrixOwner, units!.count) : 0,
      columns: Math.max(...owners.map((owner) => (owner ? piece(owner, units!.count) : 0))),
    };
  });
}

/** The part of the units that a block of a group concerns; each of its elements can be of another. */
function piece({ pieces }: BlockGroup, units: number): number {
  if (!pieces) return 1;
  return (pieces.kind === "slices" ? pieces.table[0]!.length : pieces.size) / units;
}

const lowest = (moved: readonly MovedLayer[]) => moved.findIndex(({ isMoved }) => isMoved);

interface Counts {
  readonly macs: number;
  /** Numbers kept for the backward pass, of one row of the batch. */
  readonly held: number;
}

function generatorStep(
  moved: readonly MovedLayer[],
  G: readonly Dense[],
  D: readonly Dense[],
  options: GanOptions,
): Counts {
  const b = lowest(moved);
  const weights = sum(G.map((layer, l) => moved[l]!.product * macsOf(layer)));
  const activations = new Set([...matrixInputs(moved), ...hidden(G).filter((l) => l > b)]);
  const output = outputHeld(options.generator);
  // with nothing between the last layer and D, units that do not move want no gradient from D
  const isOpen = output === 0 && b === G.length - 1;
  const unwanted = isOpen ? (1 - moved[b]!.columns) * macsOf(D[0]!) : 0;
  return {
    macs:
      sum(G.map(macsOf)) +
      (2 + (readsReal(options.loss) ? 1 : 0)) * sum(D.map(macsOf)) -
      unwanted +
      sum(G.slice(b + 1).map(macsOf)) +
      weights,
    held: widths(G, activations) + output + widths(D, hidden(D)) + lossHeld("generator", options),
  };
}

function discriminatorStep(
  moved: readonly MovedLayer[],
  G: readonly Dense[],
  D: readonly Dense[],
  penalties: number,
  options: GanOptions,
): Counts {
  const b = lowest(moved);
  const matrices = [...D.keys()].filter((l) => moved[l]!.hasMatrix);
  const top = Math.max(0, ...matrices);
  const weights = sum(D.map((layer, l) => moved[l]!.product * macsOf(layer)));
  const FD = sum(D.map(macsOf));
  const again = penalties > 0 ? FD + sum(D.slice(0, top).map(macsOf)) + weights : 0;
  // activations by number, and apart from them their slopes, which the penalties have already made
  const above = hidden(D).filter((l) => l > b);
  const inputs = widths(D, matrixInputs(moved));
  const slopes = penalties > 0 ? widths(D, new Set([...above, ...hidden(D).filter((l) => l <= top)])) : 0;
  const activations = penalties > 0 ? inputs + slopes : widths(D, new Set([...matrixInputs(moved), ...above]));
  const deltas = penalties > 0 ? sum(matrices.map((l) => D[l]!.outputs)) : 0;
  return {
    macs: sum(G.map(macsOf)) + 2 * (FD + sum(D.slice(b + 1).map(macsOf)) + weights + again),
    held:
      2 * (activations + deltas) +
      (matrices.length > 0 ? penalties * D[0]!.inputs : 0) +
      lossHeld("discriminator", options),
  };
}

/** Numbers of the activations that are inputs of matrices that move: 0 is the input of the network. */
const matrixInputs = (moved: readonly MovedLayer[]) => [...moved.keys()].filter((l) => moved[l]!.hasMatrix);

/** Numbers of the activations between layers. */
const hidden = (layers: readonly Dense[]) => [...layers.keys()].slice(1);

const widths = (layers: readonly Dense[], activations: Iterable<number>) =>
  sum([...activations].map((l) => layers[l]!.inputs));

/** Whether the generator's loss reads the logits of examples. */
function readsReal({ generator }: Loss): boolean {
  const [real, fake] = [input("real", [1, 1], "batch"), input("fake", [1, 1], "batch")];
  return buildGraph([{ name: "loss", tensor: generator(fake, real) }]).inputs.some((each) => each === real);
}

/** Numbers that a loss keeps of its logits, of one row; the log reads both logits of the discriminator, whatever the loss does. */
function lossHeld(player: "generator" | "discriminator", { loss }: GanOptions): number {
  const [real, fake] = [input("real", [1, 1], "batch"), input("fake", [1, 1], "batch")];
  if (player === "generator") return heldBetween(loss.generator(fake, real), [fake]);
  const read = loss.probabilities(real, fake);
  return heldBetween(loss.discriminator(real, fake), [real, fake], [read.real, read.fake]);
}

/** Numbers that the activation behind the last layer keeps of its result, of one row. */
function outputHeld({ layers }: Network): number {
  const last = layers.findLastIndex(({ parameters }) => parameters.length > 0);
  const { units } = layers[last]!;
  const x = input("x", [1, units!.count], "batch");
  const y = layers.slice(last + 1).reduce<Tensor>((value, layer) => layer.apply(noWeights, value), x);
  return heldBetween(reduceSum(mul(y, input("upstream", y.shape, "hyper"))), [x]);
}

const noWeights = (name: string): never => {
  throw new Error(`internal: an activation has no weight ${name}.`);
};

/** Numbers of the forward pass that the gradients, and what else is read, need of it. */
function heldBetween(value: Tensor, wrt: readonly Tensor[], read: readonly Tensor[] = []): number {
  const outputs = [value, ...gradients(value, wrt), ...read].map((tensor, i) => ({ name: `result${i}`, tensor }));
  const graph = buildGraph(outputs);
  return countBytesHeld(graph, [graph.outputs[0]!.tensor]) / 4;
}

type Init = GanOptions["descent"]["generator"]["update"]["init"];

/** Weights, state and averages that a step of one block of a group writes. */
function returned(group: BlockGroup, init: Init, average: number): number {
  const { block } = viewOf(group);
  const weights = sum(block.parameters.map(({ shape }) => sizeOf(shape)));
  return (average > 0 ? 2 : 1) * weights + sum(init(block).map(({ shape }) => sizeOf(shape)));
}
