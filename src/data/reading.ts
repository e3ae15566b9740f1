import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { InputError, StorageError } from "../errors.ts";

/** The longest file that is read: 2 GiB, less the byte that Node cannot read at once. */
export const maxFileBytes = 2 ** 31 - 1;

/** Bytes at the beginning of a file in which every format says how long it is. */
const startBytes = 16_384;

/** What a file operation gives. Throws a `StorageError` that names the path where it fails. */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    throw new StorageError(path, `expected a readable file, got ${message}. Check its permissions.`, { cause: error });
  }
}

/** Refuses what a header promises wrongly, from the beginning of a file and its size. */
type CheckStart = (start: Uint8Array, sizeBytes: number) => void;

/**
 * The bytes of a regular file. No pipe, device or folder is waited for, and nothing beyond its beginning is read before `checkStart` has found that header
 * and size agree. Throws an `InputError` for anything but a file of at most `maxBytes`, and where it changes while it is read; a `StorageError` where it
 * cannot be read.
 */
export function readRegular(path: string, maxBytes = maxFileBytes, checkStart: CheckStart = () => {}): Uint8Array {
  return withRegular(path, maxBytes, (file, size) => readWhole(file, size, path, checkStart));
}

/** The beginning of a regular file, 16 KiB or all of it, and its size. Throws what `readRegular` throws. */
export function readStart(path: string): { readonly start: Uint8Array; readonly sizeBytes: number } {
  return withRegular(path, maxFileBytes, (file, sizeBytes) => {
    const start = Buffer.alloc(Math.min(sizeBytes, startBytes));
    readFully(file, start, 0, start.length, path);
    return { start, sizeBytes };
  });
}

/** Opens a regular file of at most `maxBytes` for `use`, and closes it. */
function withRegular<T>(path: string, maxBytes: number, use: (file: number, sizeBytes: number) => T): T {
  requireRegular(
    reading(path, () => statSync(path)),
    path,
    maxBytes,
  );
  // Opening a pipe would wait for its other end, if one has taken the place of the file since.
  const file = reading(path, () => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)));
  try {
    return use(file, requireRegular(fstatSync(file), path, maxBytes).size);
  } finally {
    closeSync(file);
  }
}

function readWhole(file: number, size: number, path: string, checkStart: CheckStart): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(size);
  const start = Math.min(size, startBytes);
  readFully(file, bytes, 0, start, path);
  checkStart(bytes.subarray(0, start), size);
  readFully(file, bytes, start, size, path);
  if (reading(path, () => readSync(file, new Uint8Array(1), 0, 1, size)) === 0) return bytes;
  throw new InputError(path, `expected ${size} bytes, got more: it grew while it was read. Try again.`, size);
}

function requireRegular(found: Stats, path: string, maxBytes: number): Stats {
  if (found.isFile() && found.size <= maxBytes) return found;
  const got = found.isFile() ? `${found.size} bytes` : kindOf(found);
  throw new InputError(path, `expected a file of at most ${maxBytes} bytes, got ${got}.`);
}

/** What there is, in words. */
export function kindOf(found: Pick<Stats, "isDirectory" | "isFIFO" | "isSocket" | "isSymbolicLink">): string {
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a pipe";
  if (found.isSocket()) return "a socket";
  return found.isSymbolicLink() ? "a symbolic link" : "a device";
}

/** Reads bytes `from` to `to`, without `to`, to their places in `bytes`. */
function readFully(file: number, bytes: Buffer, from: number, to: number, path: string): void {
  for (let at = from; at < to; ) {
    const count = reading(path, () => readSync(file, bytes, at, to - at, at));
    if (count === 0) throw new InputError(path, `expected ${to} bytes, got ${at}: it shrank. Try again.`, at);
    at += count;
  }
}
