import { buildGraph, type Output, topological } from "../graph/graph.ts";
import { type Application, apply, input, type Tensor } from "../graph/tensor.ts";

/** Results that read what does not change as caches, and how to compute these. */
export interface Split {
  /** The results, with cache inputs. */
  readonly results: readonly Tensor[];
  readonly caches: readonly Output[];
}

/**
 * Divides the work for some results where it does not depend on the `varying` inputs but on the batch: what several steps of one block on one batch have in common,
 * such as the activations below the block. Conditions are computed again from caches rather than kept.
 */
export function splitPrefix(tensors: readonly Tensor[], varying: ReadonlySet<string>, name: string): Split {
  const named = tensors.map((tensor, i) => ({ name: `${name}/result/${i}`, tensor }));
  const results = buildGraph(named).outputs.map(({ tensor }) => tensor);
  const order = topological(results);
  const changing = new Set<Tensor>();
  const ofBatch = new Set<Tensor>();
  for (const tensor of order) {
    const inputs = tensor.kind === "application" ? tensor.inputs : [];
    const varies = tensor.kind === "input" && varying.has(tensor.name);
    if (varies || inputs.some((source) => changing.has(source))) changing.add(tensor);
    if ((tensor.kind === "input" && isOfBatch(tensor.role)) || inputs.some((source) => ofBatch.has(source)))
      ofBatch.add(tensor);
  }
  const caches = new Map<Tensor, Tensor>();
  const isCached = (tensor: Tensor): tensor is Application =>
    tensor.kind === "application" && tensor.type === "float" && !changing.has(tensor) && ofBatch.has(tensor);
  const cacheOf = (tensor: Tensor) => {
    const cache = caches.get(tensor) ?? input(`${name}/cache/${caches.size}`, tensor.shape, "cache");
    caches.set(tensor, cache);
    return cache;
  };
  const reading = withCaches(results, (tensor) => (isCached(tensor) ? cacheOf(tensor) : undefined));
  return {
    results: reading,
    caches: [...caches].map(([tensor, cache]) => ({ name: (cache as { name: string }).name, tensor })),
  };
}

/** Copies of results in which some tensors are caches; only what the results reach without passing one is computed. */
function withCaches(results: readonly Tensor[], cacheOf: (tensor: Tensor) => Tensor | undefined): Tensor[] {
  const copies = new Map<Tensor, Tensor>();
  const copyOf = (tensor: Tensor) => cacheOf(tensor) ?? copies.get(tensor)!;
  for (const tensor of topological(results, (t) => cacheOf(t) === undefined)) {
    if (tensor.kind !== "application") copies.set(tensor, tensor);
    else copies.set(tensor, apply(tensor.operator, tensor.inputs.map(copyOf), tensor.attributes));
  }
  return results.map(copyOf);
}

/** What results read of the way to another tensor: a program that computes this can hand it on. */
export function readOnTheWay(results: readonly Tensor[], to: Tensor, name: string): Output[] {
  const shared = sharing([...results, to]);
  const way = new Set(
    topological([shared.at(-1)!]).filter((tensor) => tensor.kind === "application" && tensor.type === "float"),
  );
  const read = new Set<Tensor>();
  for (const tensor of topological(shared.slice(0, -1), (t) => !way.has(t))) {
    const inputs = tensor.kind === "application" ? tensor.inputs : [];
    for (const source of inputs) if (way.has(source)) read.add(source);
  }
  return [...read].map((tensor, i) => ({ name: `${name}/${i}`, tensor }));
}

/** Results that read what another program hands on, as caches, wherever they would compute the same. */
export function readHandedOn(results: readonly Tensor[], given: readonly Output[]): Tensor[] {
  const shared = sharing([...results, ...given.map(({ tensor }) => tensor)]);
  const caches = new Map(
    given.map(({ name, tensor }, i) => [shared[results.length + i]!, input(name, tensor.shape, "cache") as Tensor]),
  );
  return withCaches(shared.slice(0, results.length), (tensor) => caches.get(tensor));
}

/** The tensors with equal parts computed once. */
const sharing = (tensors: readonly Tensor[]): Tensor[] =>
  buildGraph(tensors.map((tensor, i) => ({ name: `tensor/${i}`, tensor }))).outputs.map(({ tensor }) => tensor);

const isOfBatch = (role: string) => role === "batch" || role === "noise";
