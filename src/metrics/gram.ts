import type { Matrix } from "./matrix.ts";

/**
 * Vectors as the inner loop reads them: in panels of four, whose numbers k lie side by side. The last panel is filled up with zeros.
 */
export interface Panels {
  /** How many vectors. */
  readonly count: number;
  /** Numbers of each. */
  readonly length: number;
  /** Number k of vector i is at 4 (length floor(i / 4) + k) + i mod 4. */
  readonly values: Float64Array;
}

/** The rows of a matrix in panels, those of some indices where they are given. */
export function panelsOf({ rows, columns, values }: Matrix, chosen?: ArrayLike<number>): Panels {
  const count = chosen ? chosen.length : rows;
  const panels = new Float64Array(4 * Math.ceil(count / 4) * columns);
  for (let i = 0; i < count; i++) {
    const from = (chosen ? chosen[i]! : i) * columns;
    const to = 4 * columns * (i >> 2) + (i & 3);
    for (let k = 0; k < columns; k++) panels[to + 4 * k] = values[from + k]!;
  }
  return { count, length: columns, values: panels };
}

/** Vectors along each side of a block: a multiple of 4. */
export const blockSize = 128;

/**
 * Looks at the numbers of a block: that of the pair (i, j), firstA <= i < endA, firstB <= j < endB, is number (i - firstA) blockSize + j - firstB. The
 * memory is used again for the next block.
 */
export type BlockVisitor = (block: Float64Array, firstA: number, endA: number, firstB: number, endB: number) => void;

/**
 * Visits the inner products of all vectors of `a` with all of `b`, in float64, block by block, so that memory does not grow with the number of pairs. Of
 * the part "upper" only pairs with j >= i are there; others in the blocks are anything. Each product is summed from the first number to the last: it
 * does not depend on the block nor on the order of the two, to the bit.
 */
export function forEachProduct(a: Panels, b: Panels, visit: BlockVisitor, part: "all" | "upper" = "all"): void {
  const block = new Float64Array(blockSize * Math.min(blockSize, 4 * Math.ceil(a.count / 4)));
  for (let firstA = 0; firstA < a.count; firstA += blockSize) {
    const endA = Math.min(firstA + blockSize, a.count);
    for (let firstB = part === "upper" ? firstA : 0; firstB < b.count; firstB += blockSize) {
      const endB = Math.min(firstB + blockSize, b.count);
      for (let i = firstA; i < endA; i += 4) {
        for (let j = part === "upper" ? Math.max(i, firstB) : firstB; j < endB; j += 4) {
          multiply(
            a.values,
            i * a.length,
            b.values,
            j * a.length,
            a.length,
            block,
            (i - firstA) * blockSize + j - firstB,
          );
        }
      }
      visit(block, firstA, endA, firstB, endB);
    }
  }
}

/** The 4 x 4 inner products of two panels, kept in sixteen variables: four times as fast as one product after the other. */
function multiply(
  A: Float64Array,
  atA: number,
  B: Float64Array,
  atB: number,
  length: number,
  block: Float64Array,
  at: number,
): void {
  let [s00, s01, s02, s03] = [0, 0, 0, 0];
  let [s10, s11, s12, s13] = [0, 0, 0, 0];
  let [s20, s21, s22, s23] = [0, 0, 0, 0];
  let [s30, s31, s32, s33] = [0, 0, 0, 0];
  for (let k = 0, i = atA, j = atB; k < length; k++, i += 4, j += 4) {
    const a0 = A[i]!;
    const a1 = A[i + 1]!;
    const a2 = A[i + 2]!;
    const a3 = A[i + 3]!;
    const b0 = B[j]!;
    s00 += a0 * b0;
    s10 += a1 * b0;
    s20 += a2 * b0;
    s30 += a3 * b0;
    const b1 = B[j + 1]!;
    s01 += a0 * b1;
    s11 += a1 * b1;
    s21 += a2 * b1;
    s31 += a3 * b1;
    const b2 = B[j + 2]!;
    s02 += a0 * b2;
    s12 += a1 * b2;
    s22 += a2 * b2;
    s32 += a3 * b2;
    const b3 = B[j + 3]!;
    s03 += a0 * b3;
    s13 += a1 * b3;
    s23 += a2 * b3;
    s33 += a3 * b3;
  }
  block[at] = s00;
  block[at + 1] = s01;
  block[at + 2] = s02;
  block[at + 3] = s03;
  block[at + blockSize] = s10;
  block[at + blockSize + 1] = s11;
  block[at + blockSize + 2] = s12;
  block[at + blockSize + 3] = s13;
  block[at + 2 * blockSize] = s20;
  block[at + 2 * blockSize + 1] = s21;
  block[at + 2 * blockSize + 2] = s22;
  block[at + 2 * blockSize + 3] = s23;
  block[at + 3 * blockSize] = s30;
  block[at + 3 * blockSize + 1] = s31;
  block[at + 3 * blockSize + 2] = s32;
  block[at + 3 * blockSize + 3] = s33;
}
