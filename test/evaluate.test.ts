import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { beforeAll, describe, expect, test } from "vitest";
import type { LabelledImages, Split } from "../src/data/images.ts";
import { encodeNpy } from "../src/data/npy.ts";
import { strokes } from "../src/data/strokes.ts";
import { openClassifier, openRandomFeatures } from "../src/evaluation/features.ts";
import { figuresOf, referenceOf } from "../src/evaluation/figures.ts";
import { loadCheckpoint } from "../src/runs/checkpoint.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";

const json = (text: string | Buffer) => JSON.parse(String(text));
const read = (...path: string[]) => readFileSync(join(...path));
const records = (run: string) => String(read(run, "metrics.jsonl")).trim().split("\n").map(json);

/** What samples are compared with is kept here, for all tests of this file. */
let cache: string;
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), "coordescent-cache-"));
});

const run = (args: readonly string[]) => coordescent(args, { env: { XDG_CACHE_HOME: cache } });

async function succeed(args: readonly string[]) {
  const outcome = await run(args);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return outcome;
}

/** Every number in a tree. */
const numbersIn = (tree: unknown): unknown[] =>
  typeof tree === "object" && tree !== null ? Object.values(tree).flatMap(numbersIn) : [tree];

const probing = ["--batch", "16", "--set", "probe.every=10", "--set", "probe.count=100"];
/** Rates that do not depend on the number of iterations. */
const steady = ["--set", "descent.schedule=constant", "--set", "discriminator.descent.schedule=constant"];
const often = [
  ...probing,
  ...steady,
  "--set",
  "log.every=10",
  "--set",
  "checkpoint.every=10",
  "--set",
  "sample.every=1000",
];

describe("a probe during training", () => {
  test("is in the log, the summary and the report, and keeps the best checkpoint, over an interruption too", async () => {
    const root = temporaryDirectory();
    const [whole, parts, images] = ["whole", "parts", "images.npy"].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(images, encodeNpy([1000, 784], strokes({ count: 1000 }).pixels));
    const args = ["train", "--data", images, ...often];
    const { stdout, stderr } = await succeed([...args, "--steps", "40", "--run", whole, "--json"]);
    await succeed([...args, "--steps", "20", "--run", parts]);
    await succeed(["resume", parts, "--steps", "40"]);
    const log = records(whole);
    expect(log.map(({ step }) => step)).toEqual([10, 20, 30, 40]);
    for (const { quality, probeMs } of log) {
      expect(quality.distance).toBeGreaterThan(0);
      expect(quality.histogram).toHaveLength(10);
      expect(probeMs).toBeGreaterThan(0);
    }
    const least = log.reduce((a, b) => (b.quality.distance < a.quality.distance ? b : a));
    const { best, quality, checkpoint } = json(stdout);
    expect(best).toMatchObject({ step: least.step, distance: least.quality.distance });
    expect(quality).toEqual(log.at(-1).quality);
    expect(checkpoint).toBe(join(whole, "checkpoints", "000040.safetensors"));
    // what the watchdog remembers is in the file, too, and it looked at the end of the first part
    const weights = async (path: string) => [...(await loadCheckpoint(path)).snapshot];
    expect(await weights(best.checkpoint)).toEqual(await weights(join(parts, "checkpoints", "best.safetensors")));
    expect(stderr).toMatch(/distance \d/);
    expect(String(read(whole, "report.html"))).toContain("Distance from real examples");
  });

  test("of points counts Gaussians", async () => {
    const ring = join(temporaryDirectory(), "ring");
    await succeed(["train", "--data", "ring", "--steps", "20", "--run", ring, ...often]);
    const [first] = records(ring);
    expect(first.quality.histogram).toHaveLength(8);
    expect(first.quality.diversity).toBeGreaterThan(0);
  });
});

