import { InputError } from "../errors.ts";
import type { LogRecord } from "../train/train.ts";
import { disk } from "./file-system.ts";
import { readIfThere, storageError, type WriteOptions, writeWhole } from "./files.ts";

/** The log of a run, `metrics.jsonl`, open for writing at its end. */
export interface Log {
  /** Records so far, those that wait for the disk included. */
  readonly records: number;
  readonly waitingBytes: number;
  /** Takes a record and writes what waits. Throws StorageError; then the record waits. */
  append(record: LogRecord): Promise<void>;
  /** Returns when every record would outlast a loss of power. Throws StorageError. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the log of a run that has `records`; `kept` are their lines, and what the file holds behind them is lost. Throws StorageError, and what `guard`
 * throws, before anything is written.
 */
export async function openLog(path: string, kept: readonly LogRecord[], options: WriteOptions = {}): Promise<Log> {
  const { files = disk, guard } = options;
  const start = encode(kept);
  await writeWhole(path, start, options);
  const file = await files.open(path, "r+").catch((error) => {
    throw storageError(path, "cannot be written", error);
  });
  let records = kept.length;
  let end = start.length;
  let waiting: Uint8Array = new Uint8Array(0);

  const guarded = async (action: () => Promise<void>) => {
    await guard?.();
    try {
      await action();
    } catch (error) {
      throw storageError(path, "cannot be written", error);
    }
  };
  const flush = async () => {
    while (waiting.length > 0) {
      const written = await file.write(waiting, end);
      if (written === 0) throw Object.assign(new Error("ENOSPC: no byte was written"), { code: "ENOSPC" });
      end += written;
      waiting = waiting.subarray(written);
    }
  };
  return {
    get records() {
      return records;
    },
    get waitingBytes() {
      return waiting.length;
    },
    async append(record) {
      const line = encode([record]);
      waiting = Buffer.concat([waiting, line]);
      records += 1;
      await guarded(flush);
    },
    sync: () =>
      guarded(async () => {
        await flush();
        await file.sync();
      }),
    close: () => file.close(),
  };
}

const encode = (records: readonly LogRecord[]): Uint8Array =>
  new TextEncoder().encode(records.map((record) => `${JSON.stringify(record)}\n`).join(""));

/**
 * The records of a log, or the first `count`, behind which no line is looked at; none where there is no file. A last line that was cut off is left out.
 * Throws InputError, StorageError.
 */
export async function readLog(path: string, count?: number): Promise<LogRecord[]> {
  return (await readLines(path)).slice(0, count).map((line, i) => parseRecord(line, path, i + 1));
}

/** The records of a log up to the first line that is none: a loss of power may leave anything at its end. Throws StorageError. */
export async function readSoundLog(path: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (const line of await readLines(path)) {
    const record = recordOf(line);
    if (!record) break;
    records.push(record);
  }
  return records;
}

async function readLines(path: string): Promise<string[]> {
  const bytes = await readIfThere(path);
  return bytes ? new TextDecoder().decode(bytes).split("\n").slice(0, -1) : [];
}

function parseRecord(line: string, path: string, number: number): LogRecord {
  const record = recordOf(line);
  if (record) return record;
  throw new InputError(
    path,
    `line ${number}: expected a record with a step, got ${line.slice(0, 60)}. Remove the line.`,
  );
}

function recordOf(line: string): LogRecord | undefined {
  try {
    const record = JSON.parse(line) as LogRecord;
    return Number.isSafeInteger(record?.step) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** A record without what depends on the clock: the same in every run of the same training on the same machine. */
export function timeless({ imagesPerSecond: _, elapsedMs: __, probeMs: ___, ...rest }: LogRecord): Partial<LogRecord> {
  return rest;
}
