import { closeSync, openSync, writeSync } from "node:fs";
import { InputError } from "../errors.ts";
import type { LogRecord } from "../train/train.ts";
import { readIfThere, storageError, writeWhole } from "./files.ts";

/** The log of a run, `metrics.jsonl`, open for writing at its end. */
export interface Log {
  append(record: LogRecord): void;
  close(): void;
}

/** Opens a log. Throws StorageError. */
export function openLog(path: string): Log {
  const file = guarded(path, () => openSync(path, "a"));
  return {
    append: (record) => void guarded(path, () => writeSync(file, `${JSON.stringify(record)}\n`)),
    close: () => closeSync(file),
  };
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storageError(path, "cannot be written", error);
  }
}

/** The records of a log; none where there is no file. A last line that was cut off is left out. Throws InputError, StorageError. */
export async function readLog(path: string): Promise<LogRecord[]> {
  const bytes = await readIfThere(path);
  if (!bytes) return [];
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  return lines.map((line, i) => parseRecord(line, path, i + 1));
}

function parseRecord(line: string, path: string, number: number): LogRecord {
  try {
    const record = JSON.parse(line) as LogRecord;
    if (Number.isSafeInteger(record?.step)) return record;
  } catch {
    // the same error as for JSON of another kind
  }
  throw new InputError(
    path,
    `line ${number}: expected a record with a step, got ${line.slice(0, 60)}. Remove the line.`,
  );
}

/** Removes the records after a step, which a resumed run writes again. Returns those that stay. */
export async function truncateLog(path: string, step: number): Promise<LogRecord[]> {
  const records = await readLog(path);
  const kept = records.filter((record) => record.step <= step);
  await writeWhole(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return kept;
}
