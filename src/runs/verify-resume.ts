import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ConfigError } from "../errors.ts";
import { stream, uniform } from "../random.ts";
import { checkpointPath } from "./checkpoint.ts";
import { readIfThere } from "./files.ts";
import { readLog, timeless } from "./log.ts";
import { runPaths } from "./run-directory.ts";
import { isConcluded } from "./summary.ts";

/** SHA-256 of what a run has come to. */
export interface RunHashes {
  /** Of its last checkpoint and its best one: weights and every state. */
  readonly checkpoints: string;
  /** Of its log without what depends on the clock. */
  readonly log: string;
  readonly pictures: string;
}

/**
 * When a process is killed: up to 5 ms after its log has come to a random record, or at a random time of its life, in which it also begins, takes over a lock
 * and writes its report.
 */
export type KillKind = "record" | "any time";

/** What came of one kill. */
export interface Kill {
  readonly number: number;
  readonly kind: KillKind;
  /** Milliseconds that the process had lived. */
  readonly afterMs: number;
  /** Step that the log had come to; 0 where there was none. */
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
  /** Of the steps and times at which processes are killed. */
  readonly seed: number;
  /** The name of the error with which a process ended, by its exit code; undefined where it is one of our own. */
  readonly errorNameOf: (exitCode: number) => string | undefined;
  /** Kills the process under way and ends the verification with its reason. */
  readonly signal?: AbortSignal;
  readonly onWhole?: (hashes: RunHashes, ms: number) => void;
  readonly onKill?: (kill: Kill) => void;
}

/**
 * Trains once without a break; then again and again with processes that get SIGKILL and are resumed until the run is done, and compares what it has come to.
 * A process is killed a random time of up to 5 ms after its log has come to a random record that no process of the run had come to, where only kills before
 * the last step count; every third one at any time from its start to the end of what the uninterrupted process took. A process that is over by then is no kill. Throws ConfigError where a training is over before it can be killed; and what ended a process that ended otherwise, by its name: the
 * mistake of who asks, a file that is not what it should be, a disk. Once it has thrown none of its processes is left.
 */
export async function verifyResume(options: VerifyOptions): Promise<readonly Kill[]> {
  const { folder, training, steps, kills, seed, onWhole, onKill } = options;
  const whole = join(folder, "whole");
  const trainArgs = (run: string) => ["train", ...training, "--steps", String(steps), "--run", run, "--quiet"];
  const { ms } = await session(options, trainArgs(whole));
  const expected = await hashesOf(whole, steps);
  onWhole?.(expected, ms);
  const logged = (await readLog(runPaths(whole).log)).filter(({ step }) => step < steps).length;
  const random = stream(seed, "kills");
  let draw = 0;
  const upTo = (limit: number) => limit * uniform(random, 0, draw++);
  /** When to kill the next process of a run; undefined where its last record is made. */
  const momentOf = async (kind: KillKind, run: string): Promise<Moment | undefined> => {
    if (kind === "any time") return { ms: upTo(ms) };
    const { log } = runPaths(run);
    const made = (await readLog(log)).length;
    return made < logged
      ? { after: { log, records: made + 1 + Math.floor(upTo(logged - made)) }, ms: upTo(5) }
      : undefined;
  };
  const done: Kill[] = [];
  let inVain = 0;
  for (let attempt = 0; done.length < kills; attempt++) {
    if (inVain === 10) {
      const problem = `a training of ${steps} steps was over 10 times before it could be killed.`;
      throw new ConfigError(`--steps: ${problem} Give more, and let \`log.every\` be less.`, "--steps");
    }
    const run = join(folder, `killed-${attempt}`);
    const own: Pick<Kill, "kind" | "afterMs" | "step">[] = [];
    for (let isOver = false; !isOver; ) {
      const args = existsSync(runPaths(run).config) ? ["resume", run, "--quiet"] : trainArgs(run);
      const number = done.length + own.length + 1;
      const kind = number % 3 === 0 ? "any time" : "record";
      const moment = number <= kills ? await momentOf(kind, run) : undefined;
      const ended = await session(options, args, moment);
      const step = (await readLog(runPaths(run).log)).at(-1)?.step ?? 0;
      if (ended.isKilled && (step < steps || kind === "any time")) own.push({ kind, afterMs: ended.ms, step });
      isOver = !ended.isKilled || (await isConcluded(runPaths(run), steps)); // it may die when all is done
    }
    inVain = own.length > 0 ? 0 : inVain + 1;
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

/** Milliseconds from when a log has so many records, or from the start of the process. */
interface Moment {
  readonly after?: { readonly log: string; readonly records: number };
  readonly ms: number;
}

/** Milliseconds between two looks at a log. */
const lookMs = 2;

/** Runs a process to its end, or kills it at a moment. */
async function session(
  { command: [program, ...first], errorNameOf, signal: stop }: VerifyOptions,
  args: readonly string[],
  moment?: Moment,
): Promise<{ isKilled: boolean; ms: number }> {
  stop?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(program!, [...first, ...args], { stdio: ["ignore", "ignore", "pipe"] });
    let isOver = false;
    const kill = async ({ after, ms }: Moment) => {
      while (after && !isOver && (await linesOf(after.log)) < after.records) await setTimeout(lookMs);
      await setTimeout(ms);
      child.kill("SIGKILL");
    };
    if (moment) kill(moment).catch(reject);
    const end = () => child.kill("SIGKILL");
    stop?.addEventListener("abort", end);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      isOver = true;
      stop?.removeEventListener("abort", end);
      if (stop?.aborted) return reject(stop.reason);
      const ms = Math.round(performance.now() - begun);
      if (code === 0 || (signal === "SIGKILL" && moment)) resolve({ isKilled: code !== 0, ms });
      else reject(endedBy(said.trim(), `${args[0]} ended with ${code ?? signal}`, errorNameOf(code ?? 1)));
    });
  });
}

/** The error of a process, in its own words, or one of our own where it has no name. */
function endedBy(said: string, how: string, name: string | undefined): Error {
  if (name === undefined) return new Error(`internal: ${how}: ${said}`);
  return Object.assign(new Error(said.replace(/^coordescent: /, "")), { name });
}

async function linesOf(log: string): Promise<number> {
  const bytes = await readIfThere(log);
  return bytes?.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0) ?? 0;
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
