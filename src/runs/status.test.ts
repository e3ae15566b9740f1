import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { presets } from "./presets.ts";
import { identify, type ProcessIdentity } from "./process.ts";
import { statusOf } from "./status.ts";

/** The status of a run that nobody has begun to train, but for its log, whose lock was renewed a while ago. */
async function statusBy(holder: ProcessIdentity, agoMs: number, log = "") {
  const root = mkdtempSync(join(tmpdir(), "coordescent-status-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const record = { coordescent: "1", data: { name: "", fingerprint: "" }, config: presets.default.config };
  writeFileSync(join(root, "config.json"), JSON.stringify(record));
  writeFileSync(join(root, "metrics.jsonl"), log);
  const lock = join(root, "lock.1");
  writeFileSync(lock, JSON.stringify({ ...holder, epoch: 1, since: "2026-01-01T00:00:00.000Z", token: "" }));
  const then = new Date(Date.now() - agoMs);
  utimesSync(lock, then, then);
  return statusOf(root);
}

test("of a process that can be checked it is known whether it is running", async () => {
  expect(await statusBy(identify(), 7000)).toMatchObject({ state: "running", lastSeenMs: null });
  expect(await statusBy({ ...identify(), began: "1" }, 7000)).toMatchObject({ state: "killed", lastSeenMs: null });
});

test("of one that cannot be checked it is said when it last gave a sign of life", async () => {
  const elsewhere = { ...identify(), host: "elsewhere" };
  const lately = await statusBy(elsewhere, 7000);
  expect(lately).toMatchObject({ state: "running", holder: { host: "elsewhere" } });
  expect(lately.lastSeenMs).toBeGreaterThanOrEqual(7000);
  expect(lately.lastSeenMs).toBeLessThan(30_000);
  const silent = await statusBy(elsewhere, 120_000);
  expect(silent.state).toBe("killed");
  expect(silent.lastSeenMs).toBeGreaterThanOrEqual(120_000);
  expect(await statusBy(elsewhere, -60_000)).toMatchObject({ state: "running", lastSeenMs: 0 }); // its clock is ahead
});

test("what a log says cannot make the time left less than none", async () => {
  const figures = { lossD: 1, lossG: 1, probabilityReal: 0.5, probabilityFake: 0.5, imagesPerSecond: 1, block: "" };
  const log = (step: number, elapsedMs: number) => `${JSON.stringify({ step, ...figures, elapsedMs })}\n`;
  const left = async (...of: Parameters<typeof log>) => (await statusBy(identify(), 0, log(...of))).leftMs;
  const { steps } = presets.default.config;
  expect(await left(steps / 2, 5000)).toBe(5000);
  expect(await left(2 * steps, 5000)).toBe(0);
  expect(await left(1, Number.MAX_SAFE_INTEGER)).toBeLessThan(Infinity);
  expect(await left(1, 1e308)).toBeNull(); // no record
});
