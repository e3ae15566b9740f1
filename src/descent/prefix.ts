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
  const copies = new Map<Tensor, Tensor>();
  const isCached = (tensor: Tensor): tensor is Application =>
    tensor.kind === "application" && tensor.type === "float" && !changing.has(tensor) && ofBatch.has(tensor);
  const cacheOf = (tensor: Tensor) => {
    const cache = caches.get(tensor) ?? input(`${name}/cache/${caches.size}`, tensor.shape, "cache");
    caches.set(tensor, cache);
    return cache;
  };
  // only what the results reach without passing a cache is computed in every step
  for (const tensor of topological(results, (t) => !isCached(t))) {
    if (tensor.kind !== "application") {
      copies.set(tensor, tensor);
      continue;
    }
    const inputs = tensor.inputs.map((source) => (isCached(source) ? cacheOf(source) : copies.get(source)!));
    copies.set(tensor, apply(tensor.operator, inputs, tensor.attributes));
  }
  return {
    results: results.map((tensor) => (isCached(tensor) ? cacheOf(tensor) : copies.get(tensor)!)),
    caches: [...caches].map(([tensor, cache]) => ({ name: (cache as { name: string }).name, tensor })),
  };
}

const isOfBatch = (role: string) => role === "batch" || role === "noise";
