import { z } from "zod";
import type { LoopState } from "../train/train.ts";
import { stateNames, type WatchState } from "../train/watchdog.ts";

const count = z.int().nonnegative();
const step = count;
const numbers = z.record(z.string(), z.number());
const state = z.enum(Object.keys(stateNames) as [WatchState, ...WatchState[]]);

/** What a training knows beside its tensors, as a checkpoint of anybody may claim it. */
const schema = z.strictObject({
  best: z.strictObject({ step, distance: z.number() }).optional(),
  converged: z.strictObject({ type: z.literal("converged"), step, change: z.number() }).optional(),
  skips: z.strictObject({ unlogged: count, recent: z.array(step) }).optional(),
  metrics: numbers.optional(),
  collapsed: z
    .strictObject({
      type: z.literal("collapsed"),
      step,
      diagnosis: z.strictObject({ state, why: z.string(), advice: z.string() }),
    })
    .optional(),
  guard: z.strictObject({ looks: z.array(numbers), state, rollbacks: count }).optional(),
});

/** Reads a state. Throws an error that says what is wrong where it is none. */
export function parseLoopState(json: unknown): LoopState {
  const { success, data, error } = schema.safeParse(json);
  if (success) return data as LoopState;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  throw new Error(`${path.join(".") || "it"}: ${message}`);
}
