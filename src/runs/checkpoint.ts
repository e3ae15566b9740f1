import { createHash } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { decodeSafetensors, encodeSafetensors, payloadOf } from "../data/safetensors.ts";
import { CheckpointError } from "../errors.ts";
import type { TensorSpec } from "../program.ts";
import { type Snapshot, snapshotProblem } from "../train/snapshot.ts";
import { readIfThere, storageError, writeWhole } from "./files.ts";

/** The weights and states of a training after a number of iterations. */
export interface Checkpoint {
  readonly step: number;
  readonly snapshot: Snapshot;
}

const format = "coordescent-checkpoint-1";
const namePattern = /^(\d{6,})\.safetensors$/;

/** How the names of checkpoints end. */
export const checkpointSuffix = ".safetensors";

/** Path of the checkpoint of a step. */
export function checkpointPath(folder: string, step: number): string {
  return join(folder, `${String(step).padStart(6, "0")}${checkpointSuffix}`);
}

/** Path of the checkpoint whose samples a probe found nearest to real examples. */
export function bestPath(folder: string): string {
  return join(folder, `best${checkpointSuffix}`);
}

/** Writes a checkpoint as one whole file, as the best one too if it is that, then removes all but `keep` of those up to it. Throws StorageError. */
export async function saveCheckpoint(
  folder: string,
  { step, snapshot }: Checkpoint,
  { keep, isBest }: { readonly keep: number; readonly isBest: boolean },
): Promise<void> {
  const metadata = { format, step: String(step), sha256: digest(step, snapshot) };
  const parts = encodeSafetensors(metadata, snapshot);
  if (isBest) await writeWhole(bestPath(folder), parts); // first: a run that goes on from the other must find it
  await writeWhole(checkpointPath(folder, step), parts);
  const upToIt = (await listSteps(folder)).filter((other) => other <= step);
  for (const old of upToIt.slice(keep)) await rm(checkpointPath(folder, old), { force: true });
}

/**
 * The newest checkpoint of a folder that is whole, and the errors of newer ones that are not. Throws CheckpointError where none is.
 */
export async function loadNewest(folder: string): Promise<{ checkpoint: Checkpoint; damaged: CheckpointError[] }> {
  const damaged: CheckpointError[] = [];
  for (const step of await listSteps(folder)) {
    try {
      return { checkpoint: await loadCheckpoint(checkpointPath(folder, step)), damaged };
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      damaged.push(error);
    }
  }
  throw (
    damaged[0] ??
    new CheckpointError(folder, "expected a checkpoint, found none. The run was stopped before its first one.")
  );
}

/** Whether a folder holds any checkpoint, whole or damaged. Throws StorageError. */
export async function hasCheckpoints(folder: string): Promise<boolean> {
  return (await listSteps(folder)).length > 0;
}

/** Reads a checkpoint and checks it against its checksum. Throws CheckpointError. */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const bytes = await readIfThere(path);
  if (!bytes) throw new CheckpointError(path, "expected a checkpoint, found no such file.");
  const { metadata, tensors } = decodeSafetensors(bytes, path);
  if (metadata.format !== format) {
    throw new CheckpointError(path, `expected a checkpoint of format ${format}, got ${metadata.format ?? "none"}.`);
  }
  const step = Number(metadata.step);
  const number = namePattern.exec(basename(path))?.[1];
  const isNamedRight = number === undefined || Number(number) === step;
  if (metadata.sha256 !== digest(step, tensors) || !isNamedRight) {
    throw new CheckpointError(path, "the content does not agree with its SHA-256: damaged.");
  }
  return { step, snapshot: tensors };
}

/** Checks that a checkpoint holds exactly the tensors of a model. Throws CheckpointError that names the first difference. */
export function checkTensors({ snapshot }: Checkpoint, specs: readonly TensorSpec[], file: string): void {
  const problem = snapshotProblem(snapshot, specs);
  if (problem) throw new CheckpointError(file, problem);
}

/** Renames the checkpoints after a step, which a run that goes on from there makes anew. */
export async function setAsideAfter(folder: string, step: number): Promise<void> {
  for (const newer of (await listSteps(folder)).filter((other) => other > step)) {
    const path = checkpointPath(folder, newer);
    await rename(path, `${path}.damaged`);
  }
}

async function listSteps(folder: string): Promise<number[]> {
  try {
    const steps = (await readdir(folder)).flatMap((name) => namePattern.exec(name)?.[1] ?? []);
    return steps.map(Number).sort((a, b) => b - a);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw storageError(folder, "cannot be read", error);
  }
}

/** SHA-256 of everything that a checkpoint says: the step, and the name, shape and numbers of each tensor. */
function digest(step: number, snapshot: Snapshot): string {
  const names = [...snapshot].map(([name, { shape }]) => [name, shape]);
  const hash = createHash("sha256").update(JSON.stringify([format, step, names]));
  for (const part of payloadOf(snapshot)) hash.update(part);
  return hash.digest("hex");
}
