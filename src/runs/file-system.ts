import { constants } from "node:fs";
import { type FileHandle, link, open, readdir, rename, rm } from "node:fs/promises";
import { maxFileBytes } from "../data/reading.ts";

/** A file that is open. */
export interface OpenFile {
  /** Writes at a byte offset, perhaps a part only; returns how many bytes. */
  write(bytes: Uint8Array, at: number): Promise<number>;
  /** Returns when everything that was written would outlast a loss of power. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What is asked of a file before all of it is read. */
export interface ReadLimits {
  /** Longer ones are not read: EFBIG. */
  readonly maxBytes?: number;
  /** Is shown the first `startBytes`, or all where there are no more, and the size, and throws where it wants no more of the file. */
  readonly checkStart?: (start: Uint8Array, sizeBytes: number) => void;
  readonly startBytes?: number;
}

/** What runs are kept with. Tests put faults in its place. */
export interface FileSystem {
  /** Opens a new file (`wx`), one that is there (`r+`), or a folder, to sync it (`r`). */
  open(path: string, flags: "wx" | "r+" | "r"): Promise<OpenFile>;
  /** The bytes of a regular file; of anything else an error as of a folder, EISDIR. Takes no memory for more than its start before the limits are checked. */
  read(path: string, limits?: ReadLimits): Promise<Uint8Array>;
  /** Names in a folder. */
  list(folder: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name, which must be free. */
  link(from: string, to: string): Promise<void>;
  /** Nothing where there is no such file. */
  remove(path: string): Promise<void>;
}

/** The file system of the machine. */
export const disk: FileSystem = {
  async open(path, flags) {
    const file = await open(path, flags);
    return {
      write: async (bytes, at) => (await file.write(bytes, 0, bytes.length, at)).bytesWritten,
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },
  async read(path, { maxBytes = maxFileBytes, checkStart, startBytes = 0 } = {}) {
    const file = await openRegular(path);
    try {
      const { size } = await file.stat();
      const start = await filled(file, Buffer.allocUnsafeSlow(Math.min(size, startBytes)), 0);
      checkStart?.(start, size);
      if (size > maxBytes) throw failure("EFBIG", `expected a file of at most ${maxBytes} bytes, got ${size}`);
      if (start.length === size) return start;
      const bytes = Buffer.allocUnsafeSlow(size);
      bytes.set(start);
      return await filled(file, bytes, start.length);
    } finally {
      await file.close();
    }
  },
  list: (folder) => readdir(folder),
  rename,
  link,
  remove: (path) => rm(path, { force: true }),
};

/** The bytes of a regular file in pieces, each a memory of its own; of anything else an error as of a folder, EISDIR. */
export async function* piecesOf(path: string, pieceBytes = 2 ** 16): AsyncGenerator<Uint8Array, void, void> {
  const file = await openRegular(path);
  try {
    for (let at = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(pieceBytes), 0, pieceBytes, at);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

const failure = (code: string, problem: string) => Object.assign(new Error(problem), { code });

/** Opens a regular file for reading, and anything else not; a pipe is not waited for. */
async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if ((await file.stat()).isFile()) return file;
    throw failure("EISDIR", "expected a file, found something else");
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Bytes with those of a file from their place `from` on; fewer where it ends before. */
async function filled(file: FileHandle, bytes: Buffer, from: number): Promise<Uint8Array> {
  for (let at = from; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}
