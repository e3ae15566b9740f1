import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InputError, StorageError } from "../errors.ts";
import type { Split } from "./images.ts";
import { cacheFolder, findMnist, listFiles, loadMnist, type MnistFile, type MnistFiles } from "./mnist.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "coordescent-mnist-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A folder FOLDER/mnist with empty files, all of MNIST unless told. */
function place(folder: string, names = listFiles().map(({ name }) => `${name}.gz`)): string {
  const path = join(root, folder, "mnist");
  mkdirSync(path, { recursive: true });
  for (const name of names) writeFileSync(join(path, name), "");
  return path;
}

/** The message of an error, with the folder of this test called ROOT. */
async function refusal(
  act: () => unknown,
  kind: typeof InputError | typeof StorageError = InputError,
): Promise<string> {
  const error = await Promise.resolve()
    .then(act)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(kind);
  return (error as Error).message.replaceAll(root, "ROOT");
}

describe("looking MNIST up", () => {
  test("takes COORDESCENT_DATA first, then the cache, then nothing", () => {
    const env = { COORDESCENT_DATA: join(root, "given"), XDG_CACHE_HOME: join(root, "xdg") };
    const { XDG_CACHE_HOME } = env;
    expect(findMnist({ XDG_CACHE_HOME })).toBeUndefined();
    const cache = place("xdg/coordescent");
    expect(findMnist({ XDG_CACHE_HOME })).toEqual({ folder: cache, source: "cache" });
    const given = place("given");
    expect(findMnist(env)).toEqual({ folder: given, source: "environment" });
    expect(findMnist({ XDG_CACHE_HOME, COORDESCENT_DATA: "" })).toEqual({ folder: cache, source: "cache" });
  });

  test("accepts unpacked files", () => {
    const names = listFiles().map(({ name }, i) => (i % 2 === 0 ? name : `${name}.gz`));
    const folder = place("given", names);
    expect(findMnist({ COORDESCENT_DATA: join(root, "given") })).toEqual({ folder, source: "environment" });
  });

  test("refuses a COORDESCENT_DATA without MNIST, even where the cache has it", async () => {
    place("xdg/coordescent");
    const env = { COORDESCENT_DATA: join(root, "given"), XDG_CACHE_HOME: join(root, "xdg") };
    expect(await refusal(() => findMnist(env))).toMatchInlineSnapshot(
      `"ROOT/given/mnist: expected the MNIST files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz (or the same unpacked), got none of them. COORDESCENT_DATA names this folder: put them there, or unset it and run \`coordescent data fetch mnist\`."`,
    );
    place("given", ["train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz"]);
    expect(await refusal(() => findMnist(env))).toMatch(/got all but train-labels-idx1-ubyte\.gz\. COORDESCENT_DATA/);
    await refusal(() => loadMnist({ env }));
  });

  test("does not take a folder for a file", () => {
    const folder = place("xdg/coordescent");
    const path = join(folder, "t10k-labels-idx1-ubyte.gz");
    rmSync(path);
    mkdirSync(path);
    expect(findMnist({ XDG_CACHE_HOME: join(root, "xdg") })).toBeUndefined();
  });

  test("says where it could not look", async () => {
    const env = { XDG_CACHE_HOME: join(root, "xdg") };
    const path = join(place("xdg/coordescent", []), "train-images-idx3-ubyte.gz");
    symlinkSync(path, path);
    expect(await refusal(() => findMnist(env), StorageError)).toMatch(/expected a readable file, got ELOOP/);
  });

  test("uses the cache folder of the platform", () => {
    const home = join(root, "home");
    const env = { HOME: home };
    expect(cacheFolder(env, "linux")).toBe(join(home, ".cache", "coordescent"));
    expect(cacheFolder({ ...env, XDG_CACHE_HOME: "relative" }, "linux")).toBe(join(home, ".cache", "coordescent"));
    expect(cacheFolder({ ...env, XDG_CACHE_HOME: root }, "linux")).toBe(join(root, "coordescent"));
    expect(cacheFolder(env, "darwin")).toBe(join(home, "Library", "Caches", "coordescent"));
    expect(cacheFolder({ ...env, LOCALAPPDATA: root }, "win32")).toBe(join(root, "coordescent", "Cache"));
  });
});

