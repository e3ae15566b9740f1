import { ShapeError } from "../errors.ts";
import { broadcast, broadcastsTo } from "../graph/broadcast.ts";
import { apply, type Operator, type Shape, show, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { sumTo } from "./broadcasting.ts";
import { transpose } from "./layout.ts";

/** A'B' + C, A' being A or its transpose. alpha and beta stay 1. */
export const Gemm: Operator = {
  type: "Gemm",
  shape([a, b, c], { transA, transB }) {
    if (a!.length !== 2 || b!.length !== 2) {
      throw new ShapeError(`gemm: takes two matrices, got ${show(a!)} and ${show(b!)}.`);
    }
    const [m, inner] = transA ? [a![1]!, a![0]!] : [a![0]!, a![1]!];
    const [k, n] = transB ? [b![1]!, b![0]!] : [b![0]!, b![1]!];
    if (inner !== k) throw new ShapeError(`gemm: inner sizes differ, got ${show([m, inner])} x ${show([k, n])}.`);
    if (c && !broadcastsTo(c, [m, n])) {
      throw new ShapeError(`gemm: expected an addend that stretches to ${show([m, n])}, got ${show(c)}.`);
    }
    return [m, n];
  },
  gradient({ inputs, attributes }, upstream, index) {
    const [a, b, c] = inputs;
    const transA = attributes.transA === 1;
    const transB = attributes.transB === 1;
    if (index === 2) return sumTo(upstream, c!.shape);
    if (index === 0) {
      return transA ? gemm(b!, upstream, { transA: transB, transB: true }) : gemm(upstream, b!, { transB: !transB });
    }
    return transB ? gemm(upstream, a!, { transA: true, transB: transA }) : gemm(a!, upstream, { transA: !transA });
  },
  onnx: ({ transA, transB }) => ({ ints: { transA: transA as number, transB: transB as number } }),
  macs: ({ inputs, attributes, shape }) => sizeOf(shape) * inputs[0]!.shape[attributes.transA ? 0 : 1]!,
};

/** The product of the matrices in the last two axes, the axes before them broadcast. */
export const MatMul: Operator = {
  type: "MatMul",
  shape([a, b]) {
    if (a!.length < 2 || b!.length < 2) {
      throw new ShapeError(`matMul: takes tensors of two or more axes, got ${show(a!)} and ${show(b!)}.`);
    }
    if (a!.at(-1) !== b!.at(-2)) {
      throw new ShapeError(`matMul: inner sizes differ, got ${show(a!)} x ${show(b!)}. Transpose the second argument?`);
    }
    return [...batchAxes(a!, b!), a!.at(-2)!, b!.at(-1)!];
  },
  gradient({ inputs }, upstream, index) {
    const [a, b] = inputs;
    const product = index === 0 ? matMul(upstream, transpose(b!)) : matMul(transpose(a!), upstream);
    return sumTo(product, inputs[index]!.shape);
  },
  macs: ({ inputs, shape }) => sizeOf(shape) * inputs[0]!.shape.at(-1)!,
};

function batchAxes(a: Shape, b: Shape): Shape {
  return broadcast("matMul", a.slice(0, -2), b.slice(0, -2));
}

/** What happens to the factors, and what is added. */
export interface GemmOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Added to the product, repeated to its shape. */
  readonly addend?: Tensor;
}

/** The product of two matrices, each transposed first if so wished, plus an addend: one `Gemm`. Throws ShapeError. */
export function gemm(a: Tensor, b: Tensor, { transA = false, transB = false, addend }: GemmOptions = {}): Tensor {
  const inputs = addend ? [a, b, addend] : [a, b];
  return apply(Gemm, inputs, { transA: transA ? 1 : 0, transB: transB ? 1 : 0 });
}

/** The product of the matrices in the last two axes, the axes before them broadcast. Throws ShapeError. */
export function matMul(a: Tensor, b: Tensor): Tensor {
  return apply(MatMul, [a, b]);
}
