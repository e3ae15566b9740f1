import { randomUUID } from "node:crypto";
import { open, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError } from "../errors.ts";

/**
 * Writes a file so that it appears whole or not at all, and stays after a crash: temporary name, write, fsync, rename, fsync of the folder. Throws
 * StorageError.
 */
export async function writeWhole(path: string, content: string | Uint8Array | readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${process.pid}-${randomUUID().slice(0, 8)}.part`;
  try {
    await synced(temporary, "wx", (file) => writeFile(file, content as string | Uint8Array | Iterable<Uint8Array>));
    await rename(temporary, path);
    if (process.platform !== "win32") await synced(dirname(path), "r", () => Promise.resolve());
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw storageError(path, "cannot be written", error);
  }
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

/** Writes a file that nobody else has; returns whether there was none. Throws StorageError. */
export async function writeNew(path: string, content: string): Promise<boolean> {
  try {
    await synced(path, "wx", (file) => file.writeFile(content));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw storageError(path, "cannot be written", error);
  }
}

async function synced(path: string, flags: string, use: (file: Awaited<ReturnType<typeof open>>) => Promise<void>) {
  const file = await open(path, flags);
  try {
    await use(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The bytes of a file, or undefined where there is none. Throws StorageError where it cannot be read. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw storageError(path, "cannot be read", error);
  }
}

/** A failed file operation as an error for people. */
export function storageError(path: string, what: string, cause: unknown): StorageError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const advice =
    code === "ENOSPC" ? " Free some space." : code === "EACCES" || code === "EROFS" ? " Check the permissions." : "";
  return new StorageError(path, `${what}: ${message}.${advice}`, { cause });
}