/** Images of 1 x 2 pixels, three unless told, as MNIST files with a table of their own. */
function tiny({ labels = [7, 0, 9], pixels = [1, 2, 3, 4, 5, 6], imageRank = 3 } = {}) {
  const count = pixels.length / 2;
  const sizes = imageRank === 3 ? [0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 2] : [0, 0, 0, count, 0, 0, 0, 2];
  const images = Uint8Array.of(0, 0, 8, imageRank, ...sizes, ...pixels);
  const labelBytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, labels.length, ...labels);
  const entry = (name: string, bytes: Uint8Array): MnistFile => ({
    name,
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
  const split = { images: entry("images", images), labels: entry("labels", labelBytes) };
  const files: MnistFiles = { train: split, test: split };
  return { files, images, labels: labelBytes };
}

describe("loading MNIST", () => {
  test("reads packed and unpacked files alike", async () => {
    const { files, images, labels } = tiny();
    writeFileSync(join(root, "images.gz"), gzipSync(images));
    writeFileSync(join(root, "labels"), labels);
    const expected = { name: "mnist", count: 3, height: 1, width: 2 };
    const loaded = await loadMnist({ folder: root, files });
    expect(loaded).toMatchObject(expected);
    expect([...loaded.pixels]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...loaded.labels]).toEqual([7, 0, 9]);
    rmSync(join(root, "images.gz"));
    writeFileSync(join(root, "images"), images);
    expect(await loadMnist({ folder: root, files })).toEqual(loaded);
  });

  test("keeps the last sixth of the training files for validation", async () => {
    const { files, images, labels } = tiny({ labels: [7, 0, 9, 1, 2, 3, 4], pixels: [...Array(14).keys()] });
    writeFileSync(join(root, "images"), images);
    writeFileSync(join(root, "labels"), labels);
    const load = (split: Split) => loadMnist({ folder: root, files, split });
    const [train, validation, whole] = [await load("train"), await load("validation"), await load("test")];
    expect(train).toEqual({ ...whole, count: 6, pixels: whole.pixels.slice(0, 12), labels: whole.labels.slice(0, 6) });
    expect(validation).toEqual({ ...whole, count: 1, pixels: Uint8Array.of(12, 13), labels: Uint8Array.of(4) });
  });

  test("refuses a file with another SHA-256, names both and says what to do", async () => {
    const { files, images, labels } = tiny();
    writeFileSync(join(root, "images.gz"), gzipSync(images.with(16, 99)));
    writeFileSync(join(root, "labels"), labels);
    const message = await refusal(() => loadMnist({ folder: root, files }));
    expect(message).toContain(files.train.images.sha256);
    expect(message).toMatchInlineSnapshot(
      `"ROOT/images.gz: expected the original MNIST file with SHA-256 d0b84243d680f892241d09ba09617701edaf5937a66688b399b263616c20c6f0 when unpacked, got 61d76e6a61d1d55e5dca2ce8ced040e46401ccc14fa80b1a89a7f63169a2b41c. Delete it and run \`coordescent data fetch mnist\`."`,
    );
  });

  test("refuses files that are too large, packed or unpacked", async () => {
    const { files, images, labels } = tiny();
    writeFileSync(join(root, "labels"), labels);
    writeFileSync(join(root, "images.gz"), gzipSync(new Uint8Array(100_000)));
    expect(await refusal(() => loadMnist({ folder: root, files }))).toMatch(/at most 22 bytes when unpacked, got more/);
    rmSync(join(root, "images.gz"));
    writeFileSync(join(root, "images"), new Uint8Array(100_000));
    expect(await refusal(() => loadMnist({ folder: root, files }))).toMatch(
      /expected a file of at most \d+ bytes, got 100000/,
    );
    expect(images).toHaveLength(22);
  });

  test.each([
    [
      "fewer labels than images",
      { labels: [1, 2] },
      /labels: at byte 3: expected 3 labels, one for each image, got \[2\]/,
    ],
    ["a label above nine", { labels: [1, 10, 2] }, /labels: at byte 9: expected a label from 0 to 9, got 10/],
    [
      "images that are rows",
      { imageRank: 2 },
      /images: at byte 3: expected images \[count, height, width\], got \[3, 2\]/,
    ],
  ])("refuses %s", async (_, change, pattern) => {
    const { files, images, labels } = tiny(change);
    writeFileSync(join(root, "images"), images);
    writeFileSync(join(root, "labels"), labels);
    expect(await refusal(() => loadMnist({ folder: root, files }))).toMatch(pattern);
  });

  test("says how to get files that are missing", async () => {
    const env = { XDG_CACHE_HOME: root };
    expect(await refusal(() => loadMnist({ split: "test", env }))).toMatchInlineSnapshot(
      `"ROOT/coordescent/mnist: expected the MNIST files t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz (or the same unpacked), got none of them. Run \`coordescent data fetch mnist\`."`,
    );
  });
});

const given = process.env.COORDESCENT_DATA;

test.skipIf(!given)("reads the real MNIST with its published class counts (needs COORDESCENT_DATA)", async () => {
  const countClasses = (labels: Uint8Array) =>
    labels.reduce((counts, label) => counts.with(label, counts[label]! + 1), new Array<number>(10).fill(0));
  const train = await loadMnist();
  const validation = await loadMnist({ split: "validation" });
  expect(train).toMatchObject({ name: "mnist", count: 50_000, height: 28, width: 28 });
  expect(validation).toMatchObject({ name: "mnist", count: 10_000, height: 28, width: 28 });
  const labels = Uint8Array.of(...train.labels, ...validation.labels);
  expect(countClasses(labels)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  // the mean that torchvision's examples normalise by
  const sums = [train, validation].map(({ pixels }) => pixels.reduce((sum, pixel) => sum + pixel, 0));
  expect((sums[0]! + sums[1]!) / (60_000 * 784) / 255).toBeCloseTo(0.1307, 4);
  const held = await loadMnist({ split: "test" });
  expect(held).toMatchObject({ count: 10_000, height: 28, width: 28 });
  expect(countClasses(held.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
});
