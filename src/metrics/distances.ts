import { type BlockVisitor, blockSize, forEachProduct, type Panels, panelsOf } from "./gram.ts";
import type { Matrix } from "./matrix.ts";

/** Points between which distances are wanted. */
export interface Points {
  readonly panels: Panels;
  /** Squared length of each, summed as inner products are. */
  readonly squares: Float64Array;
}

/** The rows of a matrix as points, those of some indices where they are given. */
export function pointsOf(x: Matrix, chosen?: ArrayLike<number>): Points {
  const panels = panelsOf(x, chosen);
  const squares = new Float64Array(panels.count);
  for (let i = 0; i < panels.count; i++) {
    const at = 4 * panels.length * (i >> 2) + (i & 3);
    for (let k = 0; k < panels.length; k++) squares[i]! += panels.values[at + 4 * k]! ** 2;
  }
  return { panels, squares };
}

/**
 * Visits the squared distances |a|^2 + |b|^2 - 2 ab of all pairs, block by block as `forEachProduct`; where `a` is `b`, of each pair of two once and Infinity
 * in place of the rest. Equal points are at distance 0 exactly, and a pair has one distance to the bit, whoever asks: the three sums have the same order.
 * The error is about 1e-15 of the squared lengths.
 */
export function forEachDistance(a: Points, b: Points, visit: BlockVisitor): void {
  const visitProducts: BlockVisitor = (block, firstA, endA, firstB, endB) => {
    for (let i = firstA; i < endA; i++) {
      const row = (i - firstA) * blockSize - firstB;
      const square = a.squares[i]!;
      for (let j = firstB; j < endB; j++) {
        const distance = square + b.squares[j]! - 2 * block[row + j]!;
        block[row + j] = distance > 0 ? distance : 0;
      }
      if (a === b) block.fill(Number.POSITIVE_INFINITY, row + firstB, row + Math.max(firstB, Math.min(i + 1, endB)));
    }
    visit(block, firstA, endA, firstB, endB);
  };
  forEachProduct(a.panels, b.panels, visitProducts, a === b ? "upper" : "all");
}
