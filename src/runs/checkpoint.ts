import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { parseJson } from "../data/json.ts";
import { maxFileBytes } from "../data/reading.ts";
import { decodeSafetensors, encodeSafetensors, payloadOf } from "../data/safetensors.ts";
import { CheckpointError, StorageError } from "../errors.ts";
import type { TensorSpec } from "../program.ts";
import { notFinite, type Snapshot, snapshotProblem } from "../train/snapshot.ts";
import type { LoopState } from "../train/train.ts";
import { disk, type FileSystem } from "./file-system.ts";
import { readIfThere, rename, storageError, type WriteOptions, writeWhole } from "./files.ts";
import { parseLoopState } from "./loop-state.ts";
import { foreignTo, type Origin, parseOrigin } from "./origin.ts";

/** Everything that determines how a training goes on after a number of iterations, but its configuration and its data. */
export interface Checkpoint {
  readonly step: number;
  readonly snapshot: Snapshot;
  readonly state: LoopState;
  /** Records that the log of the run has at this step. */
  readonly records: number;
  /** Absent in older checkpoints, and where no run is behind it. */
  readonly origin?: Origin;
}

const format = "coordescent-checkpoint-2";
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

/**
 * Writes a checkpoint as one whole file, then removes all but `keep` of those up to it, and the one `spared`. Throws StorageError, and what `guard` throws; what is on the disk
 * then is what was there before, or the new checkpoint.
 */
export async function saveCheckpoint(
  folder: string,
  { step, snapshot, state, records, origin }: Checkpoint,
  { keep, spared, ...options }: { readonly keep: number; readonly spared?: number | undefined } & WriteOptions,
): Promise<void> {
  const numbers = { step: String(step), records: String(records) };
  const texts = { state: JSON.stringify(state), ...(origin && { origin: JSON.stringify(origin) }) };
  const metadata = { format, ...numbers, ...texts };
  const parts = encodeSafetensors({ ...metadata, sha256: digest(metadata, snapshot) }, snapshot);
  await writeWhole(checkpointPath(folder, step), parts, options);
  const steps = await listSteps(folder, options.files).catch(() => []);
  const old = steps.filter((other) => other <= step).slice(keep);
  for (const other of old.filter((each) => each !== spared)) {
    await options.guard?.(); // it may be that of another process by now
    await removeOld(folder, other, options.files);
  }
}

/** Makes the saved checkpoint of a step the best one. Throws StorageError, and what `guard` throws. */
export async function saveBest(folder: string, step: number, options: WriteOptions): Promise<void> {
  const bytes = await readIfThere(checkpointPath(folder, step), options.files);
  if (!bytes) throw new StorageError(checkpointPath(folder, step), "has just been saved, and is not there.");
  await writeWhole(bestPath(folder), bytes, options);
}

/** One that cannot be removed costs space and nothing else; the next call tries again. */
async function removeOld(folder: string, step: number, files: FileSystem = disk): Promise<void> {
  await files.remove(checkpointPath(folder, step)).catch(() => {});
}

/** The best checkpoint that a run has. */
interface FoundBest {
  readonly checkpoint: Checkpoint | undefined;
  /** Whether `saveBest` has to make its own file: the run may have been killed between the two, or the disk did not take it. */
  readonly isUnsettled: boolean;
  /** The error of a better one that the run should have and has not. */
  readonly lost?: Damage;
}

/**
 * The best checkpoint that a run has when it goes on from a checkpoint: in its own file, or where that could not be written in the file of its step; where
 * the disk took neither, or they are damaged, the one before that is still in its own file. None before the first probe.
 */
