import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { InputError } from "../errors.ts";
import type { LogRecord } from "../train/train.ts";
import { lastSoundRecord, openLog, readLog } from "./log.ts";

const figures = { lossD: 1, lossG: 1, probabilityReal: 0.5, probabilityFake: 0.5 };
const record = (step: number, block = "generator"): LogRecord => ({
  ...{ step, ...figures, block, blockD: "discriminator", imagesPerSecond: 1, elapsedMs: step },
});

function logOf(content: string | Uint8Array): string {
  const root = mkdtempSync(join(tmpdir(), "coordescent-log-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = join(root, "metrics.jsonl");
  writeFileSync(path, content);
  return path;
}

const text = (records: readonly LogRecord[]) => records.map((each) => `${JSON.stringify(each)}\n`).join("");

test("records are read as they were written, wherever the pieces in which a file is read end", async () => {
  const records = Array.from({ length: 60 }, (_, i) => record(i + 1, "é€😀".repeat(i * 40)));
  const path = logOf(text(records));
  expect(await readLog(path)).toEqual(records);
  expect(await readLog(path, 7)).toEqual(records.slice(0, 7));
  expect(await readLog(path, 0)).toEqual([]);
  expect(await lastSoundRecord(path)).toEqual(records.at(-1));
});

test("a last line that was cut off is left out; where there is no file there are no records", async () => {
  const path = logOf(`${text([record(1), record(2)])}{"step":3`);
  expect(await readLog(path)).toEqual([record(1), record(2)]);
  expect(await lastSoundRecord(path)).toEqual(record(2));
  expect(await readLog(`${path}.none`)).toEqual([]);
  expect(await lastSoundRecord(`${path}.none`)).toBeUndefined();
  const folder = join(path, "..", "folder");
  mkdirSync(folder);
  expect(await readLog(folder)).toEqual([]);
  expect(await lastSoundRecord(logOf(""))).toBeUndefined();
});

const partOf = (changes: object) => JSON.stringify({ ...record(2), ...changes });

test.each([
  ["none", "expected a record with a step, got none."],
  ["", "expected a record with a step, got ."],
  ["null", "expected a record with a step, got null."],
  ['{"step":"3"}', 'step: expected a value of type number, got "3".'],
  [partOf({ block: undefined }), "block: expected a value of type string, got nothing."],
  [partOf({ elapsedMs: -1 }), "elapsedMs: expected at least 0, got -1."],
  [partOf({ visits: [1, 2.5] }), "visits.1: expected a whole number, got 2.5."],
  [
    partOf({ watch: { signals: { separation: 1, diversity: 1, repeats: 0 }, state: "ill" } }),
    'watch.state: expected one of healthy, saturated, frozen, collapsed, oscillating, memorising, got "ill".',
  ],
])("a line in the middle that is no record is named: %s", async (line, problem) => {
  const path = logOf(`${text([record(1)])}${line}\n${text([record(4)])}`);
  await expect(readLog(path)).rejects.toThrow(new InputError(path, `line 2: ${problem} Remove the line.`));
  expect(await readLog(path, 1)).toEqual([record(1)]);
  expect(await lastSoundRecord(path)).toEqual(record(1));
});

test("of a log that is longer than a text can be only a line at a time is taken into memory", async () => {
  const path = logOf(text([record(1), record(2)]));
  truncateSync(path, 700 * 2 ** 20); // what a loss of power may leave
  const before = process.memoryUsage().arrayBuffers;
  expect(await readLog(path, 2)).toEqual([record(1), record(2)]);
  expect(await lastSoundRecord(path)).toEqual(record(2));
  await expect(readLog(path)).rejects.toThrow(/line 3: expected a record with a step/);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20);
});

test("a line that is longer than any record is none", async () => {
  const path = logOf(text([record(1)]));
  appendFileSync(path, text([record(2, "x".repeat(2 ** 20))]));
  expect(await lastSoundRecord(path)).toEqual(record(1));
  await expect(readLog(path)).rejects.toThrow(/line 2: expected a record with a step, got {"step":2,.{50}\. /);
});

test("a log that is opened again has the records that it should keep, and then what is appended", async () => {
  const kept = Array.from({ length: 2500 }, (_, i) => record(i + 1));
  const path = logOf("anything");
  const log = await openLog(path, kept);
  expect(log.records).toBe(2500);
  await log.append(record(2501));
  await log.close();
  expect(readFileSync(path, "utf8")).toBe(text([...kept, record(2501)]));
});
