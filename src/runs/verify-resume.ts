import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { stream, uniform } from "../random.ts";
import { checkpointPath } from "./checkpoint.ts";
import { isConcluded } from "./concluding.ts";
import { readLog, timeless } from "./log.ts";
import { runPaths } from "./run-directory.ts";

/** SHA-256 of what a run has come to. */
export interface RunHashes {
  /** Of its last checkpoint and its best one: weights and every state. */
  readonly checkpoints: string;
  /** Of its log without what depends on the clock. */
  readonly log: string;
  readonly pictures: string;
}

/** What came of one kill. */
export interface Kill {
  readonly number: number;
  /** Milliseconds that the process had lived. */
  readonly afterMs: number;
  /** Steps that the log had then. */
  readonly step: number;
  /** Of the run, once it was resumed to its end, perhaps through more kills. */
  readonly hashes: RunHashes;
  readonly isEqual: boolean;
}

/** What is trained, and how often it is killed. */
export interface VerifyOptions {
  /** The program and its first arguments. */
  readonly command: readonly [string, ...string[]];
  /** Where the runs are made, each removed again; the uninterrupted one is `whole`. */
  readonly folder: string;
  /** Options of `train`. */
  readonly training: readonly string[];
  readonly steps: number;
  readonly kills: number;
  /** Of the times at which processes are killed. */
  readonly seed: number;
  readonly onWhole?: (hashes: RunHashes, ms: number) => void;
  readonly onKill?: (kill: Kill) => void;
}

/**
 * Trains once without a break; then again and again with processes that get SIGKILL at random times and are resumed until the run is done, and compares what it
 * has come to. Times are uniform over as long as the uninterrupted process took, its start included, and where the kill lands in it only the system knows.
 * Throws Error where a process ends with an error of its own.
 */
export async function verifyResume(options: VerifyOptions): Promise<readonly Kill[]> {
  const { command, folder, training, steps, kills, seed, onWhole, onKill } = options;
  const whole = join(folder, "whole");
  const trainArgs = (run: string) => ["train", ...training, "--steps", String(steps), "--run", run, "--quiet"];
  const { ms } = await session(command, trainArgs(whole));
  const expected = await hashesOf(whole, steps);
  onWhole?.(expected, ms);
  const times = stream(seed, "kills");
  const done: Kill[] = [];
  for (let attempt = 0, draw = 0; done.length < kills; attempt++) {
    const run = join(folder, `killed-${attempt}`);
    const own: Pick<Kill, "afterMs" | "step">[] = [];
    for (let isOver = false; !isOver; ) {
      const args = existsSync(runPaths(run).config) ? ["resume", run, "--quiet"] : trainArgs(run);
      const afterMs = done.length + own.length < kills ? ms * uniform(times, 0, draw++) : undefined;
      const ended = await session(command, args, afterMs);
      if (ended.isKilled) {
        own.push({ afterMs: ended.ms, step: (await readLog(runPaths(run).log)).at(-1)?.step ?? 0 });
      }
      isOver = !ended.isKilled || (await isConcluded(runPaths(run), steps)); // it may die when all is done
    }
    const hashes = await hashesOf(run, steps);
    const isEqual = JSON.stringify(hashes) === JSON.stringify(expected);
    for (const kill of own) {
      done.push({ number: done.length + 1, ...kill, hashes, isEqual });
      onKill?.(done.at(-1)!);
    }
    await rm(run, { recursive: true, force: true });
  }
  return done;
}

/** Runs a process to its end, or kills it after some time. */
function session(
  [program, ...first]: VerifyOptions["command"],
  args: readonly string[],
  afterMs?: number,
): Promise<{ isKilled: boolean; ms: number }> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(program!, [...first, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    const timer = afterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), afterMs);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const ms = Math.round(performance.now() - begun);
      if (code === 0 || (signal === "SIGKILL" && timer)) resolve({ isKilled: code !== 0, ms });
      else reject(new Error(`verify-resume: ${args.join(" ")} ended with ${code ?? signal}: ${said.trim()}`));
    });
  });
}

async function hashesOf(run: string, steps: number): Promise<RunHashes> {
  const { checkpoints, log, samples } = runPaths(run);
  const best = join(checkpoints, "best.safetensors");
  const pictures = (await readdir(samples)).filter((name) => /^\d+\.png$/.test(name)).sort();
  return {
    checkpoints: await hashOf([checkpointPath(checkpoints, steps), ...(existsSync(best) ? [best] : [])]),
    log: createHash("sha256")
      .update(JSON.stringify((await readLog(log)).map(timeless)))
      .digest("hex"),
    pictures: await hashOf(pictures.map((name) => join(samples, name))),
  };
}

async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(file));
  return hash.digest("hex");
}
