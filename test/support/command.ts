import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with what standard error holds so far. */
  readonly onOutput?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void;
}

const main = resolve("dist/cli/main.js");
const manyCommands = resolve("test/support/many-commands.mjs");

/** Runs `coordescent` with arguments, without the network: MNIST comes from COORDESCENT_DATA or not at all. */
export function coordescent(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return node([main, ...args], options);
}

/** Runs `coordescent` with each of some arguments, in a process for all of them and empty directories; `left` are the names of what it left there. */
export async function coordescentInTurn(
  commands: readonly (readonly string[])[],
  options: Pick<CommandOptions, "env"> = {},
): Promise<(Outcome & { readonly left: readonly string[] })[]> {
  const { code, stdout, stderr } = await node([manyCommands, main], options, JSON.stringify(commands));
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** A command that has begun to train: its end, and how to send it a signal. */
export async function begun(args: readonly string[]) {
  let kill: (signal: NodeJS.Signals) => void = () => {};
  let say: () => void = () => {};
  const isUnderWay = new Promise<void>((done) => {
    say = done;
  });
  const ended = coordescent(args, {
    onOutput: (stderr, signal) => {
      kill = signal;
      if (stderr.includes("step ")) say();
    },
  });
  await Promise.race([isUnderWay, ended]);
  return { ended, kill: (signal: NodeJS.Signals) => kill(signal) };
}

function node(args: readonly string[], { cwd, env, onOutput }: CommandOptions, input?: string): Promise<Outcome> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env } });
    if (input !== undefined) child.stdin.end(input);
    const outcome = { stdout: "", stderr: "" };
    child.stdout.on("data", (text) => {
      outcome.stdout += text;
    });
    child.stderr.on("data", (text) => {
      outcome.stderr += text;
      onOutput?.(outcome.stderr, (signal) => child.kill(signal));
    });
    child.on("error", fail);
    child.on("close", (code) => done({ code, ...outcome }));
  });
}

/** A directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "coordescent-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
