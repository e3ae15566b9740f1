import { existsSync } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseJson } from "../data/json.ts";
import { kindOf, readRegular } from "../data/reading.ts";
import { ConfigError, InputError, LockedError } from "../errors.ts";
import { type Config, configure, parseConfig, settingsOf } from "./config.ts";
import { titleOf } from "./data-source.ts";
import {
  isAbsent,
  isOrphan,
  makeFolder,
  removeOrphans,
  storageError,
  type WriteOptions,
  writeNew,
  writeWhole,
} from "./files.ts";
import { acquireLock, findLock, isLockName, type Lock, lockedBy } from "./lock.ts";
import { presets } from "./presets.ts";

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
  const names = await readdir(root).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return refuseLink(root);
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

/** That there is nothing. Throws ConfigError where a link leads there: no directory can be made in its place. */
async function refuseLink(root: string): Promise<string[]> {
  if (!(await isLink(root))) return [];
  const advice = "Remove the link, or choose another.";
  throw new ConfigError(`--run ${root}: expected a new directory, found a link that leads nowhere. ${advice}`, "run");
}

const isLink = (path: string) =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );

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

const recordText = (record: RunRecord) => `${JSON.stringify(record, undefined, 2)}\n`;

/** Writes `config.json`. Throws StorageError. */
export async function writeRecord({ config }: RunPaths, record: RunRecord, options: WriteOptions): Promise<void> {
  await writeWhole(config, recordText(record), options);
}

/** The run in a directory. Throws ConfigError where there is none, InputError where its `config.json` is damaged, StorageError where it cannot be read. */
export async function openRun(root: string): Promise<{ paths: RunPaths; record: RunRecord }> {
  if (root === "") {
    const problem = "expected the directory of a run, got an empty name. `coordescent train` makes one.";
    throw new ConfigError(problem, "run");
  }
  const paths = runPaths(root);
  await stat(paths.config).catch(async (error) => {
    if (!isAbsent(error)) throw storageError(paths.config, "cannot be read", error);
    const found = await foundAt(root);
    throw new ConfigError(
      `${resolve(root)}: expected the directory of a run, found ${found}. \`coordescent train\` makes one.`,
      "run",
    );
  });
  return { paths, record: parseRecord(readRegular(paths.config, maxConfigBytes), paths.config) };
}

/** What there is where a run is expected, in words. */
async function foundAt(root: string): Promise<string> {
  const found = await stat(root).catch(() => undefined);
  if (!found) return (await isLink(root)) ? "a link that leads nowhere" : "no such directory";
  if (found.isFile()) return "a file";
  return found.isDirectory() ? "a directory without config.json" : kindOf(found);
}

function parseRecord(bytes: Uint8Array, file: string): RunRecord {
  const json = parseJson(bytes, (problem, at) => new InputError(file, `expected JSON: ${problem}.`, at));
  try {
    const { coordescent, data, config } = (json ?? {}) as RunRecord;
    if (typeof coordescent === "string" && typeof data?.name === "string" && typeof data.fingerprint === "string") {
      return { coordescent, data, config: parseKnown(config) };
    }
  } catch (error) {
    throw new InputError(file, `expected the configuration of a run: ${(error as Error).message}`);
  }
  throw new InputError(file, "expected the configuration of a run with coordescent, data and config.");
}

/** A configuration. Throws ConfigError, of a key that is unknown before one that is missing: often one is the other, written wrongly. */
function parseKnown(config: unknown): Config {
  try {
    return parseConfig(config);
  } catch (error) {
    const isTree = typeof config === "object" && config !== null && !Array.isArray(config);
    const known = settingsOf(presets.default.config).map(([key]) => key);
    const unknown = isTree ? settingsOf(config).find(([key]) => !known.includes(key)) : undefined;
    if (unknown) configure(presets.default.config, [unknown]);
    throw error;
  }
}
