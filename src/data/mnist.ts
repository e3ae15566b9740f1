/** The MNIST digits (LeCun, Cortes and Burges 1998): where they lie on this machine, and reading them. */

import { createHash } from "node:crypto";
import { type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { InputError } from "../errors.ts";
import { gunzip } from "./gzip.ts";
import { parseIdx } from "./idx.ts";
import { type LabelledImages, type Split, sliceImages } from "./images.ts";
import { reading, readRegular } from "./reading.ts";

/** One file of MNIST: its unpacked name, size and SHA-256 (hex). */
export interface MnistFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** The files of images to learn from and of those to test with. */
export type MnistFiles = Readonly<Record<"train" | "test", { readonly images: MnistFile; readonly labels: MnistFile }>>;

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The four files of MNIST. */
export const mnistFiles: MnistFiles = {
  train: {
    images: {
      name: "train-images-idx3-ubyte",
      sizeBytes: 47_040_016,
      sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    labels: {
      name: "train-labels-idx1-ubyte",
      sizeBytes: 60_008,
      sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
  },
  test: {
    images: {
      name: "t10k-images-idx3-ubyte",
      sizeBytes: 7_840_016,
      sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    labels: {
      name: "t10k-labels-idx1-ubyte",
      sizeBytes: 10_008,
      sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
  },
};

/** The files of a table in one list. */
export const listFiles = ({ train, test }: MnistFiles = mnistFiles): readonly MnistFile[] => [
  train.images,
  train.labels,
  test.images,
  test.labels,
];

/** The folder of this user where the program keeps what it can fetch again. */
export function cacheFolder(env: Environment = process.env, platform: string = process.platform): string {
  const xdg = env.XDG_CACHE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, "coordescent"); // the XDG specification has relative paths ignored
  const home = env.HOME || homedir();
  if (platform === "darwin") return join(home, "Library", "Caches", "coordescent");
  if (platform === "win32") return join(env.LOCALAPPDATA || join(home, "AppData", "Local"), "coordescent", "Cache");
  return join(home, ".cache", "coordescent");
}

/**
 * The folder of the MNIST files on this machine: `mnist` in the folder that `COORDESCENT_DATA` names, else `mnist` in the cache; undefined
 * where the cache lacks them. Throws an `InputError` where `COORDESCENT_DATA` is set but lacks them, rather than use others unasked.
 */
export function findMnist(
  env: Environment = process.env,
): { folder: string; source: "environment" | "cache" } | undefined {
  if (env.COORDESCENT_DATA) {
    const folder = join(resolve(env.COORDESCENT_DATA), "mnist");
    const advice =
      "COORDESCENT_DATA names this folder: put them there, or unset it and run `coordescent data fetch mnist`.";
    requireFiles(folder, listFiles(), advice);
    return { folder, source: "environment" };
  }
  const folder = join(cacheFolder(env), "mnist");
  return listFiles().every((file) => locate(folder, file)) ? { folder, source: "cache" } : undefined;
}

/**
 * Reads a split of MNIST from a folder, by default the one that `findMnist` finds; never from the network. The last sixth of the training files is the
 * validation split: of their 60,000 images the first 50,000 are for training and 10,000 for validation; the 10,000 for testing have files of their own. Throws an `InputError` where files are
 * missing or are not the original ones by their SHA-256, and a `StorageError` where they cannot be read.
 */
export async function loadMnist({
  split = "train",
  env = process.env,
  folder = findMnist(env)?.folder ?? join(cacheFolder(env), "mnist"),
  files = mnistFiles,
}: {
  split?: Split;
  folder?: string | undefined;
  env?: Environment;
  files?: MnistFiles;
} = {}): Promise<LabelledImages> {
  const { images, labels } = files[split === "test" ? "test" : "train"];
  const paths = requireFiles(folder, [images, labels], "Run `coordescent data fetch mnist`.");
  const [imageFile, labelFile] = paths as [string, string];
  const imageBytes = readMnistFile(imageFile, images);
  const whole = joinImagesAndLabels(imageBytes, imageFile, readMnistFile(labelFile, labels), labelFile);
  const border = whole.count - Math.floor(whole.count / 6);
  if (split === "train") return sliceImages(whole, 0, border);
  return split === "validation" ? sliceImages(whole, border, whole.count) : whole;
}

/** The unpacked bytes of one file, checked against its SHA-256. Throws an `InputError` or a `StorageError`. */
export function readMnistFile(path: string, file: MnistFile): Uint8Array {
  const bytes = readRegular(path, 2 * file.sizeBytes + 1024);
  return verifyMnistFile(bytes, path, file, "Delete it and run `coordescent data fetch mnist`.");
}

/** Unpacks `bytes` where `origin` ends in .gz and checks their SHA-256. Throws an `InputError` that names `origin` and gives `advice`. */
export function verifyMnistFile(bytes: Uint8Array, origin: string, file: MnistFile, advice: string): Uint8Array {
  const unpacked = origin.endsWith(".gz") ? gunzip(bytes, origin, file.sizeBytes) : bytes;
  const sha256 = createHash("sha256").update(unpacked).digest("hex");
  if (sha256 !== file.sha256) {
    const problem = `expected the original MNIST file with SHA-256 ${file.sha256} when unpacked, got ${sha256}`;
    throw new InputError(origin, `${problem}. ${advice}`);
  }
  return unpacked;
}

function joinImagesAndLabels(
  imageBytes: Uint8Array,
  imageFile: string,
  labelBytes: Uint8Array,
  labelFile: string,
): LabelledImages {
  const { dimensions, values: pixels } = parseIdx(imageBytes, imageFile);
  const { dimensions: labelDimensions, values: labels } = parseIdx(labelBytes, labelFile);
  const [count, height, width] = dimensions;
  if (dimensions.length !== 3) {
    throw new InputError(imageFile, `expected images [count, height, width], got [${dimensions.join(", ")}].`, 3);
  }
  if (labelDimensions.length !== 1 || labels.length !== count) {
    const problem = `expected ${count} labels, one for each image, got [${labelDimensions.join(", ")}]`;
    throw new InputError(labelFile, `${problem}. Fetch both files from one source.`, 3);
  }
  const wrong = labels.findIndex((label) => label > 9);
  if (wrong >= 0) throw new InputError(labelFile, `expected a label from 0 to 9, got ${labels[wrong]}.`, 8 + wrong);
  return { name: "mnist", count, height: height!, width: width!, pixels, labels };
}

/** The path of a file in a folder, packed or unpacked, or undefined. */
function locate(folder: string, { name }: MnistFile): string | undefined {
  const paths = [join(folder, `${name}.gz`), join(folder, name)];
  return paths.find((path) => reading(path, () => statIfThere(path))?.isFile());
}

/** A file below a file is not there either. */
function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
    throw error;
  }
}

function requireFiles(folder: string, files: readonly MnistFile[], advice: string): string[] {
  const paths = files.map((file) => locate(folder, file));
  const missing = files.filter((_, i) => paths[i] === undefined).map(({ name }) => `${name}.gz`);
  if (missing.length === 0) return paths as string[];
  const wanted = files.map(({ name }) => `${name}.gz`).join(", ");
  const lacking = missing.length === files.length ? "none of them" : `all but ${missing.join(", ")}`;
  throw new InputError(folder, `expected the MNIST files ${wanted} (or the same unpacked), got ${lacking}. ${advice}`);
}
