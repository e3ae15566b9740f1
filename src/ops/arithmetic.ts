import { broadcast } from "../graph/broadcast.ts";
import {
  apply,
  type Constant,
  constant,
  functionName,
  isApplication,
  isScalarConstant,
  type Operator,
  type Shape,
  sameShape,
  type Tensor,
} from "../graph/tensor.ts";
import { Expand, expand, sumTo } from "./broadcasting.ts";

type Binary = Required<Pick<Operator, "gradient">>["gradient"];

function binary(type: string, opcode: number, gradient: Binary): Operator {
  return {
    type,
    simd: { opcode },
    shape: ([a, b]) => broadcast(functionName(type), a!, b!),
    gradient: (node, upstream, index) => sumTo(gradient(node, upstream, index), node.inputs[index]!.shape),
  };
}

/** a + b, broadcast. */
export const Add = binary("Add", 0xe4, (_, upstream) => upstream);

/** a - b, broadcast. */
export const Sub = binary("Sub", 0xe5, (_, upstream, index) => (index === 0 ? upstream : neg(upstream)));

/** a * b, broadcast. */
export const Mul = binary("Mul", 0xe6, ({ inputs }, upstream, index) => mul(upstream, inputs[1 - index]!));

/** a / b, broadcast; d(a/b)/db = -(a/b)/b. */
export const Div = binary("Div", 0xe7, (node, upstream, index) => {
  const quotient = div(upstream, node.inputs[1]!);
  return index === 0 ? quotient : neg(mul(quotient, node));
});

/** -x */
export const Neg: Operator = {
  type: "Neg",
  simd: { opcode: 0xe1 },
  shape: ([x]) => x!,
  gradient: (_, upstream) => neg(upstream),
};

/** a + b, broadcast. */
export function add(a: Tensor, b: Tensor): Tensor {
  if (isScalarConstant(a, 0) && stretchesNothing(a, b)) return b;
  if (isScalarConstant(b, 0) && stretchesNothing(b, a)) return a;
  return combine(Add, add, a, b, (x, y) => x + y);
}

/** a - b, broadcast. */
export function sub(a: Tensor, b: Tensor): Tensor {
  if (isScalarConstant(b, 0) && stretchesNothing(b, a)) return a;
  return combine(Sub, sub, a, b, (x, y) => x - y);
}

/** a * b element by element, broadcast. */
export function mul(a: Tensor, b: Tensor): Tensor {
  if (isScalarConstant(b) && !isScalarConstant(a)) return mul(b, a);
  if (isScalarConstant(a, 1) && stretchesNothing(a, b)) return b;
  // c1 * (c2 * x) = (c1 c2) * x
  if (isScalarConstant(a) && isApplication(b, Mul) && isScalarConstant(b.inputs[0]!)) {
    return mul(mul(a, b.inputs[0]), b.inputs[1]!);
  }
  return combine(Mul, mul, a, b, (x, y) => x * y);
}

/** a / b, broadcast. */
export function div(a: Tensor, b: Tensor): Tensor {
  if (isScalarConstant(b, 1) && stretchesNothing(b, a)) return a;
  return combine(Div, div, a, b, (x, y) => x / y);
}

/** -x */
export function neg(x: Tensor): Tensor {
  if (isScalarConstant(x)) return constant([-x.values[0]!], x.shape);
  if (isApplication(x, Mul) && isScalarConstant(x.inputs[0]!)) return mul(neg(x.inputs[0]), x.inputs[1]!);
  return isApplication(x, Neg) ? x.inputs[0]! : apply(Neg, [x]);
}

/** x * x */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

function stretchesNothing(scalar: Constant, other: Tensor): boolean {
  return scalar.shape.length <= other.shape.length;
}

type Fold = (x: number, y: number) => number;

/** The application, with constants folded and without an `Expand` that broadcasting does anyway; `again` simplifies what is left. */
function combine(
  operator: Operator,
  again: (a: Tensor, b: Tensor) => Tensor,
  a: Tensor,
  b: Tensor,
  fold: Fold,
): Tensor {
  const shape = operator.shape([a.shape, b.shape], {});
  if (isScalarConstant(a) && isScalarConstant(b)) return constant([fold(a.values[0]!, b.values[0]!)], shape);
  const [x, y] = [unexpanded(a), unexpanded(b)];
  if (x !== a && y !== b) return expand(again(x, y), shape);
  if (x !== a && reaches(x, b, shape)) return again(x, b);
  if (y !== b && reaches(a, y, shape)) return again(a, y);
  return apply(operator, [a, b]);
}

function unexpanded(x: Tensor): Tensor {
  return isApplication(x, Expand) ? x.inputs[0]! : x;
}

function reaches(a: Tensor, b: Tensor, shape: Shape): boolean {
  return sameShape(broadcast("internal", a.shape, b.shape), shape);
}
