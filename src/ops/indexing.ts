/** Reading and raising chosen slices of a tensor, and what else chooses: `Gather`, its index, `Floor`, `TopK`, and a tensor that counts as constant. */
import { ShapeError } from "../errors.ts";
import {
  apply,
  constant,
  isApplication,
  isScalarConstant,
  type Operator,
  sameShape,
  show,
  type Tensor,
} from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { Add, add, div, Mul, mul, Neg, neg, Sub, sub } from "./arithmetic.ts";
import { fill, ReduceSum, Reshape, reduceSum, reshape } from "./broadcasting.ts";
import { equal, where } from "./comparison.ts";
import { transpose } from "./layout.ts";
import { Gemm, gemm } from "./product.ts";

/** Numbers as an index: rounded towards zero. */
export const Cast: Operator = {
  type: "Cast",
  result: "index",
  shape: ([x]) => x!,
  onnx: () => ({ ints: { to: 7 } }), // int64
};

/** The slices of x along attribute `axis` whose numbers are in the index [k]. */
export const Gather: Operator = {
  type: "Gather",
  takes: ["float", "index"],
  shape([x, index], { axis }) {
    if (index!.length !== 1 || x![axis as number] === undefined) {
      throw new ShapeError(`gather: takes a vector of numbers of axis ${axis}, got ${show(index!)} and ${show(x!)}.`);
    }
    return x!.map((size, i) => (i === axis ? index![0]! : size));
  },
  gradient({ inputs: [x, index], attributes }, upstream) {
    const numbers = index!.kind === "application" ? index!.inputs[0]! : index!;
    return addAt(fill(x!.shape, 0), floor(numbers), upstream, attributes.axis as number);
  },
  onnx: ({ axis }) => ({ ints: { axis: axis as number } }),
};

/** The largest whole number up to x. It has no slope. */
export const Floor: Operator = { type: "Floor", shape: ([x]) => x! };

/** The attribute `k` largest numbers of a vector, from the largest on. It counts as constant. */
export const TopK: Operator = {
  type: "TopK",
  shape([x], { k }) {
    if (x!.length !== 1 || !((k as number) >= 1 && (k as number) <= x![0]!)) {
      throw new ShapeError(`topK: takes a vector and a number from 1 to its length, got ${show(x!)} and ${k}.`);
    }
    return [k as number];
  },
  onnx: ({ k }) => ({ ints: { axis: 0 }, operands: [[k as number]], spareResults: 1 }),
};

/** x, which counts as constant where something is differentiated. */
export const Detach: Operator = { type: "Identity", shape: ([x]) => x! };

/** The largest whole number up to x. */
export const floor = (x: Tensor): Tensor => apply(Floor, [x]);

/** x, which counts as constant where something is differentiated. */
export const detach = (x: Tensor): Tensor => apply(Detach, [x]);

/** The `k` largest numbers of a vector, from the largest on; they count as constant. Throws ShapeError. */
export const topK = (x: Tensor, k: number): Tensor => apply(TopK, [x], { k });

/**
 * The slices of x along an axis whose numbers are in `index` [k], whole numbers in floating point. Of a product, a sum or a multiple it takes the slices of
 * what they are made from: the gradient of a few units of a layer is a product with a few columns. Throws ShapeError.
 */
export function take(x: Tensor, index: Tensor, axis: number): Tensor {
  const gathered = apply(Gather, [x, apply(Cast, [index])], { axis });
  const again = (part: Tensor) => take(part, index, axis);
  if (x.kind !== "application") return gathered;
  const [a, b] = x.inputs;
  const { transA, transB } = x.attributes;
  if (isApplication(x, Gemm) && x.inputs.length === 2) {
    const options = { transA: transA === 1, transB: transB === 1 };
    return axis === 0
      ? gemm(take(a!, index, transA ? 1 : 0), b!, options)
      : gemm(a!, take(b!, index, transB ? 0 : 1), options);
  }
  return throughElements(x, again) ?? throughSum(x, index, axis) ?? gathered;
}

