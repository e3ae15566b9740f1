import type { StateSpec } from "../optim/update-rule.ts";

/** What becomes of a block's state when the block moves again after another has: the part of it that stays, the rest goes back to its start. */
export type StatePolicy = (memory: StateSpec["memory"]) => number;

/** State waits for its block (HiFT: Liu et al. 2024). */
export const keep: StatePolicy = () => 1;

/** State starts afresh at every visit (BAdam: Luo, Yu and Li 2024). */
export const reset: StatePolicy = () => 0;

/**
 * The direction starts afresh, the scale goes `1 - factor` of the way back: the other player has moved meanwhile, so old directions mislead, while the size of
 * a gradient changes slowly. For Adam: m = 0 and beta1^t = 1 again; v and 1 - beta2^t shrink by one factor, so that the corrected second moment stays what it
 * was and forgets sooner.
 */
export const decay =
  (factor: number): StatePolicy =>
  (memory) =>
    ({ direction: 0, scale: factor, rest: 1 })[memory];

/** Settings that state policies share. */
export interface StatePolicySettings {
  /** What `decay` leaves of a scale; 0.5 by default. */
  readonly stateDecay?: number;
}

/** Every state policy, by its name in configurations. */
export const statePolicies = {
  keep: () => keep,
  reset: () => reset,
  decay: ({ stateDecay = 0.5 }) => decay(stateDecay),
} as const satisfies Record<string, (settings: StatePolicySettings) => StatePolicy>;