export async function loadBest(folder: string, from: Checkpoint, files?: FileSystem): Promise<FoundBest> {
  const { best } = from.state;
  if (best === undefined) return { checkpoint: undefined, isUnsettled: false };
  if (best.step === from.step) return { checkpoint: from, isUnsettled: true };
  try {
    const { path, checkpoint } = await findBest(folder, best.step, files);
    return { checkpoint, isUnsettled: path !== bestPath(folder) };
  } catch (error) {
    const before = await loadCheckpoint(bestPath(folder), files).catch(damageOf);
    const isEarlier = "state" in before && before.step <= from.step && before.state.best?.step === before.step;
    return { checkpoint: isEarlier ? before : undefined, isUnsettled: false, lost: damageOf(error) };
  }
}

/** The checkpoint of the step that is the best, and where it was found. Throws the error of the first place. */
async function findBest(folder: string, step: number, files?: FileSystem) {
  let problem: Damage | undefined;
  for (const path of [bestPath(folder), checkpointPath(folder, step)]) {
    try {
      const checkpoint = await loadCheckpoint(path, files);
      if (checkpoint.step === step) return { path, checkpoint };
      problem ??= new CheckpointError(path, `expected the checkpoint of step ${step}, got that of ${checkpoint.step}.`);
    } catch (error) {
      problem ??= damageOf(error);
    }
  }
  throw problem;
}

/** Why one checkpoint cannot be used, where another may: it is not whole, or the disk does not give it. */
export type Damage = CheckpointError | StorageError;

function damageOf(error: unknown): Damage {
  if (error instanceof CheckpointError || error instanceof StorageError) return error;
  throw error;
}

/**
 * The newest checkpoint of a folder that is whole, and the errors of newer ones that are not. Throws CheckpointError or StorageError, that of the newest, where
 * none is.
 */
