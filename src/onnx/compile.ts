import { countBytesHeld, countMacs } from "../graph/cost.ts";
import { buildGraph, type Graph, type Output } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { channelsLast } from "../ops/channels-last.ts";
import { fuse } from "../ops/fusion.ts";
import { lower } from "../ops/lowering.ts";
import type { OutputRole, Program, Slices } from "../program.ts";
import { sizeOf } from "../program.ts";
import { elementwiseModule } from "../wasm/elementwise.ts";
import { encodeModel, type Precision } from "./model.ts";

/** A result of a program, and what it is to the runner. */
export interface ProgramResult {
  readonly name: string;
  readonly tensor: Tensor;
  readonly role: OutputRole;
  /** Name of the input that this is the next value of. */
  readonly replaces?: string;
  /** Where in that input it belongs; absent where it is all of it. */
  readonly slices?: Slices;
}

export interface CompileOptions {
  /** What the program minimises: what it needs is the forward pass. */
  readonly objective?: Tensor;
  /** The results before a part of their work was moved to another program: what is held between forward and backward pass is counted there. */
  readonly whole?: readonly ProgramResult[];
  readonly precision?: Precision | undefined;
  /** The results as they are where no other program has done a part of the work: multiply-accumulates are counted in them. */
  readonly alone?: readonly ProgramResult[] | undefined;
  /** Equal parts of the batch, of which the program sees one at a time. */
  readonly shards?: number | undefined;
  /** Parts of the kernel that the program gets where it goes element by element; 0, the default: none. */
  readonly kernelParts?: number | undefined;
}

/** The graph that a program of these results runs: convolutions as matrix products, fused, shared, without dead tensors. */
export function programGraph(results: readonly Output[]): Graph {
  return buildGraph(fuse(buildGraph(channelsLast(buildGraph(results).outputs)).outputs));
}

/** A program: model bytes and manifest of the graph of `results`, and of a `check` of what they replace where it is a kernel. */
export function compile(
  name: string,
  results: readonly ProgramResult[],
  { objective, whole = results, alone, precision = "float32", shards = 1, kernelParts = 0 }: CompileOptions = {},
): Program {
  const checked = kernelParts > 0 ? [...results, ...checkOf(name, results)] : results;
  const graph = programGraph(checked);
  const module = kernelParts > 0 ? elementwiseModule(graph, kernelParts) : undefined;
  const returned = results.filter(({ role }) => role === "parameter" || role === "state" || role === "gradient");
  return {
    model: encodeModel(name, lower(graph), precision),
    manifest: {
      name,
      inputs: graph.inputs.map(({ name, shape, role }) => ({ name, shape, role })),
      outputs: checked.map(({ name, tensor, role, replaces, slices }) => ({
        name,
        shape: tensor.shape,
        role,
        ...(replaces === undefined ? {} : { replaces }),
        ...(slices && { slices }),
      })),
      cost: {
        macs: shards * countMacs(alone ? programGraph(alone) : graph),
        bytesHeld: objective ? shards * bytesHeldFor(objective, whole) : 0,
        bytesReturned: returned.reduce((sum, { tensor }) => sum + 4 * sizeOf(tensor.shape), 0),
      },
      shards,
    },
    ...(module && { kernel: { module, parts: kernelParts } }),
  };
}

/**
 * The sum of all elements of everything that replaces something, which a kernel adds up in the pass that it makes anyway: a sum that has a number in it which is
 * not finite is not finite either.
 */
function checkOf(program: string, results: readonly ProgramResult[]): ProgramResult[] {
  const replacing = results.filter(({ replaces }) => replaces !== undefined);
  if (replacing.length === 0) return [];
  const tensor = replacing.map((result) => reduceSum(result.tensor)).reduce(add);
  return [{ name: `${program}/check`, tensor, role: "check" }];
}

/** Counted with the objective as a further output, so that the sharing of equal tensors keeps track of it. */
function bytesHeldFor(objective: Tensor, results: readonly ProgramResult[]): number {
  const graph = programGraph([...results, { name: "objective", tensor: objective }]);
  return countBytesHeld(graph, [graph.outputs.at(-1)!.tensor]);
}
