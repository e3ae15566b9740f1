import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadCheckpoint } from "../src/runs/checkpoint.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";
import { endless, json, read, set, succeed, timeless, tiny, usual } from "./support/run-files.ts";

/** What a run has at a step, but for what the watchdog remembers: it looks at the last step of a training, too. */
async function tensorsOf(run: string, step: number) {
  const path = join(run, "checkpoints", `${String(step).padStart(6, "0")}.safetensors`);
  const { snapshot } = await loadCheckpoint(path);
  return Object.fromEntries([...snapshot].map(([name, { values }]) => [name, Buffer.from(values.slice().buffer)]));
}

test("a run stopped by its steps and given more ends with the weights and the log of one that was never stopped", async () => {
  const root = temporaryDirectory();
  const [whole, parts] = ["whole", "parts"].map((name) => join(root, name)) as [string, string];
  await succeed(["train", ...tiny, "--steps", "60", "--run", whole]);
  await succeed(["train", ...tiny, "--steps", "25", "--run", parts]);
  await succeed(["resume", parts, "--steps", "60"]);
  expect(await tensorsOf(parts, 60)).toEqual(await tensorsOf(whole, 60));
  const log = (run: string) => timeless(run, "metrics.jsonl").map(({ watch: _, ...record }) => record);
  expect(log(parts)).toEqual(log(whole));
});

test("a best checkpoint that has no file of its own gets it when the run is resumed", async () => {
  const run = join(temporaryDirectory(), "run");
  const probed = set("probe.every=20", "probe.count=100", "checkpoint.keep=10");
  await succeed(["train", ...tiny, ...probed, "--steps", "60", "--run", run]);
  const { best } = json(read(run, "summary.json"));
  const made = read(best.checkpoint);
  rmSync(best.checkpoint);
  rmSync(join(run, "summary.json"));
  const resumed = await succeed(["resume", run, "--json"]);
  expect(json(resumed.stdout).best).toEqual(best);
  expect(read(best.checkpoint).equals(made)).toBe(true);
});

test("a run stopped by a signal and resumed ends with the weights of one that was never stopped", async () => {
  const root = temporaryDirectory();
  const [stopped, whole] = ["stopped", "whole"].map((name) => join(root, name)) as [string, string];
  let isSent = false;
  const outcome = await coordescent(
    ["train", ...usual, ...set("log.every=1"), ...["--steps", String(endless)], "--run", stopped],
    {
      onOutput: (stderr, kill) => {
        if (isSent || !stderr.includes("step ")) return;
        isSent = true;
        kill("SIGINT");
      },
    },
  );
  expect(outcome.code).toBe(130);
  const { state, step } = json(read(stopped, "summary.json"));
  expect(state).toBe("interrupted");
  expect(step).toBeGreaterThan(0);
  const steps = step + 20;
  await succeed(["resume", stopped, "--steps", String(steps)]);
  await succeed(["train", ...usual, "--steps", String(steps), "--run", whole]);
  expect(await tensorsOf(stopped, steps)).toEqual(await tensorsOf(whole, steps));
});

test("a run killed before its first thousand steps begins again from its first checkpoint", async () => {
  const root = temporaryDirectory();
  const [whole, run, bare] = ["whole", "run", "bare"].map((name) => join(root, name)) as [string, string, string];
  const rare = [...tiny, ...set("checkpoint.every=100000")];
  await succeed(["train", ...rare, "--steps", "30", "--run", whole]);
  const killed = await coordescent(["train", ...rare, ...["--steps", String(endless)], "--run", run], {
    onOutput: (stderr, kill) => stderr.includes("step ") && kill("SIGKILL"),
  });
  expect(killed.code).toBe(null);
  mkdirSync(bare); // killed between config.json and the first checkpoint
  copyFileSync(join(run, "config.json"), join(bare, "config.json"));
  for (const each of [run, bare]) {
    await succeed(["resume", each, "--steps", "30"]);
    const final = (of: string) => read(of, "checkpoints", "000030.safetensors");
    expect(final(each).equals(final(whole))).toBe(true);
    expect(timeless(each, "metrics.jsonl")).toEqual(timeless(whole, "metrics.jsonl"));
  }
});

