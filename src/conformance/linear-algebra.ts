/** Dense linear algebra that knows nothing of coordinate descent: what oracles compare with. */
import {
  Matrix as Dense,
  determinant as determinantOf,
  EigenvalueDecomposition,
  SingularValueDecomposition,
  solve as solveDense,
} from "ml-matrix";
import type { Matrix } from "./problems.ts";

/** The numbers 0 to n - 1. */
export const range = (n: number): number[] => [...Array(n).keys()];

export const sum = (a: readonly number[]): number => a.reduce((total, x) => total + x, 0);

/** a'b. */
export const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((x, i) => x * b[i]!));

/** The Euclidean length. */
export const norm = (a: readonly number[]): number => Math.sqrt(dot(a, a));

/** a + s b. */
export const along = (a: readonly number[], s: number, b: readonly number[]): number[] =>
  a.map((x, i) => x + s * b[i]!);

/** The largest |a_i - b_i|; NaN if there is one. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return Math.max(0, ...Array.from(a, (x, i) => Math.abs(x - b[i]!)));
}

/** Of `rows` by `columns` with the entries of a function. */
export const matrix = (rows: number, columns: number, entry: (i: number, j: number) => number): Matrix =>
  range(rows).map((i) => range(columns).map((j) => entry(i, j)));

export const identity = (n: number): Matrix => matrix(n, n, (i, j) => (i === j ? 1 : 0));

export const diagonal = (d: readonly number[]): Matrix => matrix(d.length, d.length, (i, j) => (i === j ? d[i]! : 0));

/** With 2 on the diagonal and -1 beside it. */
export const secondDifference = (n: number): Matrix =>
  matrix(n, n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0));

export const transpose = (A: Matrix): Matrix => A[0]!.map((_, j) => A.map((row) => row[j]!));

/** Ax. */
export const times = (A: Matrix, x: readonly number[]): number[] => A.map((row) => dot(row, x));

/** AB. */
export function multiply(A: Matrix, B: Matrix): Matrix {
  const columns = transpose(B);
  return A.map((row) => columns.map((column) => dot(row, column)));
}

/** A + s B. */
export const plus = (A: Matrix, s: number, B: Matrix): Matrix => A.map((row, i) => along(row, s, B[i]!));

/** The part of a matrix in some rows and columns. */
export const part = (A: Matrix, rows: readonly number[], columns = rows): Matrix =>
  rows.map((i) => columns.map((j) => A[i]![j]!));

/** The lower triangle, diagonal included. */
export const lowerTriangle = (A: Matrix): Matrix => A.map((row, i) => row.map((x, j) => (j <= i ? x : 0)));

const dense = (A: Matrix) => new Dense(A.map((row) => [...row]));

/** The x of Ax = b. */
export function solve(A: Matrix, b: readonly number[]): number[] {
  return solveDense(dense(A), Dense.columnVector([...b])).to1DArray();
}

export function inverse(A: Matrix): Matrix {
  return transpose(identity(A.length).map((row) => solve(A, row)));
}

export const determinant = (A: Matrix): number => determinantOf(dense(A));

/** Eigenvalues of any square matrix. */
export function eigenvalues(A: Matrix): { readonly re: number; readonly im: number }[] {
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(dense(A));
  return realEigenvalues.map((re, i) => ({ re, im: imaginaryEigenvalues[i]! }));
}

/** The largest absolute value of an eigenvalue. */
export function spectralRadius(A: Matrix): number {
  return Math.max(...eigenvalues(A).map(({ re, im }) => Math.hypot(re, im)));
}

/** Eigenvalues of a symmetric matrix, the smallest first. */
export function symmetricEigenvalues(A: Matrix): number[] {
  return [...new EigenvalueDecomposition(dense(A), { assumeSymmetric: true }).realEigenvalues].sort((a, b) => a - b);
}

/** Singular values, the largest first. */
export function singularValues(A: Matrix): number[] {
  return new SingularValueDecomposition(dense(A), { autoTranspose: true }).diagonal;
}
