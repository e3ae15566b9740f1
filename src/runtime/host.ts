import type { Reals } from "../random.ts";
import type { DeviceTensor } from "./runtime.ts";

/** A tensor in the memory of the process. */
export interface HostTensor<T extends Reals> extends DeviceTensor {
  readonly values: T;
}

/** A tensor over `values`, which it shares. */
export function hostTensor<T extends Reals>(shape: readonly number[], values: T): HostTensor<T> {
  return { shape, values, write: (fill) => fill(values), read: () => Promise.resolve(values) };
}
