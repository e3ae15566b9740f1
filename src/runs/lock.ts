import { randomUUID } from "node:crypto";
import { stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { LockedError, StorageError } from "../errors.ts";
import { disk } from "./file-system.ts";
import { readIfThere, removeFile, storageError, writeNew } from "./files.ts";
import { identify, isAlive, type ProcessIdentity } from "./process.ts";

const known = z.string().nullable();

/** Who writes a run: the content of its lock file. */
const holderSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  machine: known.default(null), // older versions did not say it
  boot: known,
  namespace: known,
  began: known,
  /** One more than that of the holder before, if that one could not let go. */
  epoch: z.int(),
  /** When the lock was taken, in ISO 8601. */
  since: z.string(),
  /** Random: of this holding and no other. */
  token: z.string(),
}) satisfies z.ZodType<ProcessIdentity>;

/** Who writes a run. */
export type Holder = Readonly<z.infer<typeof holderSchema>>;

/** A run that this process and no other writes. */
export interface Lock {
  /** Throws LockedError where another process has taken the run over: this one was stopped, and taken for dead. */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** The newest lock of a run. */
export interface FoundLock {
  readonly epoch: number;
  /** Undefined where it has just let go. */
  readonly holder: Holder | undefined;
  /** Whether its holder is at work; on another machine or in another container, whether it has lately given a sign of life. */
  readonly isHeld: boolean;
  /** Milliseconds since the last sign of life, where that is all that can be known from here. */
  readonly silentMs?: number;
}

const signOfLifeMs = 5000;
const silenceMs = 60_000;

const namePattern = /^lock\.(\d+)$/;

const epochOf = (name: string) => Number(namePattern.exec(name)![1]);

/** Whether a name in the directory of a run is that of a lock. */
export const isLockName = (name: string) => namePattern.test(name);

/**
 * Takes the lock of a run. Nobody waits: a holder that is dead - its process is gone, or began at another time than the one of its number, or gave no
 * sign of life from another machine or container for a minute - is succeeded at once. The lock file carries the epoch in its name and is made by linking, so of two
 * successors one wins. Throws LockedError with who holds it, and StorageError.
 */
export async function acquireLock(root: string): Promise<Lock> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const before = await findLock(root);
    if (before?.isHeld) throw lockedBy(root, before.holder!);
    const epoch = (before?.epoch ?? 0) + 1;
    const holder: Holder = { ...identify(), epoch, since: new Date().toISOString(), token: randomUUID() };
    const path = join(root, `lock.${epoch}`);
    if (!(await writeNew(path, `${JSON.stringify(holder)}\n`))) continue;
    const others = (await lockNames(root)).filter((name) => name !== `lock.${epoch}`);
    const found = await Promise.all(others.map((name) => readLock(root, name)));
    if (found.every((other) => other.epoch < epoch && !other.isHeld)) {
      const lock = held(root, path, holder);
      try {
        for (const name of others) await removeFile(join(root, name)); // who finds his lock gone writes nothing more
      } catch (error) {
        await lock.release();
        throw error;
      }
      return lock;
    }
    await removeFile(path); // somebody came between: who is first in the next round has it
  }
  throw new StorageError(root, "cannot be locked: other processes take it all the time. Try again.");
}

function held(root: string, path: string, { token }: Holder): Lock {
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), signOfLifeMs);
  beat.unref();
  return {
    async check() {
      const found = await readHolder(path);
      if (found?.token === token) return;
      const successor = await findLock(root);
      const by = successor?.holder ? ` by ${describeHolder(successor.holder)}` : "";
      throw new LockedError(root, `was taken over${by} while this process did not run. Nothing more is written here.`);
    },
    async release() {
      clearInterval(beat);
      const found = await readHolder(path).catch(() => undefined);
      if (found?.token === token) await disk.remove(path).catch(() => {}); // a lock of an ended process hinders nobody
    },
  };
}

/** The newest lock of a run, or undefined where it has none. Throws StorageError. */
export async function findLock(root: string): Promise<FoundLock | undefined> {
  const [newest] = await lockNames(root);
  return newest === undefined ? undefined : readLock(root, newest);
}

/** Who holds a lock, in words. */
export function describeHolder({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host} since ${since}`;
}

/** The error of who finds a run held. */
export function lockedBy(root: string, holder: Holder): LockedError {
  const advice = "Wait for it or stop it; `coordescent status` says how far it is.";
  return new LockedError(root, `is being written by ${describeHolder(holder)}. ${advice}`);
}

async function readLock(root: string, name: string): Promise<FoundLock> {
  const path = join(root, name);
  const holder = await readHolder(path);
  const epoch = epochOf(name);
  const known = holder ? isAlive(holder) : false;
  if (known !== undefined) return { epoch, holder, isHeld: known };
  const silentMs = await silenceOf(path);
  return { epoch, holder, isHeld: silentMs < silenceMs, silentMs };
}

/** Milliseconds since a holder gave a sign of life; none where its clock is ahead. */
async function silenceOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => Math.max(0, Date.now() - mtimeMs),
    () => Number.POSITIVE_INFINITY,
  );
}

/** Names of locks, newest first. */
async function lockNames(root: string): Promise<string[]> {
  const names = await disk.list(root).catch((error) => {
    throw storageError(root, "cannot be read", error);
  });
  return names.filter(isLockName).sort((a, b) => epochOf(b) - epochOf(a));
}

/** A lock has a few hundred bytes. */
const maxLockBytes = 4096;

/** Who has written a lock; nobody where it is another's file, as locks are made whole, by linking. */
async function readHolder(path: string): Promise<Holder | undefined> {
  const bytes = await readIfThere(path, disk, { maxBytes: maxLockBytes });
  try {
    return bytes && holderSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
