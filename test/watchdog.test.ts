import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadCheckpoint } from "../src/runs/checkpoint.ts";
import type { LogRecord } from "../src/train/train.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";

const set = (settings: readonly string[]) => settings.flatMap((setting) => ["--set", setting]);

/** Small networks with one move each on points, the generator's next to nothing. */
const frozen = ["train", "--data", "ring", "--threads", "1", "--batch", "8", "--json"].concat(
  set(["generator.hidden=[4]", "discriminator.hidden=[4]", "discriminator.r1=0", "discriminator.r2=0"]),
  set(["descent.steps=1", "discriminator.descent.steps=1", "descent.learningRate=1e-12", "watch.every=100"]),
);

/** The log without what depends on the clock. */
const logOf = (run: string) =>
  readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const { elapsedMs: _, imagesPerSecond: __, probeMs: ___, ...record } = JSON.parse(line) as LogRecord;
      return record;
    });

test("a training whose generator is frozen is warned of, or stopped with exit code 4 and with what that saves", async () => {
  const root = temporaryDirectory();
  const run = (action: string, steps: number) =>
    coordescent([...frozen, "--on-collapse", action, "--steps", String(steps), "--run", join(root, action)]);

  const warned = await run("warn", 700);
  expect(warned.code).toBe(0);
  expect(warned.stderr).toContain("Step 600: G frozen: the samples have not changed for 500 iterations.");
  expect(JSON.parse(warned.stdout)).toMatchObject({ state: "finished", diagnosis: { step: 600, state: "frozen" } });

  const stopped = await run("stop", 3000);
  expect(stopped.code).toBe(4);
  expect(stopped.stderr).toContain("stopped by the watchdog at step 600: the samples have not changed");
  const summary = JSON.parse(stopped.stdout);
  expect(summary).toMatchObject({ state: "collapsed", step: 600, rollbacks: 0, saved: { steps: 2400 } });
  expect(summary.problem).toBe(summary.diagnosis.why);
  expect(summary.saved.ms).toBe(4 * summary.elapsedMs);
  expect(readFileSync(join(root, "stop/report.html"), "utf8")).toContain("<strong>G frozen</strong>");
});

test("a training that goes back to its best weights is resumed exactly, before that and after", async () => {
  const root = temporaryDirectory();
  const settings = ["probe.every=300", "probe.count=100"].concat(
    ["descent.schedule=constant", "discriminator.descent.schedule=constant"], // the length of a training changes nothing else
  );
  const run = (name: string, steps: number) =>
    coordescent([
      ...frozen,
      ...set(settings),
      ...["--on-collapse", "rollback", "--steps", String(steps), "--run", join(root, name)],
    ]);
  await run("whole", 1200);
  const whole = logOf(join(root, "whole"));
  expect(whole.filter(({ watch }) => watch?.rollback).map(({ step }) => step)).toEqual([600]);
  await run("parts", 300);
  for (const steps of ["900", "1200"]) await coordescent(["resume", join(root, "parts"), "--steps", steps]);
  expect(logOf(join(root, "parts"))).toEqual(whole);
  for (const name of ["best", "001200"]) {
    const tensors = async (of: string) =>
      (await loadCheckpoint(join(root, of, "checkpoints", `${name}.safetensors`))).snapshot;
    expect(await tensors("parts"), name).toEqual(await tensors("whole"));
  }
});
