import { buildGraph, type Graph } from "../graph/graph.ts";
import {
  type Application,
  apply,
  constant,
  isApplication,
  isScalarConstant,
  sameShape,
  type Tensor,
} from "../graph/tensor.ts";
import { Mul } from "./arithmetic.ts";
import { ReduceSum, reshape } from "./broadcasting.ts";
import { Clip, Greater, Where } from "./comparison.ts";
import { gemm } from "./product.ts";

/**
 * Rewrites what runtimes are slow at, in ways that leave the arithmetic worth counting as it is (docs/decisions/0015):
 *
 *     x > 0 ? 1 : c  =  clip(2^127 x, c, 1), 0 <= c <= 1      but for 0 < x < 2^-127, where float32 has no normal numbers, and for NaN
 *     sum over the rows of X  =  1' X
 */
export function lower(graph: Graph): Graph {
  const lowered = new Map<Tensor, Tensor>();
  const again = ({ operator, inputs, attributes }: Application): Tensor => {
    const copy = apply(
      operator,
      inputs.map((source) => lowered.get(source)!),
      attributes,
    );
    return stepAsClip(copy) ?? sumAsProduct(copy) ?? copy;
  };
  for (const tensor of graph.tensors) lowered.set(tensor, tensor.kind === "application" ? again(tensor) : tensor);
  return buildGraph(graph.outputs.map(({ name, tensor }) => ({ name, tensor: lowered.get(tensor)! })));
}

function stepAsClip(tensor: Application): Tensor | undefined {
  const [condition, above, below] = tensor.inputs;
  if (tensor.operator !== Where || !isApplication(condition!, Greater)) return undefined;
  const [x, bound] = condition.inputs;
  if (!isScalarConstant(bound!, 0) || !isScalarConstant(above!, 1) || !isScalarConstant(below!)) return undefined;
  const low = below.values[0]!;
  if (!(low >= 0 && low <= 1) || !sameShape(x!.shape, tensor.shape)) return undefined;
  const steep = apply(Mul, [constant(2 ** 127), x!]); // not folded into a factor of x, which would be beyond float32
  return apply(Clip, [steep, constant(low), constant(1)]);
}

function sumAsProduct(tensor: Application): Tensor | undefined {
  const { operator, inputs, attributes, shape } = tensor;
  const [rows = 0, columns = 0, ...more] = inputs[0]!.shape;
  const isOverRows = operator === ReduceSum && more.length === 0 && String(attributes.axes) === "0";
  if (!isOverRows || rows < 2 || columns < 2) return undefined;
  return reshape(gemm(constant(new Array<number>(rows).fill(1), [1, rows]), inputs[0]!), shape);
}
