import { z } from "zod";
import type { Quality } from "../train/train.ts";
import type { Diagnosis } from "../train/watchdog.ts";
import { disk } from "./file-system.ts";
import { readIfThere } from "./files.ts";
import type { RunPaths } from "./run-directory.ts";

const states = ["finished", "converged", "interrupted", "diverged", "collapsed"] as const;

/** The result of a training, as `summary.json` holds it. */
export interface Summary {
  readonly run: string;
  readonly state: (typeof states)[number];
  /** What went wrong, where something did. */
  readonly problem: string | null;
  /** Relative change of the generator's mean loss at which the convergence test ended the training, where it did. */
  readonly change: number | null;
  /** What the watchdog last found, and in which step first, where it ever found something wrong. */
  readonly diagnosis: ({ readonly step: number } & Diagnosis) | null;
  /** How often it went back to the best checkpoint. */
  readonly rollbacks: number;
  /** What was not spent because it ended the training: iterations, and the time that they would have taken at the mean speed so far. */
  readonly saved: { readonly steps: number; readonly ms: number } | null;
  readonly step: number;
  readonly steps: number;
  readonly elapsedMs: number;
  readonly imagesPerSecond: number;
  readonly lossD: number | null;
  readonly lossG: number | null;
  readonly probabilityReal: number | null;
  readonly probabilityFake: number | null;
  readonly preset: string;
  readonly data: string;
  readonly seed: number;
  readonly runtime: string;
  /** Iterations that changed nothing, because a number in them was not finite. */
  readonly skipped: number;
  /** What the last samples that a probe looked at are like. */
  readonly quality: Quality | null;
  /** The newest checkpoint. */
  readonly checkpoint: string;
  /** The checkpoint whose samples a probe found nearest to real examples. */
  readonly best: { readonly step: number; readonly distance: number; readonly checkpoint: string } | null;
  readonly samples: string | null;
  /** What the disk did not take in the last session, where there was such trouble: how many files, and why the last of them. */
  readonly degraded: { readonly files: number; readonly problem: string } | null;
  readonly report: string;
}

/** A summary has a few kilobytes. */
const maxSummaryBytes = 2 ** 20;

/** What is read of a summary. */
const schema = z.looseObject({
  state: z.enum(states),
  step: z.int().nonnegative(),
  problem: z.string().nullish(),
  degraded: z.looseObject({ problem: z.string() }).nullish(),
});

/** How and where a run has ended, if it has a summary that can be read. Throws StorageError. */
export async function readSummary({
  summary,
}: Pick<RunPaths, "summary">): Promise<Pick<Summary, "state" | "step" | "problem" | "degraded"> | undefined> {
  const bytes = await readIfThere(summary, disk, { maxBytes: maxSummaryBytes });
  try {
    return bytes && (schema.parse(JSON.parse(new TextDecoder().decode(bytes))) as unknown as Summary);
  } catch {
    return undefined;
  }
}

/** Whether the summary of a run says that it ended with a step: nothing was left to do there. Throws StorageError. */
export async function isConcluded(paths: Pick<RunPaths, "summary">, step: number): Promise<boolean> {
  const summary = await readSummary(paths);
  return summary?.step === step && endings.includes(summary.state);
}

/** States in which nothing was left to do. */
const endings: readonly Summary["state"][] = ["finished", "converged", "collapsed"];
