import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LockedError, StorageError } from "../errors.ts";
import { acquireLock, findLock, type Holder } from "./lock.ts";
import { identify } from "./process.ts";

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), "coordescent-lock-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** Leaves a lock as another holder would. */
function leave(root: string, epoch: number, changes: Partial<Holder>): string {
  const path = join(root, `lock.${epoch}`);
  const holder = { ...identify(), epoch, since: "2026-01-01T00:00:00.000Z", token: "another", ...changes };
  writeFileSync(path, JSON.stringify(holder));
  return path;
}

/** Number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid!;
}

test("a run has one writer: a second one is refused and told who it is, until the first lets go", async () => {
  const root = folder();
  const first = await acquireLock(root);
  await expect(acquireLock(root)).rejects.toThrow(
    new RegExp(`: is being written by process ${process.pid} on .* since \\d{4}-\\d\\d-\\d\\dT`),
  );
  await expect(acquireLock(root)).rejects.toThrow(LockedError);
  await first.check();
  await first.release();
  expect(readdirSync(root)).toEqual([]);
  const second = await acquireLock(root);
  await second.release();
});

test("a dead holder is succeeded at once: its process is gone, or began at another time", async () => {
  const changes: Partial<Holder>[] = [{ pid: await deadPid() }, { began: "1" }];
  for (const change of changes) {
    const root = folder();
    leave(root, 3, change);
    expect(await findLock(root)).toMatchObject({ epoch: 3, isHeld: false });
    const lock = await acquireLock(root);
    expect(readdirSync(root)).toEqual(["lock.4"]);
    expect(JSON.parse(readFileSync(join(root, "lock.4"), "utf8"))).toMatchObject({ ...identify(), epoch: 4 });
    await lock.release();
  }
});

test("a folder with the name of a lock is none, and cannot be removed like one", async () => {
  const root = folder();
  mkdirSync(join(root, "lock.3"));
  expect(await findLock(root)).toMatchObject({ epoch: 3, isHeld: false });
  await expect(acquireLock(root)).rejects.toThrow(StorageError);
  expect(readdirSync(root)).toEqual(["lock.3"]);
});

test.each([
  ["", ""],
  ["null", "null"],
  ["{}", "{}"],
  ["a number that is a text", '{"pid":"1"}'],
  ["more than 4 KiB", `${JSON.stringify({ ...identify(), epoch: 7, since: "", token: "" })}${" ".repeat(4096)}`],
])("a lock that says nothing of use is nobody's: %s", async (_, text) => {
  const root = folder();
  writeFileSync(join(root, "lock.7"), text);
  expect(await findLock(root)).toEqual({ epoch: 7, holder: undefined, isHeld: false });
  await (await acquireLock(root)).release();
  expect(readdirSync(root)).toEqual([]);
});

test.each([
  ["on another machine", { host: "elsewhere" }],
  ["on another machine of the same name", { boot: "another", machine: "another" }],
  ["in another container of this machine", { namespace: "pid:[1]" }],
])("a holder %s is believed as long as it gives signs of life", async (_, change) => {
  const root = folder();
  const path = leave(root, 1, { ...change, pid: await deadPid() });
  await expect(acquireLock(root)).rejects.toThrow(LockedError);
  const past = new Date(Date.now() - 120_000);
  utimesSync(path, past, past);
  await (await acquireLock(root)).release();
});

test("of many successors of a dead holder one wins", async () => {
  const root = folder();
  leave(root, 1, { pid: await deadPid() });
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => acquireLock(root)));
  const winners = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  expect(winners).toHaveLength(1);
  for (const each of outcomes) if (each.status === "rejected") expect(each.reason).toBeInstanceOf(LockedError);
  await winners[0]!.check();
  await winners[0]!.release();
});

test("a holder that was taken for dead finds out before it writes, and leaves the lock of its successor alone", async () => {
  const root = folder();
  const sleeper = await acquireLock(root);
  rmSync(join(root, "lock.1")); // what a user does who takes it for dead
  const successor = await acquireLock(root);
  await expect(sleeper.check()).rejects.toThrow(/was taken over by process \d+ .* Nothing more is written here/);
  await sleeper.release();
  await successor.check();
  await successor.release();
  await expect(successor.check()).rejects.toThrow(LockedError);
});
