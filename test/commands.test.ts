import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { beforeAll, describe, expect, test } from "vitest";
import { readSamples } from "../src/data/samples.ts";
import { loadCheckpoint } from "../src/runs/checkpoint.ts";
import { imageGrid } from "../src/runs/picture.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";

const small = [
  "--data",
  "strokes",
  "--batch",
  "16",
  "--set",
  "log.every=5",
  "--set",
  "sample.every=20",
  "--set",
  "checkpoint.every=20",
];

/** Rates that do not depend on the number of iterations, for runs that are given more of them. */
const steady = ["--set", "descent.schedule=constant", "--set", "discriminator.descent.schedule=constant"];

const read = (...path: string[]) => readFileSync(join(...path));
const json = (text: string | Buffer) => JSON.parse(String(text));
const lines = (...path: string[]) =>
  String(read(...path))
    .trim()
    .split("\n")
    .map(json);

/** The log without what depends on the clock. */
const timeless = (...path: string[]) =>
  lines(...path).map(({ imagesPerSecond: _, elapsedMs: __, probeMs: ___, ...rest }) => rest);

async function succeed(args: readonly string[], options?: Parameters<typeof coordescent>[1]) {
  const outcome = await coordescent(args, options);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return outcome;
}

describe("train", () => {
  test("leaves a run directory as documented, and prints its summary as one JSON object", async () => {
    const root = temporaryDirectory();
    const run = join(root, "run");
    const { stdout, stderr } = await succeed(["train", ...small, "--steps", "40", "--run", run, "--json"]);
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
      visits: [8, 7],
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
      await succeed(["train", ...small, "--steps", "20", "--seed", i === 2 ? "2" : "1", "--run", run]);
    }
    const [a, b, c] = runs.map((run) => read(run, "checkpoints", "000020.safetensors"));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(c!)).toBe(false);
    expect(timeless(runs[0]!, "metrics.jsonl")).toEqual(timeless(runs[1]!, "metrics.jsonl"));
  });

  test("every preset, data set and update of a block trains", async () => {
    const root = temporaryDirectory();
    const variants = [
      ["--preset", "source"],
      ["--preset", "adam"],
      ["--preset", "lsgan"],
      ["--preset", "hinge"],
      ["--preset", "wgan-gp"],
      ["--preset", "wgan"],
      ["--preset", "points", "--data", "grid"],
      ["--data", "ring"],
      ["--data", "grid", "--set", "descent.partition=all"],
      ["--set", "descent.update=gradient", "--set", "discriminator.descent.update=gradient"],
      ["--set", "generator.hidden=[]", "--set", "discriminator.hidden=[8]"],
      ["--device", "wasm"],
      ["--batch", "1", "--steps", "3"],
    ];
    for (const [i, variant] of variants.entries()) {
      const run = join(root, String(i));
      const { stdout } = await succeed(["train", ...small, "--steps", "10", "--json", "--run", run, ...variant]);
      expect(json(stdout), variant.join(" ")).toMatchObject({ state: "finished" });
    }
    expect(decode(read(root, "6", "samples", "000010.png"))).toMatchObject({ channels: 3 });
  });

  test("a diverging training ends with exit 4, names the value, and leaves the checkpoint before", async () => {
    const run = join(temporaryDirectory(), "run");
    const wild = ["--set", "descent.update=gradient", "--set", "descent.learningRate=1000000"];
    const hotter = [
      "--set",
      "discriminator.descent.update=gradient",
      "--set",
      "discriminator.descent.learningRate=1000000",
    ];
    const outcome = await coordescent([
      "train",
      "--json",
      ...small,
      "--set",
      "checkpoint.every=1",
      "--run",
      run,
      ...wild,
      ...hotter,
    ]);
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
  const runs = await Promise.all(
    ["1", "2"].map((seed) => succeed(["train", ...small, "--steps", "5", "--seed", seed, "--json"], { cwd })),
  );
  const summaries = runs.map(({ stdout }) => json(stdout));
  expect(new Set(summaries.map(({ run }) => run)).size).toBe(2);
  for (const { run, seed } of summaries) expect(json(read(cwd, run, "config.json")).config.seed).toBe(seed);
  const same = await Promise.all(
    ["1", "2"].map((seed) =>
      coordescent(["train", ...small, "--steps", "5", "--seed", seed, "--run", "same"], { cwd }),
    ),
  );
  const [winner, loser] = same.map(({ code }) => code).sort();
  expect(winner).toBe(0);
  expect([2, 3]).toContain(loser); // by then the other has ended, or has not
});

