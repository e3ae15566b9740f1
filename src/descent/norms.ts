import { constant, isApplication, isScalarConstant, type Tensor } from "../graph/tensor.ts";
import { Add, Mul, mul, square } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { concat, transpose } from "../ops/layout.ts";
import { Gemm, gemm } from "../ops/product.ts";

/** L'R with one row an example: how the gradient of a layer's matrix is made. */
interface Product {
  readonly left: Tensor;
  readonly right: Tensor;
}

/**
 * |x|^2 = sum of the squares of all elements. Where x is a product L'R of matrices with few rows B, or a sum of such, x itself is never made:
 *
 *     |L'R|^2 = sum((LL') o (RR'))        B^2 (p + q) multiply-accumulates instead of B p q
 *
 * ("ghost norm": Goodfellow 2015, arXiv 1510.01799; Li et al. 2021). The cheaper of the two ways is taken.
 */
export function squaredNorm(x: Tensor): Tensor {
  const products = productsOf(x);
  if (products) {
    const { left, right, isCheaper } = stacked(products);
    if (isCheaper) return reduceSum(mul(gemm(left, left, { transB: true }), gemm(right, right, { transB: true })));
  }
  return reduceSum(square(x));
}

/**
 * The squares of a matrix summed down each of its columns: of the units of a layer. Of a product L'R it is the sum over the rows of R o (LL')R, which takes
 * B^2 (p + q) multiply-accumulates instead of B p q; the cheaper of the two ways is taken.
 */
export function squaredColumns(x: Tensor): Tensor {
  const products = productsOf(x);
  if (products) {
    const { left, right, isCheaper } = stacked(products);
    if (isCheaper) return reduceSum(mul(right, gemm(gemm(left, left, { transB: true }), right)), { axes: [0] });
  }
  return reduceSum(square(x), { axes: [0] });
}

/** A sum of products as one, with the rows of all. */
function stacked(products: readonly Product[]): Product & { readonly isCheaper: boolean } {
  const left = concat(
    products.map((product) => product.left),
    0,
  );
  const right = concat(
    products.map((product) => product.right),
    0,
  );
  const [rows, p, q] = [left.shape[0]!, left.shape[1]!, right.shape[1]!];
  return { left, right, isCheaper: rows * (p + q) < p * q };
}

function productsOf(x: Tensor): Product[] | undefined {
  if (x.kind !== "application") return undefined;
  const [a, b] = x.inputs;
  if (isApplication(x, Gemm) && x.inputs.length === 2) {
    const { transA, transB } = x.attributes;
    return [{ left: transA ? a! : transpose(a!), right: transB ? transpose(b!) : b! }];
  }
  if (isApplication(x, Mul) && isScalarConstant(a!)) {
    const factor = constant(a.values[0]!);
    return productsOf(b!)?.map(({ left, right }) => ({ left: mul(factor, left), right }));
  }
  if (isApplication(x, Add)) {
    const parts = [productsOf(a!), productsOf(b!)];
    return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part!);
  }
  return undefined;
}
