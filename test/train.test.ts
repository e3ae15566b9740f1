import { readdirSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { loadCheckpoint } from "../src/runs/checkpoint.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";
import { json, lines, read, set, succeed, timeless, tiny, usual } from "./support/run-files.ts";

describe("train", () => {
  test("leaves a run directory as documented, and prints its summary as one JSON object", async () => {
    const run = join(temporaryDirectory(), "run");
    const often = ["--batch", "16", ...set("log.every=5", "sample.every=20", "checkpoint.every=20")];
    const { stdout, stderr } = await succeed([
      "train",
      ...["--data", "strokes", "--steps", "40", ...often, "--run", run, "--json"],
    ]);
    const summary = json(stdout);
    expect(summary).toMatchObject({ run, state: "finished", step: 40, steps: 40, data: "strokes", preset: "default" });
    expect(json(read(run, "summary.json"))).toEqual(summary);
    expect(stderr).toContain("step 40/40");
    expect(readdirSync(run).sort()).toEqual([
      "checkpoints",
      "config.json",
      "metrics.jsonl",
      "report.html",
      "samples",
      "summary.json",
    ]);
    expect(readdirSync(join(run, "samples"))).toEqual(["000020.png", "000040.png"]);
    expect(readdirSync(join(run, "checkpoints"))).toEqual(["000020.safetensors", "000040.safetensors"]);
    const config = json(read(run, "config.json"));
    expect(config).toMatchObject({ coordescent: "0.1.0", data: { name: "strokes" }, config: { steps: 40, batch: 16 } });
    expect(config.config.threads).toBeGreaterThan(0);
    const log = lines(run, "metrics.jsonl");
    expect(log.map(({ step }) => step)).toEqual([5, 10, 15, 20, 25, 30, 35, 40]);
    expect(log[0]).toEqual({
      step: 5,
      lossD: expect.any(Number),
      lossG: expect.any(Number),
      probabilityReal: expect.any(Number),
      probabilityFake: expect.any(Number),
      block: "generator/hidden",
      blockD: "discriminator",
      visits: [23, 22],
      imagesPerSecond: expect.any(Number),
      elapsedMs: expect.any(Number),
    });
    expect(decode(read(run, "samples", "000040.png"))).toMatchObject({
      width: 8 * 58 - 2,
      height: 8 * 58 - 2,
      channels: 1,
    });
    expect(String(read(run, "report.html"))).toContain("<!doctype html>");
  });

  test("the same seed gives the same checkpoint, to the byte, and the same log; another seed does not", async () => {
    const root = temporaryDirectory();
    const runs = ["a", "b", "c"].map((name) => join(root, name));
    for (const [i, run] of runs.entries()) {
      await succeed(["train", ...usual, "--steps", "20", "--seed", i === 2 ? "2" : "1", "--run", run]);
    }
    const [a, b, c] = runs.map((run) => read(run, "checkpoints", "000020.safetensors"));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(c!)).toBe(false);
    expect(timeless(runs[0]!, "metrics.jsonl")).toEqual(timeless(runs[1]!, "metrics.jsonl"));
  });

  test("points are drawn in colour, and --device wasm trains them", async () => {
    const run = join(temporaryDirectory(), "run");
    const [wasm] = [tiny.join(" ").replace("--threads 1", "--device wasm").split(" ")];
    await succeed(["train", "--preset", "points", ...wasm!, "--steps", "10", "--run", run]);
    expect(decode(read(run, "samples", "000010.png"))).toMatchObject({ channels: 3 });
    expect(json(read(run, "summary.json"))).toMatchObject({ runtime: expect.stringContaining("wasm") });
  });

  test("a diverging training ends with exit 4, names the value, and leaves the checkpoint before", async () => {
    const run = join(temporaryDirectory(), "run");
    const wild = ["descent.update=gradient", "descent.learningRate=1000000"];
    const settings = [...wild, ...wild.map((setting) => `discriminator.${setting}`), "checkpoint.every=1"];
    const outcome = await coordescent(["train", "--json", ...tiny, ...set(...settings), "--run", run]);
    expect(outcome.code).toBe(4);
    expect(outcome.stderr).toMatch(/diverged at step \d+: loss[DG] is not finite; 5 iterations in a row/);
    expect(json(outcome.stdout)).toMatchObject({
      state: "diverged",
      problem: expect.stringMatching(/step \d+: loss[DG] is not finite/),
    });
    expect(json(read(run, "summary.json"))).toEqual(json(outcome.stdout));
    const checkpoints = readdirSync(join(run, "checkpoints"));
    expect(checkpoints.length).toBeGreaterThan(0);
    for (const name of checkpoints) {
      const { snapshot } = await loadCheckpoint(join(run, "checkpoints", name));
      for (const [tensor, { values }] of snapshot) expect(values.every(Number.isFinite), tensor).toBe(true);
    }
  });
});

test("two runs that begin at once never share a directory", async () => {
  const cwd = temporaryDirectory();
  const begin = (seed: string, ...more: string[]) =>
    coordescent(["train", ...tiny, "--steps", "5", "--seed", seed, ...more], { cwd });
  const runs = await Promise.all(["1", "2"].map((seed) => begin(seed, "--json")));
  const summaries = runs.map(({ stdout }) => json(stdout));
  expect(new Set(summaries.map(({ run }) => run)).size).toBe(2);
  for (const { run, seed } of summaries) expect(json(read(cwd, run, "config.json")).config.seed).toBe(seed);
  const same = await Promise.all(["1", "2"].map((seed) => begin(seed, "--run", "same")));
  const [winner, loser] = same.map(({ code }) => code).sort();
  expect(winner).toBe(0);
  expect([2, 3]).toContain(loser); // by then the other has ended, or has not
});
