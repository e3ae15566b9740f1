import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSamples } from "../src/data/samples.ts";
import { imageGrid } from "../src/runs/picture.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";
import { json, set, succeed } from "./support/run-files.ts";

/** A run that has finished, for all tests of this file. */
let root: string;
let run: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "coordescent-test-"));
  run = join(root, "run");
  const settings = set("descent.partition=layer", "descent.average=0", "checkpoint.every=20");
  await succeed(["train", "--data", "strokes", "--batch", "16", ...settings, "--steps", "20", "--run", run]);
});
afterAll(() => rmSync(root, { recursive: true }));

/** A copy of the run with another configuration in its `config.json`. */
function reconfigured(
  change: (config: { generator: { hidden: number[] }; discriminator: { descent: { partition: string } } }) => void,
): string {
  const copy = join(temporaryDirectory(), "run");
  cpSync(run, copy, { recursive: true });
  const path = join(copy, "config.json");
  const record = json(readFileSync(path));
  change(record.config);
  writeFileSync(path, JSON.stringify(record));
  return copy;
}

test("sample writes a picture that depends on the seed alone, of the newest checkpoint or of one by its path", async () => {
  const root = temporaryDirectory();
  const checkpoint = join(run, "checkpoints", "000020.safetensors");
  const files = ["a.png", "b.png", "c.png"].map((name) => join(root, name));
  for (const [i, out] of files.entries()) {
    const of = i === 1 ? checkpoint : run;
    const args = ["sample", of, "--count", "70", "--seed", i === 2 ? "8" : "7", "--out", out, "--json"];
    expect(json((await succeed(args)).stdout)).toMatchObject({ step: 20, count: 70, out });
  }
  const [a, b, c] = files.map((file) => readFileSync(file));
  expect(decode(a!)).toMatchObject({ width: 9 * 58 - 2, height: 8 * 58 - 2 });
  expect(a!.equals(b!)).toBe(true);
  expect(a!.equals(c!)).toBe(false);
});

test("sample writes the numbers of the picture", async () => {
  const [npy, png] = ["npy", "png"].map((type) => join(temporaryDirectory(), `a.${type}`)) as [string, string];
  for (const out of [npy, png]) await succeed(["sample", run, "--count", "1", "--out", out]);
  const numbers = readSamples(npy, [1, 28, 28]);
  expect(readFileSync(png).equals(imageGrid(numbers, [1, 28, 28]))).toBe(true);
  const many = join(temporaryDirectory(), "many.npy");
  await succeed(["sample", run, "--count", "10001", "--out", many]);
  expect(readSamples(many, [1, 28, 28])).toHaveLength(10_001 * 784);
});

test("inspect counts the work of each block as the closed formula does", async () => {
  const inspection = json((await succeed(["inspect", run, "--json"])).stdout);
  const G = [100 * 128, 128 * 256, 256 * 784] as const;
  const D = [784 * 256, 256 * 128, 128] as const;
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const blocks = G.map((weights, b) => sum(G) + 2 * sum(D) + sum(G.slice(b + 1)) + weights);
  expect(inspection.blocks.map(({ name }: { name: string }) => name)).toEqual([
    "generator/dense1",
    "generator/dense2",
    "generator/dense3",
  ]);
  expect(inspection.blocks.map(({ macsPerSample }: { macsPerSample: number }) => macsPerSample)).toEqual(blocks);
  expect(inspection.fullStep.macsPerSample).toBe(sum(G) + 2 * sum(D) + sum(G.slice(1)) + sum(G));
  expect(inspection.blocks[0]).toEqual({
    name: "generator/dense1",
    blocks: 1,
    parameters: 100 * 128 + 128,
    macsPerSample: blocks[0],
    bytesHeld: expect.any(Number),
    // weights, both moments, and the two powers of the betas
    bytesReturned: 4 * (3 * (100 * 128 + 128) + 2),
    predicted: expect.any(Object),
  });
  for (const { predicted, macsPerSample, bytesHeld, bytesReturned } of [
    ...inspection.blocks,
    inspection.fullStep,
    inspection.discriminatorStep,
  ]) {
    expect(predicted).toEqual({ macsPerSample, bytesHeld, bytesReturned });
  }
  expect((await succeed(["inspect", run])).stdout).toMatch(/generator\/dense1 +1 +12,928 +959,744 +959,744 +0\.80/);
});

