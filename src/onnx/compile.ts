import { countBytesHeld, countMacs } from "../graph/cost.ts";
import { buildGraph, type Graph } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { fuse } from "../ops/fusion.ts";
import type { OutputRole, Program } from "../program.ts";
import { sizeOf } from "../program.ts";
import { encodeModel, type Precision } from "./model.ts";

/** A result of a program, and what it is to the runner. */
export interface ProgramResult {
  readonly name: string;
  readonly tensor: Tensor;
  readonly role: OutputRole;
  /** Name of the input that this is the next value of. */
  readonly replaces?: string;
  /** This is what the program minimises: what it needs is the forward pass. */
  readonly isObjective?: boolean;
}

/** The graph that a program of these results runs: fused, shared, without dead tensors. */
export function programGraph(results: readonly ProgramResult[]): Graph {
  return buildGraph(fuse(buildGraph(results).outputs));
}

/** A program: model bytes and manifest of the graph of `results`. */
export function compile(name: string, results: readonly ProgramResult[], precision: Precision = "float32"): Program {
  const graph = programGraph(results);
  const objectives = graph.outputs.filter((_, i) => results[i]!.isObjective).map((output) => output.tensor);
  const returned = results.filter(({ role }) => role !== "metric" && role !== "sample");
  return {
    model: encodeModel(name, graph, precision),
    manifest: {
      name,
      inputs: graph.inputs.map(({ name, shape, role }) => ({ name, shape, role })),
      outputs: results.map(({ name, tensor, role, replaces }) => ({
        name,
        shape: tensor.shape,
        role,
        ...(replaces === undefined ? {} : { replaces }),
      })),
      cost: {
        macs: countMacs(graph),
        bytesHeld: countBytesHeld(graph, objectives),
        bytesReturned: returned.reduce((sum, { tensor }) => sum + 4 * sizeOf(tensor.shape), 0),
      },
    },
  };
}
