import type { Reals } from "../random.ts";
import type { DeviceTensor } from "./runtime.ts";

/** A tensor in the memory of the process. */
export interface HostTensor<T extends Reals> extends DeviceTensor {
  readonly values: T;
}

/** A tensor over `values`, which it shares. */
export function hostTensor<T extends Reals>(shape: readonly number[], values: T): HostTensor<T> {
  return {
    shape,
    values,
    write: (fill) => fill(values),
    read: () => values,
    isFinite: () => areFinite(values),
  };
}

/** Whether every number is finite. */
export function areFinite(values: Reals): boolean {
  let sum = 0; // of zeros, and of NaN: many times faster than a test of each
  for (let i = 0; i < values.length; i++) sum += values[i]! - values[i]!;
  return sum === 0;
}
