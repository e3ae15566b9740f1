import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { coordescent, coordescentInTurn, temporaryDirectory } from "./support/command.ts";

const env = { COORDESCENT_DATA: undefined, XDG_CACHE_HOME: "/nonexistent" };
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

describe("exit code, one clear message, nothing written:", () => {
  let outcomes: Awaited<ReturnType<typeof coordescentInTurn>>;
  beforeAll(async () => {
    outcomes = await coordescentInTurn(
      cases.map(([args]) => args.split(" ")),
      { env },
    );
  });

  test.each(cases.map(([args, code, message], i) => [args, code, message, i] as const))(
    "%s: exit %i",
    (_, code, message, i) => {
      const outcome = outcomes[i]!;
      expect(outcome.stderr).toMatch(message);
      expect(outcome.stderr).not.toMatch(/^ +at /m);
      expect(outcome).toMatchObject({ code, stdout: "", left: [] });
    },
  );
});

test("a process that is given a mistake ends with its exit code and message", async () => {
  const outcome = await coordescent(["train", "--batch", "0"], { cwd: temporaryDirectory(), env });
  expect(outcome).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringMatching(/^coordescent: batch: expected at least 1, got 0/),
  });
});

test("COORDESCENT_DATA without MNIST, or with a damaged file, is exit 6 and leaves no run", async () => {
  const cwd = temporaryDirectory();
  const data = temporaryDirectory();
  const train = () => coordescent(["train", "--steps", "1"], { cwd, env: { ...env, COORDESCENT_DATA: data } });
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
  expect(readdirSync(cwd)).toEqual([]);
});

test("a directory that holds something is not written to", async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "mine.txt"), "keep");
  const outcome = await coordescent(["train", "--data", "strokes", "--run", "."], { cwd, env });
  expect(outcome).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("expected a new or empty directory, found 1 entries"),
  });
  expect(readdirSync(cwd)).toEqual(["mine.txt"]);
});

test.runIf(process.platform === "linux")(
  "a working directory that has been removed is exit 7, and no internal error",
  () => {
    const gone = 'cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" "$@"';
    const from = (...args: string[]) =>
      spawnSync("sh", ["-c", gone, process.execPath, resolve("dist/cli/main.js"), ...args], { encoding: "utf8" });
    expect(from("--version").status).toBe(0); // it needs none
    const { status, stderr } = from("train", "--data", "ring", "--steps", "1");
    expect(stderr).toBe("coordescent: .: the working directory has been removed. Change to another.\n");
    expect(status).toBe(7);
  },
);
