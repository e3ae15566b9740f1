import type { DeviceTensor } from "../runtime/runtime.ts";

/** The replicas that train together. Every replica makes the same calls in the same order. */
export interface Collective {
  /** This replica's number, from 0. */
  readonly replica: number;
  readonly replicas: number;
  /** Replaces each tensor by its sum over the replicas, in a fixed order, so that the sums are the same bits everywhere. */
  sum(tensors: readonly DeviceTensor[]): Promise<void> | undefined;
}

/** One replica: every sum is already there. */
export const alone: Collective = { replica: 0, replicas: 1, sum: () => undefined };
