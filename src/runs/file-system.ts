import { constants } from "node:fs";
import { link, open, readdir, rename, rm } from "node:fs/promises";

/** A file that is open. */
export interface OpenFile {
  /** Writes at a byte offset, perhaps a part only; returns how many bytes. */
  write(bytes: Uint8Array, at: number): Promise<number>;
  /** Returns when everything that was written would outlast a loss of power. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What runs are kept with. Tests put faults in its place. */
export interface FileSystem {
  /** Opens a new file (`wx`), one that is there (`r+`), or a folder, to sync it (`r`). */
  open(path: string, flags: "wx" | "r+" | "r"): Promise<OpenFile>;
  /** The bytes of a regular file; of anything else an error as of a folder, EISDIR. */
  read(path: string): Promise<Uint8Array>;
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
  async read(path) {
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // a pipe would be waited for
    try {
      if ((await file.stat()).isFile()) return await file.readFile();
      throw Object.assign(new Error("expected a file, found something else"), { code: "EISDIR" });
    } finally {
      await file.close();
    }
  },
  list: (folder) => readdir(folder),
  rename,
  link,
  remove: (path) => rm(path, { force: true }),
};
