import { z } from "zod";
import { version } from "../version.ts";
import type { RunRecord } from "./run-directory.ts";

/** What a checkpoint was made from, for who finds it beside another configuration. */
const originSchema = z.object({
  /** Of the program. */
  version: z.string(),
  /** SHA-256 of the data. */
  data: z.string(),
  /** What determines the weights. */
  config: z.record(z.string(), z.unknown()),
});

/** What a checkpoint was made from. */
export type Origin = Readonly<z.infer<typeof originSchema>>;

/** The keys of a configuration that determine the weights of a step; the rest may change between two sessions. */
const determining = ["data", "batch", "seed", "loss", "generator", "discriminator", "descent", "game"] as const;

/** What the checkpoints of a run are made from. */
export function originOf({ data, config }: Pick<RunRecord, "data" | "config">): Origin {
  const entries = determining.map((key) => [key, config[key]]);
  return { version, data: data.fingerprint, config: Object.fromEntries(entries) };
}

/** Reads an origin. Throws Error where it is none. */
export function parseOrigin(json: unknown): Origin {
  return originSchema.parse(json);
}

/** In words, how a checkpoint's origin differs from that of a run; undefined where it is of the run. Keys that one version has and another has not are passed over. */
export function foreignTo(run: Origin, { data, config }: Origin): string | undefined {
  const key = firstDifference(run.config, config);
  if (key) return `the run has another ${key.join(".")}`;
  return data === run.data ? undefined : `the run has other data (SHA-256 ${run.data}, not ${data})`;
}

function firstDifference(a: unknown, b: unknown): string[] | undefined {
  if (!isRecord(a) || !isRecord(b)) return JSON.stringify(a) === JSON.stringify(b) ? undefined : [];
  for (const key of Object.keys(a).filter((key) => key in b)) {
    const inside = firstDifference(a[key], b[key]);
    if (inside) return [key, ...inside];
  }
  return undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
