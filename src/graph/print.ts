import type { Graph } from "./graph.ts";
import { show, type Tensor } from "./tensor.ts";

/** A graph as text, one line a tensor: what tests snapshot and people read. */
export function print(graph: Graph): string {
  const names = new Map<Tensor, string>();
  const lines = graph.tensors.flatMap((tensor) => {
    names.set(tensor, nameOf(tensor, names.size));
    return tensor.kind === "constant" ? [] : [`${lineOf(tensor, names)}`];
  });
  const results = graph.outputs.map(({ name, tensor }) => `-> ${name} = ${names.get(tensor)}`);
  return [...lines, ...results].join("\n");
}

function nameOf(tensor: Tensor, index: number): string {
  if (tensor.kind === "input") return tensor.name;
  if (tensor.kind === "constant") return tensor.values.length === 1 ? `${tensor.values[0]}` : `(${tensor.values})`;
  return `%${index}`;
}

function lineOf(tensor: Tensor, names: ReadonlyMap<Tensor, string>): string {
  const name = names.get(tensor)!;
  if (tensor.kind !== "application")
    return `${name} ${show(tensor.shape)}${tensor.kind === "input" ? ` ${tensor.role}` : ""}`;
  const attributes = Object.entries(tensor.attributes).map(
    ([key, value]) => `${key}=${Array.isArray(value) ? `[${value}]` : value}`,
  );
  const spelling = attributes.length > 0 ? ` {${attributes.join(" ")}}` : "";
  return `${name} = ${tensor.operator.type}(${tensor.inputs.map((t) => names.get(t)).join(", ")})${spelling} ${show(tensor.shape)}`;
}
