import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseJson } from "../data/json.ts";
import { readRegular } from "../data/reading.ts";
import { ConfigError, InputError, LockedError } from "../errors.ts";
import { type Config, parseConfig } from "./config.ts";
import { titleOf } from "./data-source.ts";
import { isOrphan, removeOrphans, storageError, type WriteOptions, writeNew, writeWhole } from "./files.ts";
import { acquireLock, findLock, isLockName, type Lock, lockedBy } from "./lock.ts";

/** Where a run keeps what. */
export interface RunPaths {
  readonly root: string;
  readonly config: string;
  readonly log: string;
  readonly samples: string;
  readonly checkpoints: string;
  readonly report: string;
  readonly summary: string;
}

/** The content of `config.json`: everything that determines the run. */
export interface RunRecord {
  /** Version of the program. */
  readonly coordescent: string;
  readonly data: { readonly name: string; readonly fingerprint: string };
  readonly config: Config;
}

/** A configuration has a few kilobytes. */
export const maxConfigBytes = 2 ** 20;

/** The paths of the run in a directory. */
export function runPaths(root: string): RunPaths {
  return {
    root,
    config: join(root, "config.json"),
    log: join(root, "metrics.jsonl"),
    samples: join(root, "samples"),
    checkpoints: join(root, "checkpoints"),
    report: join(root, "report.html"),
    summary: join(root, "summary.json"),
  };
}

/** The name of a run: `20261123-1412-mnist-default`, with a number behind where that is taken. */
function runName(config: Config, now: Date, attempt: number): string {
  const digits = (value: number) => String(value).padStart(2, "0");
  const data = titleOf(config.data)
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, "-")
    .slice(0, 40);
  const day = `${now.getFullYear()}${digits(now.getMonth() + 1)}${digits(now.getDate())}`;
  const name = `${day}-${digits(now.getHours())}${digits(now.getMinutes())}-${data}-${config.preset}`;
  return attempt === 1 ? name : `${name}-${attempt}`;
}

/** Throws ConfigError where a directory holds something already, but for what a killed beginner has left there, and LockedError where a run is under way. */
export async function checkFree(root: string): Promise<void> {
  if (root === "") throw new ConfigError("--run: expected a directory, got an empty name.", "run");
  const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [] as string[];
    if (error.code === "ENOTDIR")
      throw new ConfigError(`--run ${root}: expected a new directory, found a file.`, "run");
    throw storageError(root, "cannot be read", error);
  });
  const lock = names.some(isLockName) ? await findLock(root) : undefined;
  if (lock?.isHeld) throw lockedBy(root, lock.holder!);
  const content = names.filter((name) => !isLockName(name) && !isOrphan(name));
  if (content.length === 0) return;
  const advice = content.includes("config.json")
    ? `Continue it with \`coordescent resume ${root}\`, or choose`
    : "Choose";
  throw new ConfigError(
    `--run ${root}: expected a new or empty directory, found ${content.length} entries. ${advice} another.`,
    "run",
  );
}

/** A run that this process writes. */
export interface OwnRun {
  readonly paths: RunPaths;
  readonly lock: Lock;
}

/**
 * Makes the directory of a run with its `config.json`: `root`, or a new one under `runs/`. Two runs never get the same. Throws ConfigError where `root`
 * holds something, LockedError where another run has just begun there, and StorageError.
 */
export async function createRun(root: string | undefined, record: RunRecord): Promise<OwnRun> {
  if (root !== undefined) {
    await checkFree(root);
    const run = await claim(root, record);
    if (run) return run;
    throw new ConfigError(`--run ${root}: another run has just begun there. Choose another directory.`, "run");
  }
  const now = new Date();
  for (let attempt = 1; ; attempt++) {
    const run = await claim(join("runs", runName(record.config, now, attempt)), record).catch((error) => {
      if (error instanceof LockedError) return undefined;
      throw error;
    });
    if (run) return run;
  }
}

/** A directory belongs to the run that gets to write its `config.json`. */
async function claim(root: string, record: RunRecord): Promise<OwnRun | undefined> {
  const paths = runPaths(root);
  if (existsSync(paths.config)) return undefined;
  await makeFolder(root);
  const lock = await acquireLock(root);
  try {
    if (await writeNew(paths.config, recordText(record))) {
      await prepareFolders(paths);
      return { paths, lock };
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
  await lock.release();
  return undefined;
}

/** Makes the folders of a run that are not there, and removes what killed writers have left in them. Throws StorageError. */
export async function prepareFolders({ root, samples, checkpoints }: RunPaths): Promise<void> {
  for (const folder of [samples, checkpoints]) await makeFolder(folder);
  for (const folder of [root, samples, checkpoints]) await removeOrphans(folder);
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw storageError(folder, "cannot be made", error);
  });
}

const recordText = (record: RunRecord) => `${JSON.stringify(record, undefined, 2)}\n`;

/** Writes `config.json`. Throws StorageError. */
export async function writeRecord({ config }: RunPaths, record: RunRecord, options: WriteOptions): Promise<void> {
  await writeWhole(config, recordText(record), options);
}

/** The run in a directory. Throws ConfigError where there is none, InputError where its `config.json` is damaged. */
export async function openRun(root: string): Promise<{ paths: RunPaths; record: RunRecord }> {
  const paths = runPaths(root);
  if (!existsSync(paths.config)) {
    const found = existsSync(root) ? "a directory without config.json" : "no such directory";
    throw new ConfigError(
      `${resolve(root)}: expected the directory of a run, found ${found}. \`coordescent train\` makes one.`,
      "run",
    );
  }
  return { paths, record: parseRecord(readRegular(paths.config, maxConfigBytes), paths.config) };
}

function parseRecord(bytes: Uint8Array, file: string): RunRecord {
  const json = parseJson(bytes, (problem, at) => new InputError(file, `expected JSON: ${problem}.`, at));
  try {
    const { coordescent, data, config } = (json ?? {}) as RunRecord;
    if (typeof coordescent === "string" && typeof data?.name === "string" && typeof data.fingerprint === "string") {
      return { coordescent, data, config: parseConfig(config) };
    }
  } catch (error) {
    throw new InputError(file, `expected the configuration of a run: ${(error as Error).message}`);
  }
  throw new InputError(file, "expected the configuration of a run with coordescent, data and config.");
}