test("a checkpoint of another shape is refused with exit 8", async () => {
  const other = reconfigured(({ generator }) => {
    generator.hidden = [128, 200];
  });
  const outcome = await coordescent(["sample", other, "--out", join(other, "x.png")]);
  expect(outcome).toMatchObject({ code: 8 });
  expect(outcome.stderr).toMatch(
    /expected generator\/dense2\/weight of shape \[128, 200\], got \[128, 256\]: the checkpoint is of another model/,
  );
  expect(existsSync(join(other, "x.png"))).toBe(false);
  expect((await coordescent(["resume", other, "--steps", "30"])).code).toBe(8);
});

test("a damaged log, a log of another kind, and a changed step in a checkpoint are named", async () => {
  const root = temporaryDirectory();
  const copies = ["log", "step"].map((name) => join(root, name)) as [string, string];
  for (const copy of copies) cpSync(run, copy, { recursive: true });
  writeFileSync(join(copies[0], "metrics.jsonl"), "{}\nnonsense\n");
  const log = await coordescent(["resume", copies[0], "--steps", "30"]);
  expect(log).toMatchObject({
    code: 6,
    stderr: expect.stringContaining("metrics.jsonl: line 1: step: expected a value of type number, got nothing"),
  });
  const checkpoint = join(copies[1], "checkpoints", "000020.safetensors");
  rmSync(join(copies[1], "checkpoints", "000000.safetensors"));
  writeFileSync(checkpoint, readFileSync(checkpoint, "latin1").replace('"step":"20"', '"step":"21"'), "latin1");
  const step = await coordescent(["sample", copies[1], "--out", join(root, "x.png")]);
  expect(step).toMatchObject({
    code: 8,
    stderr: expect.stringContaining("the content does not agree with its SHA-256"),
  });
});

test("sample writes pictures and numbers only: not over another file, and into a device without replacing it", async () => {
  const refused = await coordescent(["sample", run, "--out", join(run, "config.json")]);
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--out: expected the name of a .png or .npy file, got ".*config.json"/),
  });
  const full = await coordescent(["sample", run, "--out", "/dev/full"]);
  expect(full).toMatchObject({
    code: 7,
    stderr: expect.stringMatching(/\/dev\/full: cannot be written: ENOSPC.*Free some space/),
  });
  expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
});

test("sample works on another device than the training", async () => {
  const root = temporaryDirectory();
  const [cpu, wasm] = ["cpu", "wasm"].map((device) => join(root, `${device}.png`)) as [string, string];
  await succeed(["sample", run, "--out", cpu]);
  await succeed(["sample", run, "--device", "wasm", "--out", wasm]);
  const [a, b] = [cpu, wasm].map((file) => decode(readFileSync(file)).data);
  expect(a!.every((value, i) => Math.abs(value - b![i]!) <= 1)).toBe(true);
});

test("a file in place of a run is refused with exit 2", async () => {
  for (const command of ["resume", "sample", "inspect"]) {
    const outcome = await coordescent([command, join(run, "config.json")]);
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("expected the directory of a run") });
  }
});

test("inspect shows the whole discriminator also where it moves in blocks", async () => {
  const other = reconfigured(({ discriminator }) => {
    discriminator.descent.partition = "layer";
  });
  const [whole, blocks] = await Promise.all(
    [run, other].map(async (each) => json((await succeed(["inspect", each, "--json"])).stdout)),
  );
  expect(blocks.discriminatorStep).toEqual({ ...whole.discriminatorStep });
});

test("resume has nothing to do without more steps", async () => {
  const outcome = await coordescent(["resume", run]);
  expect(outcome).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("has made 20 of 20 iterations. Give more with --steps"),
  });
});