/**
 * The elements of x whose numbers, in the order of memory, are in `index` [k]; of a product of matrices as k inner products. Throws ShapeError where x has more
 * than 2^22 elements: beyond, float32 does not tell the row of every number.
 */
export function takeElements(x: Tensor, index: Tensor): Tensor {
  if (sizeOf(x.shape) > 2 ** 22) {
    throw new ShapeError(`takeElements: of at most ${2 ** 22} elements, got ${show(x.shape)}. Take slices instead.`);
  }
  const direct = () => take(reshape(x, [sizeOf(x.shape)]), index, 0);
  if (x.kind !== "application") return direct();
  if (isApplication(x, Gemm) && x.inputs.length === 2) {
    const width = x.shape[1]!;
    const row = floor(div(add(index, constant(0.5)), constant(width)));
    const column = sub(index, mul(constant(width), row));
    const [a, b] = x.inputs;
    const rows = x.attributes.transA ? take(a!, row, 1) : transpose(take(a!, row, 0));
    const columns = x.attributes.transB ? transpose(take(b!, column, 0)) : take(b!, column, 1);
    return reduceSum(mul(rows, columns), { axes: [0] });
  }
  return throughElements(x, (part) => takeElements(part, index)) ?? direct();
}

/** x with `delta` added to the slices along an axis whose numbers are in `index`; delta has the shape of those slices. Throws ShapeError. */
export function addAt(x: Tensor, index: Tensor, delta: Tensor, axis: number): Tensor {
  const [count, k] = [x.shape[axis]!, index.shape[0]!];
  const numbers = constant(
    Array.from({ length: count }, (_, i) => i),
    [1, count],
  );
  const isIt = where(equal(reshape(index, [k, 1]), numbers), constant(1), constant(0));
  if (axis === 1 && x.shape.length === 2) return gemm(delta, isIt, { addend: x });
  const order = [axis, ...[...x.shape.keys()].filter((i) => i !== axis)];
  const front = (t: Tensor, rows: number) => reshape(transpose(t, order), [rows, sizeOf(t.shape) / rows]);
  const raised = gemm(isIt, front(delta, k), { transA: true, addend: front(x, count) });
  const back = order.map((_, i) => order.indexOf(i));
  return transpose(
    reshape(
      raised,
      order.map((i) => x.shape[i]!),
    ),
    back,
  );
}

function throughElements(x: Tensor & { kind: "application" }, again: (part: Tensor) => Tensor): Tensor | undefined {
  const [a, b] = x.inputs;
  if (x.operator === Neg) return neg(again(a!));
  if (x.operator === Mul && isScalarConstant(a!)) return mul(a, again(b!));
  if (!sameShape(a!.shape, x.shape) || !b || !sameShape(b.shape, x.shape)) return undefined;
  if (x.operator === Add) return add(again(a!), again(b));
  if (x.operator === Sub) return sub(again(a!), again(b));
  return undefined;
}

/** Through a sum over other axes, and the reshaping that only drops an axis of size 1 before it. */
function throughSum(x: Tensor & { kind: "application" }, index: Tensor, axis: number): Tensor | undefined {
  const [source] = x.inputs;
  if (x.operator === Reshape && sameShape(source!.shape, [1, ...x.shape])) {
    return reshape(take(source!, index, axis + 1), [
      ...x.shape.slice(0, axis),
      index.shape[0]!,
      ...x.shape.slice(axis + 1),
    ]);
  }
  if (x.operator !== ReduceSum || x.attributes.keepdims === 1) return undefined;
  const axes = x.attributes.axes as readonly number[];
  const kept = [...source!.shape.keys()].filter((i) => !axes.includes(i));
  return reduceSum(take(source!, index, kept[axis]!), { axes });
}
