/** Reading files of a format, and what that costs. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CheckpointError, ConfigError, InputError } from "../src/errors.ts";
import { stream } from "../src/random.ts";
import { mutate } from "../test/support/mutate.ts";

/** What is read of a format. */
export interface Format {
  /** Small whole files, to be changed. */
  readonly files: readonly Uint8Array[];
  /** A whole file of about 64 MB of numbers, or of as many bytes as the format may have, and files that are made to take more than they hold. */
  readonly large: (folder: string) => Promise<readonly Uint8Array[]>;
  readonly path: string;
  /** Whether what was in a file lies in its bytes, so that memory has them once. */
  readonly isView: boolean;
  /** Makes checksums and lengths right again, so that what lies behind them is reached. */
  readonly repair?: (bytes: Buffer, step: number) => Uint8Array;
  /** Reads a file; the bytes of what was in it. */
  readonly read: (path: string) => number | Promise<number>;
}

/** What files are changed by. */
export const noise = stream(1, "fuzz");

const isTyped = (error: unknown) =>
  error instanceof InputError || error instanceof CheckpointError || error instanceof ConfigError;

/** Files between two collections: what more of them leave, unpacked by gzip above all, is more memory than any of them needs. */
const filesPerCollection = 10;

/** Lets go of what files before have left: it is no memory that a file needs, and would hide what one does. Large pieces go a little later, on another thread. */
async function collect(pauseMs = 0): Promise<void> {
  await setTimeout(pauseMs);
  globalThis.gc?.();
}

/** Bytes by which this process has been larger at most than it is now, from now on. Where it cannot be asked for that, than it has ever been. */
function watchPeak(): () => number {
  const ever = () => 1024 * process.resourceUsage().maxRSS;
  const since = () => 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]);
  let peak = ever;
  try {
    writeFileSync("/proc/self/clear_refs", "5"); // makes the peak the present size
    peak = since;
  } catch {
    // not Linux
  }
  const before = peak();
  return () => peak() - before;
}

/** What came of reading a file. */
interface Outcome {
  readonly isAccepted: boolean;
  readonly ms: number;
  readonly payloadBytes: number;
  /** Memory beyond the file and what was in it. */
  readonly excessBytes: number;
}

async function measure(file: string, { read, isView }: Format): Promise<Outcome> {
  const fileBytes = statSync(file).size;
  const start = process.cpuUsage();
  const growth = watchPeak();
  let payloadBytes = 0;
  let isAccepted = true;
  try {
    payloadBytes = await read(file);
  } catch (error) {
    if (!isTyped(error)) throw new Error(`expected a typed error of ${file}`, { cause: error });
    isAccepted = false;
  }
  const excessBytes = growth() - fileBytes - (isView ? 0 : payloadBytes);
  const { user, system } = process.cpuUsage(start);
  return { isAccepted, ms: Math.round((user + system) / 1000), payloadBytes, excessBytes };
}

/** Reads `count` changed files, and then the large ones, which are there already. */
export async function readAll(name: string, format: Format, folder: string, count: number) {
  const file = join(folder, "changed", format.path);
  mkdirSync(dirname(file), { recursive: true });
  const place = (bytes: Uint8Array) => writeFileSync(file, bytes);
  for (let round = 0; round < 20; round++) {
    place(format.files[round % format.files.length]!);
    await measure(file, format); // what the compiler and the collector take at first is no reader's
  }
  const small: Outcome[] = [];
  for (let step = 0; step < count; step++) {
    const changed = mutate(format.files, noise, step);
    place(format.repair && step % 2 === 0 ? format.repair(changed, step / 2) : changed);
    if (step % filesPerCollection === 0) await collect();
    small.push(await measure(file, format));
  }
  const large: Outcome[] = [];
  for (const path of largeFilesOf(format, folder)) {
    for (let round = 0; round < 4; round++) await collect(50);
    large.push(await measure(path, format));
  }
  const most = (outcomes: readonly Outcome[], of: (outcome: Outcome) => number) => Math.max(...outcomes.map(of));
  const accepted = small.filter(({ isAccepted }) => isAccepted).length;
  return {
    format: name,
    files: count,
    accepted,
    refused: count - accepted,
    slowestMs: most(small, ({ ms }) => ms),
    excessBytes: most(small, (outcome) => outcome.excessBytes),
    large: large.map(({ isAccepted, ms, payloadBytes, excessBytes }) => ({
      isAccepted,
      ms,
      payloadBytes,
      excessBytes,
    })),
  };
}

/** The large files of a format that are there, in their order. */
function largeFilesOf({ path }: Format, folder: string): string[] {
  const paths: string[] = [];
  const at = (i: number) => join(folder, "large", String(i), path);
  while (statSync(at(paths.length), { throwIfNoEntry: false })) paths.push(at(paths.length));
  return paths;
}

/** Makes the large files of a format and lets a fresh process read everything: one that made them would have room of their size. */
export async function inProcess(name: string, format: Format, count: string, main: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "coordescent-fuzz-"));
  try {
    for (const [i, bytes] of (await format.large(join(folder, "made"))).entries()) {
      const file = join(folder, "large", String(i), format.path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    const args = [...process.execArgv, main, count, name, folder];
    return spawnSync(process.execPath, args, { stdio: "inherit", env: { ...process.env, ...givesBack } }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The allocator of glibc keeps large pieces for the next file, which hides what that one takes. */
const givesBack = { MALLOC_MMAP_THRESHOLD_: "65536", MALLOC_TRIM_THRESHOLD_: "65536" };
