import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type CommandOptions, coordescent, type Outcome } from "./command.ts";

/** The bytes of a file. */
export const read = (...path: string[]) => readFileSync(join(...path));

/** A text as JSON. */
export const json = (text: string | Buffer) => JSON.parse(String(text));

/** The records of a log. */
export const lines = (...path: string[]) =>
  String(read(...path))
    .trim()
    .split("\n")
    .map(json);

/** The same without what depends on the clock. */
export const timeless = (...path: string[]) =>
  lines(...path).map(({ imagesPerSecond: _, elapsedMs: __, probeMs: ___, ...rest }) => rest);

/** Runs a command that has to end with 0. */
export async function succeed(args: readonly string[], options?: CommandOptions): Promise<Outcome> {
  const outcome = await coordescent(args, options);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return outcome;
}

/** Options of settings. */
export const set = (...settings: string[]) => settings.flatMap((setting) => ["--set", setting]);

/** A training of points by networks of the size of the default that logs, draws and saves often, at rates that do not depend on the number of iterations. */
export const usual = [
  ...["--data", "ring", "--batch", "16"],
  ...set("log.every=5", "sample.every=20", "checkpoint.every=20"),
  ...set("descent.schedule=constant", "discriminator.descent.schedule=constant"),
];

/** The same of networks so small that a process takes longer to begin than to train them. */
export const tiny = [...usual, "--threads", "1", ...set("generator.hidden=[16]", "discriminator.hidden=[16]")];

/** Arguments of such a training that draws and probes nothing. */
export const training = (run: string, steps: number, ...more: string[]) => [
  "train",
  ...tiny,
  ...set("sample.every=100000", "probe.every=0"),
  ...["--steps", String(steps), "--run", run, ...more],
];

/** More steps than a test waits for. */
export const endless = 10_000_000;

/** What `status` says of a run. */
export const status = async (run: string) => json((await succeed(["status", run, "--json"])).stdout);
