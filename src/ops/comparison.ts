import { broadcast } from "../graph/broadcast.ts";
import { apply, constant, functionName, type Operator, type Tensor } from "../graph/tensor.ts";
import { sumTo } from "./broadcasting.ts";

function comparison(type: string, opcode: number): Operator {
  return { type, result: "bool", simd: { opcode }, shape: ([a, b]) => broadcast(functionName(type), a!, b!) };
}

/** a > b, broadcast, of type `bool`. */
export const Greater = comparison("Greater", 0x44);
/** a < b, broadcast, of type `bool`. */
export const Less = comparison("Less", 0x43);
/** a = b, broadcast, of type `bool`. */
export const Equal = comparison("Equal", 0x41);

/** Inputs condition, a, b: a where the condition holds, else b. */
export const Where: Operator = {
  type: "Where",
  simd: { opcode: 0x52, operands: [1, 2, 0] },
  takes: ["bool"],
  shape: ([condition, a, b]) => broadcast("where", condition!, broadcast("where", a!, b!)),
  gradient({ inputs }, upstream, index) {
    const [condition, zero] = [inputs[0]!, constant(0)];
    const masked = index === 1 ? where(condition, upstream, zero) : where(condition, zero, upstream);
    return sumTo(masked, inputs[index]!.shape);
  },
};

/** Inputs x, low, high, the latter two constant scalars: x, or the nearest number from low to high. */
export const Clip: Operator = {
  type: "Clip",
  shape: ([x]) => x!,
  gradient: (node, upstream) => where(equal(node, node.inputs[0]!), upstream, constant(0)),
};

/** Whether a > b, broadcast. */
export function greater(a: Tensor, b: Tensor): Tensor {
  return apply(Greater, [a, b]);
}

/** Whether a < b, broadcast. */
export function less(a: Tensor, b: Tensor): Tensor {
  return apply(Less, [a, b]);
}

/** Whether a = b, broadcast. */
export function equal(a: Tensor, b: Tensor): Tensor {
  return apply(Equal, [a, b]);
}

/** `a` where the condition holds, else `b`, broadcast. Throws ShapeError where the condition is not the result of a comparison. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return apply(Where, [condition, a, b]);
}