describe("resume", () => {
  test("ends with the weights and the log of a run that was never stopped, whether by steps or by a signal", {
    timeout: 300_000,
  }, async () => {
    const root = temporaryDirectory();
    const [whole, steps, signal] = ["whole", "steps", "signal"].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    await succeed(["train", ...small, ...steady, "--steps", "60", "--run", whole]);
    await succeed(["train", ...small, ...steady, "--steps", "25", "--run", steps]);
    await succeed(["resume", steps, "--steps", "60"]);
    let isSent = false;
    const stopped = await coordescent(["train", ...small, ...steady, "--steps", "3000", "--run", signal], {
      onOutput: (stderr, kill) => {
        if (isSent || !stderr.includes("step ")) return;
        isSent = true;
        kill("SIGINT");
      },
    });
    expect(stopped.code).toBe(130);
    expect(json(read(signal, "summary.json")).state).toBe("interrupted");
    const { step } = json(read(signal, "summary.json"));
    expect(step).toBeGreaterThan(0);
    const straight = join(root, "straight");
    await succeed(["train", ...small, ...steady, "--steps", String(step + 20), "--run", straight]);
    await succeed(["resume", signal, "--steps", String(step + 20)]);
    // the watchdog looks at the last step of a training, too, and remembers that: all else is the same
    const final = async (run: string, at: number) => {
      const { snapshot } = await loadCheckpoint(join(run, "checkpoints", `${String(at).padStart(6, "0")}.safetensors`));
      return Object.fromEntries([...snapshot].map(([name, { values }]) => [name, Buffer.from(values.slice().buffer)]));
    };
    expect(await final(steps, 60)).toEqual(await final(whole, 60));
    expect(await final(signal, step + 20)).toEqual(await final(straight, step + 20));
    const regular = (run: string) =>
      timeless(run, "metrics.jsonl")
        .filter((record) => record.step % 5 === 0)
        .map(({ watch: _, ...record }) => record);
    expect(regular(steps)).toEqual(regular(whole));
  });

  test("a run killed before its first thousand steps begins again from its first checkpoint", async () => {
    const root = temporaryDirectory();
    const [whole, run] = [join(root, "whole"), join(root, "run")];
    const rare = ["--data", "strokes", "--batch", "16", "--set", "log.every=5", "--set", "checkpoint.every=100000"];
    await succeed(["train", ...rare, "--steps", "30", "--run", whole]);
    const killed = await coordescent(["train", ...rare, "--steps", "90000", "--run", run], {
      onOutput: (stderr, kill) => stderr.includes("step ") && kill("SIGKILL"),
    });
    expect(killed.code).toBe(null);
    await succeed(["resume", run, "--steps", "30"]);
    const final = (of: string) => read(of, "checkpoints", "000030.safetensors");
    const bare = join(root, "bare"); // killed between config.json and the first checkpoint
    mkdirSync(bare);
    copyFileSync(join(run, "config.json"), join(bare, "config.json"));
    await succeed(["resume", bare, "--steps", "30"]);
    expect(final(bare).equals(final(whole))).toBe(true);
    expect(final(run).equals(final(whole))).toBe(true);
    expect(timeless(run, "metrics.jsonl")).toEqual(timeless(whole, "metrics.jsonl"));
  });

  test("pictures and checkpoints that cannot be written do not end the training at once: it says so, tries again, and ends with exit 7 and no stack", async () => {
    const run = join(temporaryDirectory(), "run");
    const outcome = await coordescent(["train", ...small, "--steps", "100000", "--run", run], {
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

  test("uses an older checkpoint where the newest is damaged, and says so", async () => {
    const root = temporaryDirectory();
    const [whole, run] = [join(root, "whole"), join(root, "run")];
    await succeed(["train", ...small, "--steps", "60", "--run", whole]);
    await succeed(["train", ...small, "--steps", "40", "--run", run]);
    const newest = join(run, "checkpoints", "000040.safetensors");
    const bytes = readFileSync(newest);
    bytes[bytes.length - 10]! ^= 1;
    writeFileSync(newest, bytes);
    const { stderr } = await succeed(["resume", run, "--steps", "60"]);
    expect(stderr).toMatch(/000040.safetensors: the content does not agree with its SHA-256.*Using an older one/);
    expect(
      read(run, "checkpoints", "000060.safetensors").equals(read(whole, "checkpoints", "000060.safetensors")),
    ).toBe(true);
    expect(timeless(run, "metrics.jsonl")).toEqual(timeless(whole, "metrics.jsonl"));
  });
});

describe("a finished run", () => {
  let run: string;
  beforeAll(async () => {
    const { mkdtempSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    run = join(mkdtempSync(join(tmpdir(), "coordescent-test-")), "run");
    const layers = ["--set", "descent.partition=layer", "--set", "descent.average=0"];
    await succeed(["train", ...small, ...layers, "--steps", "20", "--run", run]);
  });

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
    const other = join(temporaryDirectory(), "other");
    await succeed(["train", ...small, "--steps", "1", "--set", "generator.hidden=[128,200]", "--run", other]);
    copyFileSync(join(run, "checkpoints", "000020.safetensors"), join(other, "checkpoints", "000020.safetensors"));
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
      stderr: expect.stringContaining("metrics.jsonl: line 1: expected a record with a step, got {}"),
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

  test("damaged newer checkpoints cost no good one: they are set aside when the run goes on", async () => {
    const copy = join(temporaryDirectory(), "copy");
    cpSync(run, copy, { recursive: true });
    for (const name of ["000900", "000950"]) writeFileSync(join(copy, "checkpoints", `${name}.safetensors`), name);
    const { stderr } = await succeed(["resume", copy, "--steps", "25"]);
    expect(stderr.match(/Using an older one/g)).toHaveLength(2);
    expect(readdirSync(join(copy, "checkpoints")).sort()).toEqual([
      "000020.safetensors",
      "000025.safetensors",
      "000900.safetensors.damaged",
      "000950.safetensors.damaged",
    ]);
  });

  test("a file in place of a run is refused with exit 2", async () => {
    for (const command of ["resume", "sample", "inspect"]) {
      const outcome = await coordescent([command, join(run, "config.json")]);
      expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("expected the directory of a run") });
    }
  });

  test("inspect shows the whole discriminator also where it moves in blocks", async () => {
    const other = join(temporaryDirectory(), "other");
    await succeed([
      "train",
      ...small,
      "--steps",
      "1",
      "--set",
      "discriminator.descent.partition=layer",
      "--run",
      other,
    ]);
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
});

describe("bad input", () => {
  const empty = () => ({
    cwd: temporaryDirectory(),
    env: { COORDESCENT_DATA: undefined, XDG_CACHE_HOME: "/nonexistent" },
  });
  const cases: readonly (readonly [args: string, code: number, message: RegExp])[] = [
    ["train --stepps 3", 2, /unknown option '--stepps'\n\(Did you mean --steps\?\)/],
    [
      "train --preset defualt",
      2,
      /--preset: expected one of default, adam, source, .*, got defualt. Did you mean default\?/,
    ],
    [
      "train --data stroke",
      2,
      /data: expected one of mnist, strokes, stacked-mnist, ring, grid, a path, got "stroke". Did you mean strokes\?/,
    ],
    [
      "train --set descent.learningrate=1",
      2,
      /descent.learningrate: unknown configuration key. Did you mean descent.learningRate\?/,
    ],
    ["train --set descent=1", 2, /descent: names a group of settings, got a value. Set one of partition, /],
    ["train --set steps", 2, /--set steps: expected key=value/],
    [
      "train --set descent.update=adan",
      2,
      /descent.update: expected one of gradient, momentum, .*, got "adan". Did you mean adam\?/,
    ],
    ["train --set descent.learningRate=0", 2, /descent.learningRate: expected more than 0, got 0/],
    ["train --set generator.hidden=128", 2, /generator.hidden: expected a value of type array, got 128/],
    ["train --batch 0", 2, /batch: expected at least 1, got 0/],
    ["train --batch 2.5", 2, /batch: expected a whole number, got 2.5/],
    ["train --seed -1", 2, /seed: expected at least 0, got -1/],
    ["train --steps ten", 2, /option '--steps <n>' argument 'ten' is invalid. Expected a number/],
    ["train --set preset=adam", 2, /preset: is chosen with --preset, got "adam" as a setting/],
    ["train --device gpu", 2, /device: expected one of cpu, wasm, webgpu, got "gpu"/],
    ["train --device wasm --threads 2 --data strokes", 2, /threads: WebAssembly runs on one thread in Node, got 2/],
    ["train --config nothing.json", 2, /--config nothing.json: no such file/],
    ["train --set descent.innerSteps=0", 2, /descent.innerSteps: expected at least 1, got 0/],
    [
      "train --set descent.order=up",
      2,
      /descent.order: expected ascending, descending or a value of type array, got "up"/,
    ],
    [
      "train --data ring --set descent.select=gauss-southwell-lipschitz --set descent.lipschitz.rounds=0",
      2,
      /gauss-southwell-lipschitz needs a Lipschitz estimate of each block of generator, and lipschitz.rounds is 0/,
    ],
    [
      "train --data ring --set descent.update=line-search --set game.order=simultaneous",
      2,
      /generator: order: simultaneous play moves all players from one point, which the search of line-search leaves/,
    ],
    [
      'train --data ring --set descent.partition=list --set descent.blocks=[["generator/dense1"]]',
      2,
      /generator: blocks: generator\/dense2\/weight is in no block. Every weight belongs to one/,
    ],
    [
      'train --data ring --set descent.blocks=[["generator/dense1"]]',
      2,
      /generator: blocks: is for the partition list, got the partition hidden-output/,
    ],
    [
      "train --data ring --set descent.partition=unit --set descent.blockSize=3",
      2,
      /generator: blockSize: expected a divisor of the units of every layer .* Choose 1 or 2 or 4/,
    ],
    [
      "train --data ring --set descent.update=coordinate-newton",
      2,
      /coordinate-newton moves blocks of at most 64 weights, got generator\/hidden with \d+/,
    ],
    [
      "train --data ring --set descent.update=exact --set descent.optimistic=true",
      2,
      /generator: optimistic: exact searches along the negative gradient/,
    ],
    ["conformance --rule gauss-southwel", 2, /--rule: .*Did you mean gauss-southwell\?/],
    ["trian", 2, /unknown command 'trian'\n\(Did you mean train\?\)/],
    ["resume nothing", 2, /nothing: expected the directory of a run, found no such directory/],
    ["sample .", 2, /expected the directory of a run, found a directory without config.json/],
    ["sample nothing --count 0", 2, /--count: expected a whole number from 1 to 10000, got 0/],
    ["inspect", 2, /missing required argument 'run'/],
    ["data check digits", 2, /data: expected one of mnist, strokes, stacked-mnist, ring, grid, a path, got digits/],
    ["data check mnist", 6, /mnist: not on this machine. Run `coordescent data fetch mnist`/],
  ];

  test.each(cases)("%s: exit %i, one clear message, nothing written", async (args, code, message) => {
    const options = empty();
    const outcome = await coordescent(args.split(" "), options);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(/^ +at /m);
    expect(outcome.code).toBe(code);
    expect(outcome.stdout).toBe("");
    expect(readdirSync(options.cwd)).toEqual([]);
  });

  test("COORDESCENT_DATA without MNIST, or with a damaged file, is exit 6 and leaves no run", async () => {
    const { mkdirSync } = await import("node:fs");
    const { gzipSync } = await import("node:zlib");
    const options = empty();
    const data = temporaryDirectory();
    const train = () =>
      coordescent(["train", "--steps", "1"], { ...options, env: { ...options.env, COORDESCENT_DATA: data } });
    const without = await train();
    expect(without).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/expected the MNIST files .* got none of them/),
    });
    mkdirSync(join(data, "mnist"));
    for (const name of ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]) {
      writeFileSync(join(data, "mnist", `${name}-ubyte.gz`), gzipSync("not the digits"));
    }
    const damaged = await train();
    expect(damaged).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/expected the original MNIST file with SHA-256 ba8910/),
    });
    expect(readdirSync(options.cwd)).toEqual([]);
  });

  test("a directory that holds something is not written to", async () => {
    const options = empty();
    writeFileSync(join(options.cwd, "mine.txt"), "keep");
    const outcome = await coordescent(["train", "--data", "strokes", "--run", "."], options);
    expect(outcome).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("expected a new or empty directory, found 1 entries"),
    });
    expect(readdirSync(options.cwd)).toEqual(["mine.txt"]);
  });
});

describe("help", () => {
  const commands = ["train", "resume", "sample", "inspect", "conformance", "data", "doctor"];

  test("the program lists every command, and each command shows an example", async () => {
    const { stdout } = await succeed(["--help"]);
    for (const command of commands) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
      expect((await succeed([command, "--help"])).stdout).toMatch(new RegExp(`Example:\n  npx coordescent ${command}`));
    }
    expect((await succeed(["--version"])).stdout).toBe("0.1.0\n");
  });

  test("presets lists every preset, and doctor finds the processor", async () => {
    expect((await succeed(["presets"])).stdout).toMatch(/^default +coordinate descent on G.*\n +Measured: /);
    const { findings } = json((await succeed(["doctor", "--json"])).stdout);
    expect(findings.find(({ what }: { what: string }) => what === "device cpu").good).toBe(true);
  });
});
