import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Which process on which machine: enough to tell it from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Of the machine, as long as its system is the same, where it can be known: several machines may have the same name. */
  readonly machine: string | null;
  /** Of the machine since it started, where it can be known. */
  readonly boot: string | null;
  /** Within which its number means something, where there are such: that of a container, say. */
  readonly namespace: string | null;
  /** When the process began, in a form of the operating system, where it can be known. */
  readonly began: string | null;
}

/** Whether a process of this number is there on this machine. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !isEnded(pid);
}

/** This process. */
export function identify(): ProcessIdentity {
  const { pid } = process;
  return { pid, ...findPlace(), began: beginningOf(pid) };
}

/** Where a process runs. */
type Place = Omit<ProcessIdentity, "pid" | "began">;

const findPlace = (): Place => ({
  host: hostname(),
  machine: machineId(),
  boot: bootId(),
  namespace: namespaceOfPids(),
});

/** Whether a process is alive; undefined where that cannot be seen from `here`: this machine, and this container of it. */
export function isAlive({ pid, began, ...place }: ProcessIdentity, here: Place = findPlace()): boolean | undefined {
  if (place.host !== here.host) return undefined;
  if (place.boot !== here.boot) {
    const wasHere = place.machine !== null && place.machine === here.machine;
    return wasHere ? false : undefined; // a name says little: many machines are called localhost
  }
  if (place.namespace !== here.namespace) return undefined;
  return isRunning(pid) && began === beginningOf(pid);
}

/** Where it has one (machine-id(5)): a new system has an empty file, or says that it is uninitialized. */
function machineId(): string | null {
  try {
    return /^[0-9a-f]{32}$/.exec(readFileSync("/etc/machine-id", "latin1").trim())?.[0] ?? null;
  } catch {
    return null;
  }
}

function namespaceOfPids(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

function bootId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return null;
  }
}

function beginningOf(pid: number): string | null {
  return process.platform === "linux" ? (statusOf(pid)?.[19] ?? null) : beginningByPs(pid);
}

/** It may stay in the list of processes until its parent asks for its result. */
function isEnded(pid: number): boolean {
  const [state] = (process.platform === "linux" && statusOf(pid)) || [];
  return state === "Z" || state === "X";
}

/** What Linux says of a process, from its state on: the fields behind its name, which stands in parentheses and may hold spaces (proc(5)). */
function statusOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function beginningByPs(pid: number): string | null {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
  } catch {
    return null;
  }
}
