import { z } from "zod";
import type { LoopState } from "../train/train.ts";
import { stateNames, type WatchState } from "../train/watchdog.ts";

const count = z.int().nonnegative();
const step = count;
const number = z.number();
const metrics = z
  .object({ lossD: number, lossG: number, probabilityReal: number, probabilityFake: number })
  .catchall(number);
const look = z
  .object({
    step: number,
    real: number,
    fake: number,
    spread: number,
    heldOut: number.optional(),
    separation: number,
    diversity: number,
    repeats: number,
    slope: number,
    memory: number.optional(),
  })
  .catchall(number)
  .refine(({ memory, heldOut }) => memory === undefined || heldOut !== undefined, {
    path: ["heldOut"],
    message: "expected where there is memory",
  });
const state = z.enum(Object.keys(stateNames) as [WatchState, ...WatchState[]]);

/** What a training knows beside its tensors, as a checkpoint of anybody may claim it. */
const schema = z.strictObject({
  best: z.strictObject({ step, distance: z.number() }).optional(),
  converged: z.strictObject({ type: z.literal("converged"), step, change: z.number() }).optional(),
  skips: z.strictObject({ unlogged: count, recent: z.array(step) }).optional(),
  metrics: metrics.optional(),
  collapsed: z
    .strictObject({
      type: z.literal("collapsed"),
      step,
      diagnosis: z.strictObject({ state, why: z.string(), advice: z.string() }),
    })
    .optional(),
  guard: z.strictObject({ looks: z.array(look), state, rollbacks: count }).optional(),
});

/**
 * Reads a state: what it is given, with its keys in their order, as a resumed training writes the same bytes as one that never stopped. Throws an error that
 * says what is wrong where it is none.
 */
export function parseLoopState(json: unknown): LoopState {
  const { success, error } = schema.safeParse(json);
  if (success) return json as LoopState;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  throw new Error(`${path.join(".") || "it"}: ${message}`);
}
