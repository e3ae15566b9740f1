import { InputError } from "../errors.ts";
import type { LogRecord } from "../train/train.ts";
import { disk, piecesOf } from "./file-system.ts";
import { isAbsent, storageError, type WriteOptions, writeWhole } from "./files.ts";
import { parseRecord } from "./log-record.ts";

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
  const start = encodeParts(kept);
  await writeWhole(path, start, options);
  const file = await files.open(path, "r+").catch((error) => {
    throw storageError(path, "cannot be written", error);
  });
  let records = kept.length;
  let end = start.reduce((sum, part) => sum + part.length, 0);
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

/** The same in parts: one text cannot have more than 512 MiB. */
const encodeParts = (records: readonly LogRecord[], each = 1000): Uint8Array[] =>
  Array.from({ length: Math.ceil(records.length / each) }, (_, i) => encode(records.slice(i * each, (i + 1) * each)));

/**
 * The records of a log, or the first `count`, behind which no line is looked at; none where there is no file. A last line that was cut off is left out.
 * Throws InputError, StorageError.
 */
export async function readLog(path: string, count = Number.POSITIVE_INFINITY): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  if (count === 0) return records;
  for await (const line of linesOf(path)) {
    records.push(recordAt(records.length + 1, line, path));
    if (records.length === count) break;
  }
  return records;
}

/** The last record of a log before the first line that is none: a loss of power may leave anything at its end. Throws StorageError. */
export async function lastSoundRecord(path: string): Promise<LogRecord | undefined> {
  let last: LogRecord | undefined;
  for await (const line of linesOf(path)) {
    const record = recordOf(line);
    if (!record) break;
    last = record;
  }
  return last;
}

/** A record has a few kilobytes. */
const maxLineBytes = 2 ** 20;
const newline = 0x0a;

/** The lines of a log, but for a last one that was cut off; of one that is longer than a record can be the beginning. Throws StorageError. */
async function* linesOf(path: string): AsyncGenerator<string, void, void> {
  let begun: Uint8Array = new Uint8Array(0);
  const decode = (part: Uint8Array) => {
    const line = begun.length > 0 ? Buffer.concat([begun, part]) : part;
    return new TextDecoder().decode(line.subarray(0, maxLineBytes));
  };
  for await (const piece of existing(path)) {
    let at = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, at)) {
      yield decode(piece.subarray(at, end));
      begun = new Uint8Array(0);
      at = end + 1;
    }
    begun = Buffer.concat([begun, piece.subarray(at)]);
    if (begun.length > maxLineBytes) return yield decode(new Uint8Array(0));
  }
}

/** The pieces of a file; none where there is no such file. Throws StorageError. */
async function* existing(path: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* piecesOf(path);
  } catch (error) {
    if (!isAbsent(error)) throw storageError(path, "cannot be read", error);
  }
}

function recordAt(number: number, line: string, path: string): LogRecord {
  try {
    return parseRecord(line);
  } catch (error) {
    throw new InputError(path, `line ${number}: ${(error as Error).message} Remove the line.`);
  }
}

function recordOf(line: string): LogRecord | undefined {
  try {
    return parseRecord(line);
  } catch {
    return undefined;
  }
}

/** A record without what depends on the clock: the same in every run of the same training on the same machine. */
export function timeless({ imagesPerSecond: _, elapsedMs: __, probeMs: ___, ...rest }: LogRecord): Partial<LogRecord> {
  return rest;
}
