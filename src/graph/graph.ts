import { type Application, apply, type Input, sameShape, type Tensor } from "./tensor.ts";

/** A named result. */
export interface Output {
  readonly name: string;
  readonly tensor: Tensor;
}

/** A computation: every tensor after its inputs, equal tensors once, nothing that no output needs. */
export interface Graph {
  readonly inputs: readonly Input[];
  readonly tensors: readonly Tensor[];
  readonly outputs: readonly Output[];
}

/** The tensors that `roots` need, each after its inputs, in the order of a depth-first walk; `follow` can stop the walk at a tensor. */
export function topological(roots: readonly Tensor[], follow: (tensor: Tensor) => boolean = () => true): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack: { tensor: Tensor; next: number }[] = [];
  const visit = (tensor: Tensor) => {
    if (!seen.has(tensor) && follow(tensor)) {
      seen.add(tensor);
      stack.push({ tensor, next: 0 });
    }
  };
  for (const root of roots) {
    visit(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { tensor } = top;
      if (tensor.kind === "application" && top.next < tensor.inputs.length) visit(tensor.inputs[top.next++]!);
      else order.push(stack.pop()!.tensor);
    }
  }
  return order;
}

/**
 * The graph of some outputs. Two applications of one operator to the same inputs with the same attributes become one (value numbering); shapes
 * are inferred again and must agree.
 */
export function buildGraph(outputs: readonly Output[]): Graph {
  const shared = share(outputs.map((output) => output.tensor));
  const graph: Graph = {
    inputs: shared.tensors.filter((tensor) => tensor.kind === "input"),
    tensors: shared.tensors,
    outputs: outputs.map(({ name, tensor }) => ({ name, tensor: shared.replacement.get(tensor)! })),
  };
  checkNames(graph);
  return graph;
}

function share(roots: readonly Tensor[]): { tensors: Tensor[]; replacement: Map<Tensor, Tensor> } {
  const numbers = new Map<string, number>();
  const tensors: Tensor[] = [];
  const numberOf = new Map<Tensor, number>();
  const replacement = new Map<Tensor, Tensor>();
  for (const tensor of topological(roots)) {
    const key = keyOf(tensor, numberOf);
    let number = numbers.get(key);
    if (number === undefined) {
      number = tensors.length;
      numbers.set(key, number);
      tensors.push(tensor.kind === "application" ? rebuild(tensor, replacement) : tensor);
    }
    numberOf.set(tensor, number);
    replacement.set(tensor, tensors[number]!);
  }
  return { tensors, replacement };
}

function keyOf(tensor: Tensor, numberOf: ReadonlyMap<Tensor, number>): string {
  switch (tensor.kind) {
    case "input":
      return `input ${tensor.name} ${tensor.role} ${tensor.shape}`;
    case "constant":
      return `constant ${tensor.values.map((x) => (Object.is(x, -0) ? "-0" : x))} [${tensor.shape}]`;
    case "application": {
      const attributes = Object.entries(tensor.attributes).map(([name, value]) => `${name}=${value}`);
      const inputs = tensor.inputs.map((t) => numberOf.get(t));
      return `${tensor.operator.type}(${inputs}) {${attributes.sort().join(" ")}}`;
    }
  }
}

function rebuild(tensor: Application, replacement: ReadonlyMap<Tensor, Tensor>): Application {
  const inputs = tensor.inputs.map((t) => replacement.get(t)!);
  const result = inputs.every((t, i) => t === tensor.inputs[i])
    ? tensor
    : apply(tensor.operator, inputs, tensor.attributes);
  if (!sameShape(result.shape, tensor.shape)) {
    throw new Error(`internal: ${tensor.operator.type} changed its shape from [${tensor.shape}] to [${result.shape}].`);
  }
  return result;
}

/** An output may share its name with an input only where it is that input. */
function checkNames({ inputs, outputs }: Graph): void {
  const owners = new Map<string, Tensor>();
  for (const [name, tensor] of [
    ...inputs.map((t) => [t.name, t] as const),
    ...outputs.map((o) => [o.name, o.tensor] as const),
  ]) {
    const owner = owners.get(name) ?? tensor;
    if (owner !== tensor) throw new Error(`internal: two different inputs or outputs are named ${name}.`);
    if (name === "" || name.startsWith("#"))
      throw new Error(`internal: an input or output is named "${name}"; # is for unnamed tensors.`);
    owners.set(name, tensor);
  }
}
