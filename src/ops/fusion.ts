import type { Output } from "../graph/graph.ts";
import { topological } from "../graph/graph.ts";
import { type Application, apply, isApplication, sameShape, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { Add, Mul, mul } from "./arithmetic.ts";
import { Gemm, gemm } from "./product.ts";

/**
 * Rewrites sums and scalings of matrix products into the product itself, where nothing else reads the intermediate result:
 *
 *     s * gemm(A, B)      = gemm(A, s * B)      the scalar goes to the smaller factor
 *     X + gemm(A, B)      = gemm(A, B, addend X)
 *
 * With both, a plain block step W - lr * A'E is one `Gemm` that reads the old weights and writes the new ones.
 */
export function fuse(outputs: readonly Output[]): Output[] {
  const order = topological(outputs.map((output) => output.tensor));
  const readers = countReaders(order, outputs);
  const rewritten = new Map<Tensor, Tensor>();
  const isFree = new Set<Tensor>();
  for (const tensor of order) {
    if (tensor.kind !== "application") {
      rewritten.set(tensor, tensor);
      continue;
    }
    const inputs = tensor.inputs.map((source) => rewritten.get(source)!);
    const same = inputs.every((source, i) => source === tensor.inputs[i]);
    const copy = same ? tensor : apply(tensor.operator, inputs, tensor.attributes);
    const result = fuseScaling(copy, isFree) ?? fuseSum(copy, isFree) ?? copy;
    if (readers.get(tensor) === 1) isFree.add(result);
    rewritten.set(tensor, result);
  }
  return outputs.map(({ name, tensor }) => ({ name, tensor: rewritten.get(tensor)! }));
}

function countReaders(order: readonly Tensor[], outputs: readonly Output[]): Map<Tensor, number> {
  const readers = new Map<Tensor, number>();
  const read = (tensor: Tensor) => readers.set(tensor, (readers.get(tensor) ?? 0) + 1);
  for (const tensor of order) if (tensor.kind === "application") tensor.inputs.forEach(read);
  for (const { tensor } of outputs) read(tensor);
  return readers;
}

/** A product without addend that only the tensor at hand reads. */
function isFreeProduct(tensor: Tensor | undefined, isFree: ReadonlySet<Tensor>): tensor is Application {
  return tensor !== undefined && isApplication(tensor, Gemm) && tensor.inputs.length === 2 && isFree.has(tensor);
}

function fuseScaling(tensor: Application, isFree: ReadonlySet<Tensor>): Tensor | undefined {
  if (tensor.operator !== Mul) return undefined;
  const product = tensor.inputs.find((source) => isFreeProduct(source, isFree)) as Application | undefined;
  const scalar = tensor.inputs.find((source) => source !== product);
  if (!product || !scalar || sizeOf(scalar.shape) !== 1 || scalar.shape.length > 2) return undefined;
  const [a, b] = product.inputs as [Tensor, Tensor];
  const inputs = sizeOf(a.shape) < sizeOf(b.shape) ? [mul(scalar, a), b] : [a, mul(scalar, b)];
  return apply(Gemm, inputs, product.attributes);
}

function fuseSum(tensor: Application, isFree: ReadonlySet<Tensor>): Tensor | undefined {
  if (tensor.operator !== Add) return undefined;
  const product = tensor.inputs.find((source) => isFreeProduct(source, isFree)) as Application | undefined;
  const addend = tensor.inputs.find((source) => source !== product);
  if (!product || !addend || !sameShape(tensor.shape, product.shape)) return undefined;
  const [a, b] = product.inputs as [Tensor, Tensor];
  return gemm(a, b, { transA: product.attributes.transA === 1, transB: product.attributes.transB === 1, addend });
}