export async function loadNewest(
  folder: string,
  files: FileSystem = disk,
): Promise<{ checkpoint: Checkpoint; damaged: Damage[] }> {
  const damaged: Damage[] = [];
  for (const step of await listSteps(folder, files)) {
    try {
      return { checkpoint: await loadCheckpoint(checkpointPath(folder, step), files), damaged };
    } catch (error) {
      damaged.push(damageOf(error));
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
export async function loadCheckpoint(path: string, files: FileSystem = disk): Promise<Checkpoint> {
  const checkStart = (start: Uint8Array, sizeBytes: number) => checkLength(start, sizeBytes, path);
  const bytes = await readIfThere(path, files, { checkStart, startBytes: 8 + maxHeaderBytes });
  if (!bytes) throw new CheckpointError(path, "expected a checkpoint, found no such file.");
  const { metadata, tensors } = decodeSafetensors(bytes, path);
  if (metadata.format !== format) {
    const got = metadata.format ?? "none";
    throw new CheckpointError(path, `expected a checkpoint of format ${format}, got ${got}: of another version.`);
  }
  const { sha256, ...rest } = metadata;
  const step = Number(rest.step);
  const number = namePattern.exec(basename(path))?.[1];
  const isNamedRight = number === undefined || Number(number) === step;
  if (sha256 !== digest(rest, tensors) || !isNamedRight) {
    throw new CheckpointError(path, "the content does not agree with its SHA-256: damaged.");
  }
  const name = notFinite(tensors);
  if (name !== undefined) throw new CheckpointError(path, `${name} holds numbers that are not finite.`);
  const records = Number(rest.records);
  if (!isCount(step) || !isCount(records)) {
    const got = `${rest.step} and ${rest.records}`;
    throw new CheckpointError(path, `expected whole numbers of steps and records, got ${got}.`);
  }
  const state = parsed(rest.state ?? "", "the state of the training", parseLoopState, path);
  const origin = rest.origin === undefined ? {} : { origin: parsed(rest.origin, "the origin", parseOrigin, path) };
  return { step, snapshot: tensors, state, records, ...origin };
}

/** As of `decodeSafetensors`. */
const maxHeaderBytes = 10 * 2 ** 20;

/**
 * Refuses a file that is not as long as its header says before its numbers are read: a long one without any costs nothing to make. One that ends with the
 * start is read already, and `decodeSafetensors` says what is wrong with it.
 */
function checkLength(start: Uint8Array, sizeBytes: number, path: string): void {
  if (sizeBytes < 8) {
    throw new CheckpointError(path, `expected a safetensors header, got a file of ${sizeBytes} bytes: truncated.`);
  }
  if (start.length === sizeBytes) return;
  if (sizeBytes > maxFileBytes) {
    throw new CheckpointError(path, `expected at most ${maxFileBytes} bytes, got ${sizeBytes}.`);
  }
  const length = Number(new DataView(start.buffer, start.byteOffset).getBigUint64(0, true));
  const refuse = (problem: string) =>
    new CheckpointError(path, `expected a safetensors header: ${problem}: damaged or another format.`);
  if (length > maxHeaderBytes) throw refuse(`expected at most ${maxHeaderBytes} bytes, got ${length}`);
  if (start[8] !== 0x7b) throw refuse("expected { first");
  const end = 8 + length + payloadBytes(parseJson(start.subarray(8, 8 + length), refuse) as object);
  if (end === sizeBytes) return;
  throw new CheckpointError(path, `expected ${end} bytes as the header says, got ${sizeBytes}: truncated or damaged.`);
}

/** Where the last tensor of a header ends; not a number where one is none. */
function payloadBytes({ __metadata__: _, ...entries }: { readonly __metadata__?: unknown }): number {
  return Object.values(entries as Readonly<Record<string, { data_offsets?: readonly unknown[] } | null>>).reduce(
    (end, entry) => Math.max(end, Number(entry?.data_offsets?.[1])),
    0,
  );
}

const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;

/** A part of the metadata. Throws CheckpointError where it is not what it should be. */
function parsed<T>(text: string, what: string, parse: (json: unknown) => T, path: string): T {
  const refuse = (problem: string) => new CheckpointError(path, `${what}: ${problem}.`);
  const json = parseJson(Buffer.from(text), refuse);
  try {
    return parse(json);
  } catch (error) {
    throw refuse((error as Error).message);
  }
}

/** Checks that a checkpoint is of a run, where it says of which it is. Throws CheckpointError that says what differs. */
export function checkOrigin({ origin }: Checkpoint, run: Origin, file: string): void {
  const problem = origin && foreignTo(run, origin);
  if (!problem) return;
  const advice = "A run goes on as it began: put its config.json back, or start another run.";
  throw new CheckpointError(file, `expected a checkpoint of this run, but ${problem}. ${advice}`);
}

/** Checks that a checkpoint holds exactly the tensors of a model. Throws CheckpointError that names the first difference. */
export function checkTensors({ snapshot }: Checkpoint, specs: readonly TensorSpec[], file: string): void {
  const problem = snapshotProblem(snapshot, specs);
  if (problem) throw new CheckpointError(file, problem);
}

/** Renames the checkpoints after a step, which a run that goes on from there makes anew. Throws StorageError. */
export async function setAsideAfter(folder: string, step: number): Promise<void> {
  for (const newer of (await listSteps(folder)).filter((other) => other > step)) {
    const path = checkpointPath(folder, newer);
    await rename(path, `${path}.damaged`).catch((error) => {
      throw storageError(path, "cannot be renamed", error);
    });
  }
}

async function listSteps(folder: string, files: FileSystem = disk): Promise<number[]> {
  try {
    const steps = (await files.list(folder)).flatMap((name) => namePattern.exec(name)?.[1] ?? []);
    return steps.map(Number).sort((a, b) => b - a);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw storageError(folder, "cannot be read", error);
  }
}

/** SHA-256 of everything that a checkpoint says: its metadata, and the name, shape and numbers of each tensor. */
function digest(metadata: Readonly<Record<string, string>>, snapshot: Snapshot): string {
  const names = [...snapshot].map(([name, { shape }]) => [name, shape]);
  const hash = createHash("sha256").update(JSON.stringify([Object.entries(metadata), names]));
  for (const part of payloadOf(snapshot)) hash.update(part);
  return hash.digest("hex");
}
