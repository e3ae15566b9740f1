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

/** A product that only the tensor at hand reads, and the same of the product that is its addend, if it has one. */
function isFreeProduct(tensor: Tensor | undefined, isFree: ReadonlySet<Tensor>): tensor is Application {
  if (tensor === undefined || !isApplication(tensor, Gemm) || !isFree.has(tensor)) return false;
  return tensor.inputs.length === 2 || isFreeProduct(tensor.inputs[2], isFree);
}

function fuseScaling(tensor: Application, isFree: ReadonlySet<Tensor>): Tensor | undefined {
  if (tensor.operator !== Mul) return undefined;
  const product = tensor.inputs.find((source) => isFreeProduct(source, isFree));
  const scalar = tensor.inputs.find((source) => source !== product);
  if (!product || !scalar || sizeOf(scalar.shape) !== 1 || scalar.shape.length > 2) return undefined;
  return scaled(product as Application, scalar);
}

function scaled({ inputs: [a, b, addend], attributes }: Application, scalar: Tensor): Application {
  const factors = sizeOf(a!.shape) < sizeOf(b!.shape) ? [mul(scalar, a!), b!] : [a!, mul(scalar, b!)];
  return apply(Gemm, addend ? [...factors, scaled(addend as Application, scalar)] : factors, attributes);
}

function fuseSum(tensor: Application, isFree: ReadonlySet<Tensor>): Tensor | undefined {
  if (tensor.operator !== Add) return undefined;
  const product = tensor.inputs.find((source) => isFreeProduct(source, isFree));
  const addend = tensor.inputs.find((source) => source !== product);
  if (!product || !addend || !sameShape(tensor.shape, product.shape)) return undefined;
  return increased(product as Application, addend);
}

function increased({ inputs: [a, b, inner], attributes }: Application, addend: Tensor): Application {
  return apply(Gemm, [a!, b!, inner ? increased(inner as Application, addend) : addend], attributes);
}
