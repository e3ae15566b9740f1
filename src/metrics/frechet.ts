import { Matrix as Dense, EigenvalueDecomposition, SingularValueDecomposition } from "ml-matrix";
import { ShapeError } from "../errors.ts";
import type { Moments } from "./moments.ts";

/**
 * Frechet distance of two Gaussians, |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) (Dowson and Landau 1982), which is the FID when the moments are those of
 * features (Heusel et al. 2017).
 *
 * The trace of the root is the sum of the singular values of S1^(1/2) S2^(1/2): no complex numbers, nothing added to the diagonal, as exact for singular
 * covariances as for others. (The roots of the eigenvalues of S1^(1/2) S2 S1^(1/2) are the same numbers, but have only half of the digits where they are small.)
 * Throws ShapeError for moments of different lengths.
 */
export function frechetDistance(a: Moments, b: Moments): number {
  const d = a.mean.length;
  if (b.mean.length !== d) {
    const problem = `expected moments of one length, got ${d} and ${b.mean.length}`;
    throw new ShapeError(`frechetDistance: ${problem}. Use the same features for both.`);
  }
  const roots = rootOf(a).mmul(rootOf(b).transpose());
  const { diagonal } = new SingularValueDecomposition(roots, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  });
  let distance = -2 * diagonal.reduce((sum, value) => sum + value, 0);
  for (let k = 0; k < d; k++) {
    distance += (a.mean[k]! - b.mean[k]!) ** 2 + a.covariance[k * d + k]! + b.covariance[k * d + k]!;
  }
  return distance;
}

/**
 * A matrix R with R'R the covariance: L^(1/2) Q' of its decomposition QLQ'. Eigenvalues that are 0 but for rounding are taken as 0, or their roots, of half of the
 * digits, would be added up.
 */
function rootOf(moments: Moments): Dense {
  const { eigenvectorMatrix, realEigenvalues } = decompose(moments);
  const rounding = realEigenvalues.length * Number.EPSILON * Math.max(...realEigenvalues);
  const lengths = realEigenvalues.map((value) => (value > rounding ? Math.sqrt(value) : 0));
  return eigenvectorMatrix.transpose().mulColumnVector(lengths);
}

function decompose({ mean: { length: d }, covariance }: Moments): EigenvalueDecomposition {
  return new EigenvalueDecomposition(Dense.from1DArray(d, d, covariance), { assumeSymmetric: true });
}

/**
 * What the Frechet distance of two perfect sets of samples, of `countA` and of `countB`, is on average: to first order in 1 / count, for Gaussian
 * features whose covariance has the eigenvalues l,
 *
 *     (1 / countA + 1 / countB) / 2 (3 sum of l_i + sum over i != j of l_i l_j / (l_i + l_j))
 *
 * of which 2 sum of l_i comes from the means. The rest is 1/2 E_ij^2 / (l_i + l_j), the second-order change of the distance under a change E of one
 * covariance, with E_ij of variance (1 + [i = j]) l_i l_j (1 / countA + 1 / countB).
 */
export function frechetBias(real: Moments, countA: number, countB: number): number {
  const l = decompose(real).realEigenvalues.map((value) => Math.max(0, value));
  let sum = 0;
  for (const [i, a] of l.entries()) {
    sum += 3 * a;
    for (const b of l.slice(0, i)) if (a + b > 0) sum += (2 * a * b) / (a + b);
  }
  return (sum / 2) * (1 / countA + 1 / countB);
}
