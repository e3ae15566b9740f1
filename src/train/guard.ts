import type { Snapshot } from "./snapshot.ts";
import type { Iteration, Trainer } from "./trainer.ts";
import { openWatcher, type Watch, type WatchMemory } from "./watch.ts";
import type { Diagnosis, Signals, WatchState } from "./watchdog.ts";

/** What is done about a training that is not healthy: nothing but to say so, end it, or go back to the best weights and on at half the learning rates. */
export const reactions = ["warn", "stop", "rollback"] as const;

/** An element of `reactions`. */
export type Reaction = (typeof reactions)[number];

/** A training that is not healthy after so many rollbacks ends. */
export const mostRollbacks = 3;

/** Weights to go back to. */
export interface Refuge {
  readonly step: number;
  readonly snapshot: Snapshot;
}

/** One look of the watchdog, as it is logged. */
export interface WatchRecord {
  readonly signals: Omit<Signals, "step">;
  readonly state: WatchState;
  /** Where the state is another than at the look before: what was seen, and what to try. */
  readonly why?: string;
  readonly advice?: string;
  /** The step whose weights the training goes on with, and what its learning rates are multiplied with from now on. */
  readonly rollback?: { readonly to: number; readonly pace: number };
}

/** How the watchdog ends a training. */
export interface Collapsed {
  readonly type: "collapsed";
  readonly step: number;
  readonly diagnosis: Diagnosis;
}

/** What earlier sessions of a training remember of its watchdog, as JSON can hold it. */
export interface GuardMemory extends WatchMemory {
  readonly rollbacks: number;
}

/** What is watched, and what is done about it. */
export interface GuardOptions extends Omit<Watch, "memory"> {
  readonly every: number;
  readonly reaction: Reaction;
  /** What a rollback of a resumed training goes back to: the weights that a probe found best, or where there was none those of the start. */
  readonly refuge?: Refuge | undefined;
}

/** What a probe found in the step of a look. */
export interface Probed {
  /** As in `Signals`. */
  readonly classes?: number | undefined;
  /** Whether the present weights are the best so far: `keep` follows. */
  readonly isBest: boolean;
}

/** What a look found, and what follows from it. */
export interface Look {
  readonly record: WatchRecord;
  readonly collapsed?: Collapsed;
}

/** The watchdog of a training with what it does. */
export interface Guard {
  readonly memory: GuardMemory;
  /** Undefined where the look tells nothing. What a probe has found in the same step comes with it. */
  look(iteration: Iteration, probed?: Probed): Promise<Look | undefined>;
  /** The present weights are the best so far. */
  keep(): Promise<void>;
  /** Puts the best weights in place. */
  goBack(rollback: NonNullable<WatchRecord["rollback"]>): Promise<void>;
}

/** Opens the watchdog of a training of so many iterations, which it leaves alone after the last. */
export async function openGuard(
  trainer: Trainer,
  steps: number,
  { refuge, reaction, ...watch }: GuardOptions,
  memory?: GuardMemory,
): Promise<Guard> {
  const watcher = openWatcher(trainer, { ...watch, memory });
  let rollbacks = memory?.rollbacks ?? 0;
  const present = async (into?: Snapshot) => ({ step: trainer.step, snapshot: await trainer.snapshot(into) });
  let best = reaction === "rollback" ? (refuge ?? (await present())) : undefined;
  return {
    get memory() {
      return { ...watcher.memory, rollbacks };
    },
    async look(iteration, probed) {
      const seen = await watcher.look(iteration, probed?.classes);
      if (!seen) return undefined;
      const { signals, isNew, ...diagnosis } = seen;
      const { state, why, advice } = diagnosis;
      const record = { signals, state, ...(isNew && { why, advice }) };
      const { step } = iteration;
      if (state === "healthy" || reaction === "warn" || step === steps) return { record };
      if (best && rollbacks < mostRollbacks) {
        const to = probed?.isBest ? step : best.step;
        return { record: { ...record, rollback: { to, pace: 0.5 ** (rollbacks + 1) } } };
      }
      return { record, collapsed: { type: "collapsed", step, diagnosis } };
    },
    async keep() {
      if (best) best = await present(best.snapshot);
    },
    async goBack({ pace }) {
      trainer.restore(best!.snapshot, trainer.step);
      trainer.endVisits();
      trainer.setPace(pace);
      watcher.forget();
      rollbacks += 1;
    },
  };
}
