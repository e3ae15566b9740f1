import { randomUUID } from "node:crypto";
import { mkdir, realpath, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { StorageError } from "../errors.ts";
import { disk, type FileSystem, type OpenFile, type ReadLimits } from "./file-system.ts";
import { isRunning } from "./process.ts";

/** Where and under which condition a file is written. */
export interface WriteOptions {
  readonly files?: FileSystem;
  /** Asked last before the file takes its name; what it throws stops that. */
  readonly guard?: () => Promise<void>;
}

type Content = string | Uint8Array | readonly Uint8Array[];

/**
 * Writes a file so that it appears whole or not at all, and stays after a crash: temporary name, write, fsync, rename, fsync of the folder. Throws
 * StorageError, and what `guard` throws.
 */
export async function writeWhole(path: string, content: Content, options: WriteOptions = {}): Promise<void> {
  const { files = disk } = options;
  await throughTemporary(path, content, files, (temporary) => rename(temporary, path, { ...options, files }));
}

/** What Windows says of a file that another program, such as a virus scanner, has open for a moment. */
const passing = ["EPERM", "EACCES", "EBUSY"];
const patienceMs = [10, 20, 40, 80, 160, 320];

/** Gives a file another name; where another program is in the way it waits a little, six times. Throws the system's error, and what `guard` throws. */
export async function rename(from: string, to: string, { files = disk, guard }: WriteOptions = {}): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    await guard?.();
    try {
      return await files.rename(from, to);
    } catch (error) {
      const waitMs = patienceMs[attempt];
      if (waitMs === undefined || !passing.includes((error as NodeJS.ErrnoException).code!)) throw error;
      await setTimeout(waitMs);
    }
  }
}

/** Writes a file that nobody else has, whole or not at all; returns whether there was none. Throws StorageError. */
export async function writeNew(path: string, content: Content, files: FileSystem = disk): Promise<boolean> {
  let isNew = true;
  await throughTemporary(path, content, files, async (temporary) => {
    try {
      await files.link(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      isNew = false;
    }
    await files.remove(temporary);
  });
  return isNew;
}

/** Writes a temporary file beside a path and lets `place` put it there. */
async function throughTemporary(
  path: string,
  content: Content,
  files: FileSystem,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomUUID().slice(0, 8)}.part`;
  try {
    await synced(files, temporary, "wx", (file) => writeAll(file, partsOf(content)));
    await place(temporary);
    await syncFolder(dirname(path), files);
  } catch (error) {
    await files.remove(temporary).catch(() => {});
    throw isSystemError(error) ? storageError(path, "cannot be written", error) : error;
  }
}

function partsOf(content: Content): readonly Uint8Array[] {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}

async function writeAll(file: OpenFile, parts: readonly Uint8Array[]): Promise<void> {
  let at = 0;
  for (const part of parts) {
    for (let done = 0; done < part.length; ) {
      const written = await file.write(part.subarray(done), at);
      if (written === 0) throw Object.assign(new Error("ENOSPC: no byte was written"), { code: "ENOSPC" });
      done += written;
      at += written;
    }
  }
}

async function synced(
  files: FileSystem,
  path: string,
  flags: "wx" | "r",
  use: (file: OpenFile) => Promise<void>,
): Promise<void> {
  const file = await files.open(path, flags);
  try {
    await use(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Returns when the names in a folder would outlast a loss of power; Windows has no way to ask for that. */
async function syncFolder(folder: string, files: FileSystem): Promise<void> {
  if (process.platform !== "win32") await synced(files, folder, "r", () => Promise.resolve());
}

/** Makes a folder, and those above it that are not there, so that they stay after a crash. Throws StorageError. */
export async function makeFolder(folder: string, files: FileSystem = disk): Promise<void> {
  try {
    await makeEach(resolve(folder), files);
  } catch (error) {
    throw storageError(folder, "cannot be made", error);
  }
}

/** One after the other: of a folder where none can be made, such as /proc, Node asks for ever when it makes all at once. */
async function makeEach(folder: string, files: FileSystem): Promise<void> {
  if (await isFolder(folder)) return;
  const above = dirname(folder);
  if (above !== folder) await makeEach(above, files); // a drive that is not there has nothing above it
  await mkdir(folder).catch(async (error) => {
    if (!(await isFolder(folder))) throw error; // another process may have made it
  });
  await syncFolder(above, files);
}

const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

const temporaryPattern = /\.(\d+)-[0-9a-f]{8}\.part$/;

/** Whether a name is that of a temporary file whose writer has died. */
export function isOrphan(name: string): boolean {
  const [, pid] = temporaryPattern.exec(name) ?? [];
  return pid !== undefined && (Number(pid) === process.pid || !isRunning(Number(pid)));
}

/** Removes what writers that were killed have left in a folder. Nothing of this process may be under way there. */
export async function removeOrphans(folder: string, files: FileSystem = disk): Promise<void> {
  const names = await files.list(folder).catch(() => [] as string[]);
  for (const name of names.filter(isOrphan)) await files.remove(join(folder, name)).catch(() => {});
}

/** Removes a file, if it is there. Throws StorageError. */
export async function removeFile(path: string): Promise<void> {
  await disk.remove(path).catch((error) => {
    throw storageError(path, "cannot be removed", error);
  });
}

/** Writes a file where a user wants it: whole, through links, and into a device without replacing it. Throws StorageError. */
export async function writeOver(path: string, content: Uint8Array): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const isSpecial = await stat(target).then(
    (found) => !found.isFile(),
    () => false,
  );
  if (!isSpecial) return writeWhole(target, content);
  await writeFile(target, content).catch((error) => {
    throw storageError(path, "cannot be written", error);
  });
}

/**
 * The bytes of a file, or undefined where there is none, or none of at most `limits.maxBytes`. Throws StorageError where it cannot be read, and what
 * `limits.checkStart` throws.
 */
export async function readIfThere(
  path: string,
  files: FileSystem = disk,
  limits: ReadLimits = {},
): Promise<Uint8Array | undefined> {
  try {
    return await files.read(path, limits);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const isTooLong = (error as NodeJS.ErrnoException).code === "EFBIG" && limits.maxBytes !== undefined;
    if (isAbsent(error) || isTooLong) return undefined;
    throw storageError(path, "cannot be read", error);
  }
}

/** Whether an error says that there is no such file, or a folder in its place. */
export const isAbsent = (error: unknown) =>
  ["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code!);

const isSystemError = (error: unknown) => typeof (error as NodeJS.ErrnoException)?.code === "string";

/** A failed file operation as an error for people. */
export function storageError(path: string, what: string, cause: unknown): StorageError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const advice =
    code === "ENOSPC" || code === "EDQUOT"
      ? " Free some space."
      : code === "EACCES" || code === "EROFS"
        ? " Check the permissions."
        : "";
  return new StorageError(path, `${what}: ${message}.${advice}`, { cause });
}
