import { checkSamples, type Matrix } from "./matrix.ts";

/** Mean and covariance of samples. */
export interface Moments {
  readonly count: number;
  /** [d]. */
  readonly mean: Float64Array;
  /** [d, d], with the divisor count - 1. */
  readonly covariance: Float64Array;
}

/** Mean and covariance, in two passes in float64. Throws ShapeError for fewer than two samples. */
export function moments(x: Matrix): Moments {
  checkSamples("moments", x, 2);
  const { rows, columns, values } = x;
  const mean = new Float64Array(columns);
  for (let i = 0; i < values.length; i += columns) for (let k = 0; k < columns; k++) mean[k]! += values[i + k]!;
  for (let k = 0; k < columns; k++) mean[k]! /= rows;
  const covariance = new Float64Array(columns * columns);
  const centred = new Float64Array(columns);
  for (let i = 0; i < values.length; i += columns) {
    for (let k = 0; k < columns; k++) centred[k] = values[i + k]! - mean[k]!;
    for (let k = 0; k < columns; k++) {
      const factor = centred[k]!;
      for (let l = k; l < columns; l++) covariance[k * columns + l]! += factor * centred[l]!;
    }
  }
  for (let k = 0; k < columns; k++) {
    for (let l = k; l < columns; l++) {
      covariance[k * columns + l]! /= rows - 1;
      covariance[l * columns + k] = covariance[k * columns + l]!;
    }
  }
  return { count: rows, mean, covariance };
}
