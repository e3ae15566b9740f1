import { closeSync, openSync, writeSync } from "node:fs";
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

/** The records of a log; none where there is no file. A last line that was cut off is left out. */
export async function readLog(path: string): Promise<LogRecord[]> {
  const bytes = await readIfThere(path);
  if (!bytes) return [];
  return new TextDecoder()
    .decode(bytes)
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LogRecord);
}

/** Removes the records after a step, which a resumed run writes again. Returns those that stay. */
export async function truncateLog(path: string, step: number): Promise<LogRecord[]> {
  const records = await readLog(path);
  const kept = records.filter((record) => record.step <= step);
  await writeWhole(path, kept.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return kept;
}
