import type { Output } from "../graph/graph.ts";
import { topological } from "../graph/graph.ts";
import { type Application, apply, isApplication, sameShape, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { Add, Mul, mul } from "./arithmetic.ts";
import { Gemm } from "./product.ts";

/**
 * Rewrites sums and scalings of matrix products into the product itself, where nothing else reads the intermediate result:
 *
 *     s * gemm(A, B)      = gemm(A, s * B)      the scalar goes to the smaller factor
 *     X + gemm(A, B)      = gemm(A, B, addend X)
 *
 * and the same for a product whose addend is such a product.
 *
 * With both, a plain block step W - lr * A'E is one `Gemm` that reads the old weights and writes the new ones.
 */
export function fuse(outputs: readonly Output[]): Output[] {
  const order = topological(outputs.map((output) => output.tensor));
  const readers = countReaders(order, outputs);
  const rewritten = new Map<Tensor, Tensor>();
  const free: Free = new Set();
  for (const tensor of order) {
    if (tensor.kind !== "application") {
      rewritten.set(tensor, tensor);
      continue;
    }
    const inputs = tensor.inputs.map((source) => rewritten.get(source)!);
    const same = inputs.every((source, i) => source === tensor.inputs[i]);
    const copy = same ? tensor : apply(tensor.operator, inputs, tensor.attributes);
    const result = fuseScaling(copy, free) ?? fuseSum(copy, free) ?? copy;
    if (readers.get(tensor) === 1) free.add(result);
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

/** Tensors that only one other reads. */
type Free = Set<Tensor>;

/** A product that only the tensor at hand reads, and the same of the product that is its addend, if it has one. */
function isFreeProduct(tensor: Tensor | undefined, free: Free): tensor is Application {
  if (tensor === undefined || !isApplication(tensor, Gemm) || !free.has(tensor)) return false;
  return tensor.inputs.length === 2 || isFreeProduct(tensor.inputs[2], free);
}

function fuseScaling(tensor: Application, free: Free): Tensor | undefined {
  if (tensor.operator !== Mul) return undefined;
  const product = tensor.inputs.find((source) => isFreeProduct(source, free));
  const scalar = tensor.inputs.find((source) => source !== product);
  if (!product || !scalar || sizeOf(scalar.shape) !== 1 || scalar.shape.length > 2) return undefined;
  return scaled(product as Application, scalar, free);
}

function scaled({ inputs: [a, b, addend], attributes }: Application, scalar: Tensor, free: Free): Application {
  const factors = sizeOf(a!.shape) < sizeOf(b!.shape) ? [mul(scalar, a!), b!] : [a!, mul(scalar, b!)];
  const inner = addend ? [scaled(addend as Application, scalar, free)] : [];
  for (const product of inner) free.add(product);
  return apply(Gemm, [...factors, ...inner], attributes);
}

function fuseSum(tensor: Application, free: Free): Tensor | undefined {
  if (tensor.operator !== Add) return undefined;
  const product = tensor.inputs.find((source) => isFreeProduct(source, free));
  const addend = tensor.inputs.find((source) => source !== product);
  if (!product || !addend || !sameShape(tensor.shape, product.shape)) return undefined;
  return increased(product as Application, addend, free);
}

function increased({ inputs: [a, b, addend], attributes }: Application, more: Tensor, free: Free): Application {
  if (!addend) return apply(Gemm, [a!, b!, more], attributes);
  const inner = increased(addend as Application, more, free);
  free.add(inner);
  return apply(Gemm, [a!, b!, inner], attributes);
}
