import type { Operator } from "../graph/tensor.ts";
import { Add, Div, Mul, Neg, Sub } from "./arithmetic.ts";
import { Expand, ReduceSum, Reshape } from "./broadcasting.ts";
import { Clip, Equal, Greater, Less, Where } from "./comparison.ts";
import { Conv, ConvTranspose } from "./convolution.ts";
import { Abs, Exp, LeakyRelu, Log, Relu, Sigmoid, Softplus, Sqrt, Tanh } from "./elementwise.ts";
import { Cast, Detach, Floor, Gather, TopK } from "./indexing.ts";
import { Concat, Pad, Slice, Transpose } from "./layout.ts";
import { Gemm, MatMul } from "./product.ts";
import { ReduceMax, ReduceMean } from "./reduction.ts";

/** Every operator. The contract suite goes through this list. */
export const operators: readonly Operator[] = [
  ...[Add, Sub, Mul, Div, Neg],
  ...[Exp, Log, Sqrt, Sigmoid, Tanh, Softplus, Relu, LeakyRelu, Abs],
  ...[Greater, Less, Equal, Where, Clip],
  ...[ReduceSum, ReduceMean, ReduceMax, Expand, Reshape],
  ...[Transpose, Concat, Slice, Pad],
  ...[Gemm, MatMul, Conv, ConvTranspose],
  ...[Gather, Cast, Floor, TopK, Detach],
];
