import { ShapeError } from "../errors.ts";
import { topological } from "../graph/graph.ts";
import { show, type Tensor } from "../graph/tensor.ts";
import { add } from "../ops/arithmetic.ts";
import { fill } from "../ops/broadcasting.ts";
import { sizeOf } from "../program.ts";

/**
 * Gradients of `share` times the scalar `y` with respect to tensors, as more graph, so that they can be differentiated again. The walk visits only what lies
 * between `y` and the tensors asked for: a gradient for an upper layer has no trace of the layers below. Throws ShapeError where y is no scalar.
 */
export function gradients(y: Tensor, wrt: readonly Tensor[], share = 1): Tensor[] {
  if (sizeOf(y.shape) !== 1) throw new ShapeError(`gradients: of a scalar, got a tensor of shape ${show(y.shape)}.`);
  const path = dependents(y, wrt);
  const adjoints = new Map<Tensor, Tensor>([[y, fill(y.shape, share)]]);
  for (const node of [...path].reverse()) {
    const upstream = adjoints.get(node);
    if (!upstream || node.kind !== "application") continue;
    node.inputs.forEach((source, index) => {
      if (!path.has(source)) return;
      const share = node.operator.gradient!(node, upstream, index);
      const others = adjoints.get(source);
      adjoints.set(source, others ? add(others, share) : share);
    });
  }
  return wrt.map((tensor) => adjoints.get(tensor) ?? fill(tensor.shape, 0));
}

/** The tensors that `y` depends on and that depend on one of `wrt`, each after its inputs; not through what counts as constant. */
function dependents(y: Tensor, wrt: readonly Tensor[]): Set<Tensor> {
  const targets = new Set(wrt);
  const found = new Set<Tensor>();
  for (const tensor of topological([y])) {
    const depends =
      tensor.kind === "application" &&
      tensor.operator.gradient !== undefined &&
      tensor.inputs.some((source) => found.has(source));
    if (targets.has(tensor) || depends) found.add(tensor);
  }
  return found;
}