test("a collapsed generator gets finite, terrible numbers", async () => {
  const runtime = nodeRuntime({ threads: 1 });
  const eyes = { classifier: await openClassifier(runtime), check: await openRandomFeatures(runtime) };
  const set = (split: Split, count: number) => strokes({ split, count });
  const values = ({ pixels }: LabelledImages) => Float32Array.from(pixels, (byte) => byte / 255);
  const train = set("train", 2000);
  const reality = await referenceOf(values(set("test", 1000)), values(train), train.labels, eyes);
  const collapsed = await figuresOf(new Float32Array(500 * 784).fill(0.5), reality, eyes, 1);
  const real = await figuresOf(values(set("validation", 500)), reality, eyes, 1);
  expect(numbersIn(collapsed).filter((value) => !Number.isFinite(value))).toEqual([]);
  expect(collapsed.fid).toBeGreaterThan(20 * real.fid);
  expect(collapsed.kid.value).toBeGreaterThan(5 * real.kid.interval[1]);
  expect(collapsed).toMatchObject({ recall: 0, coverage: 0, score: expect.closeTo(1) });
  expect(collapsed.nearestNeighbour.accuracy).toBeGreaterThan(0.99);
  expect(Math.max(...collapsed.histogram)).toBe(1);
  expect(real.coverage).toBeGreaterThan(0.7); // of twice as many images
  expect(real.density).toBeGreaterThan(0.8);
  expect(Math.abs(real.nearestNeighbour.accuracy - 1 / 2)).toBeLessThan(0.15);
  expect(Math.abs(real.memorisation)).toBeLessThan(3);

  // without labels: of training images that all look like one digit, too
  const even = new Float32Array(100 * 784).fill(0.2);
  const unlabelled = await referenceOf(even, even, undefined, eyes);
  expect(new Set(unlabelled.trainClasses).size).toBe(1);
  expect(unlabelled.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
  const figures = await figuresOf(values(set("validation", 100)), unlabelled, eyes, 1);
  expect(numbersIn(figures).filter((value) => !Number.isFinite(value))).toEqual([]);
  expect(figures.kl).toBeGreaterThan(2);
});

describe("evaluate", () => {
  let trained: string;
  beforeAll(async () => {
    trained = join(mkdtempSync(join(tmpdir(), "coordescent-test-")), "run");
    await succeed(["train", "--data", "strokes", "--steps", "20", "--run", trained, ...often]);
  });

  test("prints every figure beside its floor and a scale, and leaves a picture", async () => {
    const { stdout } = await succeed(["evaluate", trained, "--count", "200", "--seed", "4", "--json"]);
    const found = json(stdout);
    const beside = { value: expect.any(Number), floor: expect.any(Number) };
    expect(found).toMatchObject({
      ...{ fid: beside, kid: beside, precision: beside, recall: beside, density: beside, coverage: beside },
      classes: { kl: expect.any(Number), floor: expect.any(Number) },
      nearestNeighbour: { accuracy: expect.any(Number), floor: expect.any(Number) },
      memorisation: { score: expect.any(Number), floor: expect.any(Number) },
      ...{ samples: 200, split: "test", seed: 4, step: 20, data: "strokes" },
    });
    expect(found.fid.features).toMatch(/^digits-v1:[0-9a-f]{12}$/);
    expect(found.fid.bias).toBeGreaterThan(0);
    expect(found.classes.histogram).toHaveLength(10);
    expect(numbersIn(found).filter((value) => typeof value === "number" && !Number.isFinite(value))).toEqual([]);
    const { trainingImages, unseenImages, oneClass, meanImage, noise } = found.scale;
    for (const bad of [oneClass, meanImage, noise]) {
      expect(bad.fid).toBeGreaterThan(5 * trainingImages.fid);
      expect(bad.kid.value).toBeGreaterThan(trainingImages.kid.interval[1]);
      expect(bad.coverage).toBeLessThan(trainingImages.coverage);
      expect(bad.kl).toBeGreaterThan(5 * trainingImages.kl);
    }
    expect(trainingImages.memorisation).toBeLessThan(-3); // they are in what they are compared with
    expect(Math.abs(unseenImages.memorisation)).toBeLessThan(3);
    expect(decode(read(trained, "nearest.png"))).toMatchObject({ channels: 1 });
    expect(json(read(trained, "evaluation.json"))).toEqual(found);
  });

  test("counts the Gaussians of points beside true ones: of a run, of its checkpoint and of its samples alike", async () => {
    const root = temporaryDirectory();
    const [ring, npy] = [join(root, "ring"), join(root, "samples.npy")];
    await succeed(["train", "--data", "ring", "--steps", "20", "--run", ring, ...often]);
    const ofRun = json((await succeed(["evaluate", ring, "--json"])).stdout);
    expect(ofRun.samples).toBe(2500);
    expect(ofRun.floor.modes).toBe(8);
    expect(ofRun.floor.highQuality).toBeCloseTo(1 - Math.exp(-4.5), 1);
    expect(ofRun.figures.modes).toBeLessThanOrEqual(8);
    const checkpoint = join(ring, "checkpoints", "000020.safetensors");
    expect(json((await succeed(["evaluate", checkpoint, "--json"])).stdout)).toEqual({ ...ofRun, path: checkpoint });
    await succeed(["sample", ring, "--count", "2500", "--out", npy]);
    const { step: _, ...rest } = ofRun;
    const ofFile = json((await succeed(["evaluate", npy, "--data", "ring", "--json"])).stdout);
    expect(ofFile).toEqual({ ...rest, path: npy });
    expect((await succeed(["evaluate", ring, "--count", "100"])).stdout).toMatch(/modes +\d/);
  });

  test("refuses what it cannot measure, and says what to do", async () => {
    const root = temporaryDirectory();
    const file = (name: string, shape: number[], fill: number) => {
      const path = join(root, name);
      writeFileSync(path, encodeNpy(shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(fill)));
      return path;
    };
    const folder = join(root, "images");
    mkdirSync(folder);
    writeFileSync(join(folder, "1.png"), encode({ width: 32, height: 32, data: new Uint8Array(1024), channels: 1 }));
    const strokes = ["--data", "strokes"];
    const cases: [readonly string[], number, RegExp][] = [
      [[file("few.npy", [99, 28, 28], 0.5), ...strokes], 6, /at least 100 samples, got 99/],
      [[file("nan.npy", [200, 28, 28], Number.NaN), ...strokes], 6, /NaN in sample 0/],
      [[file("wide.npy", [200, 32, 32], 0.5), ...strokes], 6, /\[200, 32, 32\]/],
      [[folder, ...strokes], 6, /32/],
      [[join(root, "nothing")], 2, /found nothing there/],
      [[trained, "--count", "10"], 2, /--count: expected a whole number from 100/],
      [[trained, "--split", "tset"], 2, /Did you mean test/],
      [[trained, "--out", "x.jpg"], 2, /\.png/],
      [[folder, "--data", "stroke"], 2, /Did you mean strokes/],
    ];
    for (const [args, code, message] of cases) {
      const outcome = await run(["evaluate", ...args]);
      expect(outcome.code, outcome.stderr).toBe(code);
      expect(outcome.stderr).toMatch(message);
    }
    expect(readdirSync(trained)).toContain("config.json");
  });
});