test("a run that has begun and lost its checkpoints does not begin again in silence", async () => {
  const run = join(temporaryDirectory(), "run");
  await succeed(["train", ...tiny, "--steps", "20", "--run", run]);
  const log = read(run, "metrics.jsonl");
  for (const name of readdirSync(join(run, "checkpoints"))) rmSync(join(run, "checkpoints", name));
  for (const left of ["summary.json", "metrics.jsonl"]) {
    const outcome = await coordescent(["resume", run, "--steps", "40"]);
    expect(outcome).toMatchObject({ code: 8 });
    expect(outcome.stderr).toContain("expected the checkpoints of a run that has begun, found none");
    expect(read(run, "metrics.jsonl").equals(log)).toBe(true);
    if (left === "summary.json") rmSync(join(run, left));
  }
});

test("a checkpoint beside another configuration is refused, with the key; what does not determine the weights may change", async () => {
  const run = join(temporaryDirectory(), "run");
  await succeed(["train", ...tiny, "--steps", "20", "--run", run]);
  const path = join(run, "config.json");
  const whole = json(readFileSync(path));
  const changed = (changes: object) =>
    writeFileSync(path, JSON.stringify({ ...whole, config: { ...whole.config, ...changes } }));
  changed({ seed: 5 });
  const outcome = await coordescent(["resume", run, "--steps", "40"]);
  expect(outcome).toMatchObject({ code: 8 });
  expect(outcome.stderr).toMatch(/000020.safetensors: expected a checkpoint of this run, but the run has another seed/);
  changed({ log: { every: 7 } });
  await succeed(["resume", run, "--steps", "40"]);
});

test("pictures and checkpoints that cannot be written do not end the training at once: it says so, tries again, and ends with exit 7 and no stack", async () => {
  const run = join(temporaryDirectory(), "run");
  const outcome = await coordescent(["train", ...tiny, ...["--steps", String(endless)], "--run", run], {
    onOutput: (stderr) => {
      for (const folder of ["samples", "checkpoints"]) {
        // what is written next finds a file where its folder was
        if (!stderr.includes("step ") || !statSync(join(run, folder)).isDirectory()) continue;
        rmSync(join(run, folder), { recursive: true, force: true });
        writeFileSync(join(run, folder), "");
      }
    },
  });
  expect(outcome.stderr).toMatch(/samples\/\d+\.png: cannot be written: ENOTDIR.* Training goes on\./);
  expect(outcome.stderr.match(/NOT SAVED: step \d+.*Training goes on, after \d of 5 tries/g)).toHaveLength(4);
  expect(outcome.stderr).toMatch(
    /no checkpoint could be saved in 5 of 5 tries\. The newest checkpoint is that of step/,
  );
  expect(outcome.stderr).not.toMatch(/^ +at /m);
  expect(outcome.code).toBe(7);
});

test("an older checkpoint is used where the newest are damaged; these are named and set aside, and cost no good one", async () => {
  const root = temporaryDirectory();
  const [whole, run] = [join(root, "whole"), join(root, "run")];
  await succeed(["train", ...tiny, "--steps", "60", "--run", whole]);
  await succeed(["train", ...tiny, "--steps", "40", "--run", run]);
  const newest = join(run, "checkpoints", "000040.safetensors");
  const bytes = readFileSync(newest);
  bytes[bytes.length - 10]! ^= 1;
  writeFileSync(newest, bytes);
  writeFileSync(join(run, "checkpoints", "000900.safetensors"), "none");
  const { stderr } = await succeed(["resume", run, "--steps", "60"]);
  expect(stderr).toMatch(/000040.safetensors: the content does not agree with its SHA-256.*Using an older one/);
  expect(stderr.match(/Using an older one/g)).toHaveLength(2);
  expect(readdirSync(join(run, "checkpoints")).sort()).toEqual([
    ...["000040.safetensors", "000040.safetensors.damaged", "000060.safetensors", "000900.safetensors.damaged"],
  ]);
  expect(read(run, "checkpoints", "000060.safetensors").equals(read(whole, "checkpoints", "000060.safetensors"))).toBe(
    true,
  );
  expect(timeless(run, "metrics.jsonl")).toEqual(timeless(whole, "metrics.jsonl"));
});
