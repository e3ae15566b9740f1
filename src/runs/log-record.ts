import { z } from "zod";
import type { LogRecord } from "../train/train.ts";
import { stateNames, type WatchState } from "../train/watchdog.ts";
import { problemOf } from "./mismatch.ts";

/** Objects and arrays within each other. */
const mostLevels = 32;
/** Classes that a histogram may show. */
const mostClasses = 1000;

const count = z.int().nonnegative();
const number = z.number().nullable(); // null is what JSON has for a number that is not finite
const clock = z.number().min(0).max(Number.MAX_SAFE_INTEGER).nullable();

/** What is read of a record; what else there is may be anything. */
const schema = z.looseObject({
  step: z.int().positive(),
  lossD: number,
  lossG: number,
  probabilityReal: number,
  probabilityFake: number,
  block: z.string(),
  length: number.optional(),
  predicted: number.optional(),
  realised: number.optional(),
  visits: z.array(count).optional(),
  skipped: count.optional(),
  quality: z
    .looseObject({
      distance: z.number(),
      floor: z.number().optional(),
      modes: count,
      histogram: z.array(z.number().min(0).max(1)).max(mostClasses),
      diversity: z.number(),
    })
    .optional(),
  watch: z
    .looseObject({
      signals: z.looseObject({
        separation: z.number(),
        memory: z.number().optional(),
        diversity: z.number(),
        repeats: z.number(),
      }),
      state: z.enum(Object.keys(stateNames) as [WatchState, ...WatchState[]]),
      why: z.string().optional(),
      advice: z.string().optional(),
      rollback: z.looseObject({ to: count, pace: z.number() }).optional(),
    })
    .optional(),
  imagesPerSecond: clock,
  elapsedMs: clock,
});

/** Reads a line of a log. Throws an error that says what is wrong where it is no record. */
export function parseRecord(line: string): LogRecord {
  const json = parsed(line);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error(`expected a record with a step, got ${line.slice(0, 60)}.`);
  }
  if (!hasLevels(json, mostLevels)) throw new Error(`expected at most ${mostLevels} levels, got more.`);
  const { error } = schema.safeParse(json);
  if (error) throw new Error(problemOf(error.issues[0]!, json));
  return json as LogRecord;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value has at most so many levels. */
const hasLevels = (value: unknown, most: number): boolean =>
  typeof value !== "object" ||
  value === null ||
  (most > 0 && Object.values(value).every((item) => hasLevels(item, most - 1)));
