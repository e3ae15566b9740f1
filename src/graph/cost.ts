import { sizeOf } from "../program.ts";
import { type Graph, topological } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

/** Bytes of a tensor: four an element, one where it is `bool` - as ONNX Runtime stores them. */
export function bytesOf(tensor: Tensor): number {
  return sizeOf(tensor.shape) * (tensor.type === "bool" ? 1 : 4);
}

/** Multiply-accumulates of a graph: those of its matrix products and convolutions. */
export function countMacs(graph: Graph): number {
  return graph.tensors.reduce(
    (sum, tensor) => sum + (tensor.kind === "application" ? (tensor.operator.macs?.(tensor) ?? 0) : 0),
    0,
  );
}

/**
 * Bytes that must be held between the forward and the backward pass: tensors that the objectives depend on, weights, constants and single numbers apart, and
 * that something outside the forward pass reads.
 */
export function countBytesHeld(graph: Graph, objectives: readonly Tensor[]): number {
  const forward = new Set(topological(objectives));
  const held = new Set<Tensor>();
  for (const tensor of graph.tensors) {
    if (tensor.kind !== "application" || forward.has(tensor)) continue;
    for (const source of tensor.inputs) if (forward.has(source) && isIntermediate(source)) held.add(source);
  }
  return [...held].reduce((sum, tensor) => sum + bytesOf(tensor), 0);
}

function isIntermediate(tensor: Tensor): boolean {
  if (tensor.shape.length === 0) return false;
  return (
    tensor.kind === "application" || (tensor.kind === "input" && (tensor.role === "batch" || tensor.role === "noise"))
  );
}
