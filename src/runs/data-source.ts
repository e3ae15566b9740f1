import { existsSync } from "node:fs";
import { basename, isAbsolute, resolve } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { imageDataset } from "../data/image-feed.ts";
import type { Images, Split } from "../data/images.ts";
import { grid, type Mixture, ring } from "../data/mixture.ts";
import { loadMnist } from "../data/mnist.ts";
import { type DownloadOptions, ensureMnist } from "../data/mnist-download.ts";
import { readOwnImages, requireOwnImages, splitOf } from "../data/own-images.ts";
import { stackedDigits } from "../data/stacked.ts";
import { strokes } from "../data/strokes.ts";
import { InputError, StorageError } from "../errors.ts";
import type { ExampleSpec } from "./example-spec.ts";
import type { Setting } from "./setting.ts";

/** A data set and where its files are, if it has any; plain data, so that it can be sent to a thread. */
export interface DataSource extends Place {
  readonly name: DataName;
}

interface Place {
  readonly folder?: string;
}

/** A key of `dataSets`, or the absolute path of images of the user. */
export type DataName = string;

interface DataSet {
  readonly summary: string;
  readonly examples: ExampleSpec;
  /** Settings that suit it, beneath those of the user. */
  readonly settings: readonly Setting[];
  /** Whether it needs the files of MNIST. */
  readonly isOfMnist: boolean;
  /** Examples of a split, those to train on where none is named; an endless set of points has the same in all of them. */
  open(source: Place, split?: Split): Promise<Dataset>;
  /** The images of a split, with their classes if these are known; of stacked digits those that the channels are drawn from. Points have none. */
  readonly reference?: (source: Place, split: Split) => Promise<Images>;
  /** The distribution of points, where it is known exactly. */
  readonly mixture?: Mixture;
  /** Samples as a PNG file. */
  draw(samples: Float32Array): Promise<Uint8Array>;
}

/** A data set of images [channels, 28, 28]. */
function images(
  channels: 1 | 3,
  fields: Pick<DataSet, "summary" | "isOfMnist"> & Required<Pick<DataSet, "reference">>,
): DataSet {
  const shape = [channels, 28, 28] as const;
  const dataset = channels === 1 ? imageDataset : stackedDigits;
  return {
    ...fields,
    examples: { shape, range: "unit" },
    settings: [],
    open: async (source, split = "train") => dataset(await fields.reference(source, split)),
    draw: async (samples) => (await import("./picture.ts")).imageGrid(samples, shape),
  };
}

function points(summary: string, mixture: Mixture): DataSet {
  const extent = 1.25 * Math.max(...mixture.centres.flat());
  return {
    summary,
    mixture,
    isOfMnist: false,
    examples: { shape: [2], range: "real" },
    settings: [["sample.count", 1000]],
    open: () => Promise.resolve(mixture),
    async draw(samples) {
      const real = new Float32Array(2000);
      mixture.fill(0, 0, real);
      return (await import("./picture.ts")).scatter(samples, { real, extent });
    },
  };
}

const mnist = ({ folder }: Place, split: Split) => loadMnist({ folder, split });

/** Every data set that has a name, by it. */
export const dataSets: Readonly<Record<string, DataSet>> = {
  mnist: images(1, {
    summary:
      "50,000 handwritten digits, 28x28 (LeCun, Cortes and Burges 1998); 10,000 for validation, 10,000 for testing",
    isOfMnist: true,
    reference: mnist,
  }),
  strokes: images(1, {
    summary:
      "30,000 handwritten-looking digits drawn by this program, 28x28; 10,000 for validation, 10,000 for testing",
    isOfMnist: false,
    reference: (_, split) => Promise.resolve(strokes({ split })),
  }),
  "stacked-mnist": images(3, {
    summary: "three random digits of MNIST as the colours of an image, 28x28, endless; 1,000 modes",
    isOfMnist: true,
    reference: mnist,
  }),
  ring: points("8 Gaussians on a circle, points in the plane", ring),
  grid: points("25 Gaussians on a square grid, points in the plane", grid),
};

/** Images of the user: a folder of PNG images, an IDX file or an NPY array. */
function ownImages(path: string): DataSet {
  const whole = () => {
    if (lastRead?.path !== path) lastRead = { path, images: readOwnImages(path) };
    return lastRead.images;
  };
  const own = images(1, {
    summary: "images of your own, scaled to 28x28 grey levels; a tenth for validation, a tenth for testing",
    isOfMnist: false,
    reference: (_, split) => Promise.resolve(splitOf(whole(), split)),
  });
  // What is held out belongs to a run as well: it changes its log.
  const open: DataSet["open"] = async (place, split) => ({
    ...(await own.open(place, split)),
    fingerprint: imageDataset(whole()).fingerprint,
  });
  return { ...own, open };
}

/** The splits are parts of one set, which need not be read for each of them. */
let lastRead: { readonly path: string; readonly images: Images } | undefined;

/** What data can be called, for messages. */
export const dataNames = [...Object.keys(dataSets), "a path"];

/** Whether a text is a `DataName`; whether there is something at a path, `findData` finds out. */
export const isDataName = (text: string): boolean => Object.hasOwn(dataSets, text) || isAbsolute(text);

/** The data set of a name or path. */
export function dataSetOf(name: DataName): DataSet {
  return Object.hasOwn(dataSets, name) ? dataSets[name]! : ownImages(name);
}

/** Whether the classes that a probe tells apart are those of the data, about as many examples of each. */
export const hasEvenClasses = (name: DataName): boolean => Object.hasOwn(dataSets, name);

/** The name of a data set, or the last one of a path: what to call it where nobody has to find it. */
export const titleOf = (name: DataName): string => (Object.hasOwn(dataSets, name) ? name : basename(name));

/** What a user means by a text: what is no name of a data set, and is there or written like a path, is one. */
export function dataNameOf(text: string): DataName {
  if (Object.hasOwn(dataSets, text)) return text;
  return /[/\\.]/.test(text) || existsSync(text) ? resolve(text) : text;
}

/**
 * The data set of a name, MNIST being downloaded if need be, or the images at a path, if there is something. Throws InputError or StorageError where it cannot
 * be had.
 */
export async function findData(name: DataName, options: DownloadOptions = {}): Promise<DataSource> {
  if (!Object.hasOwn(dataSets, name)) requireOwnImages(name);
  return dataSetOf(name).isOfMnist ? { name, folder: await ensureMnist(options) } : { name };
}

/** MNIST where it can be had, else `strokes` with the reason in a few words; a `COORDESCENT_DATA` that is set and wrong is an error all the same. */
export async function findDefaultData(options: DownloadOptions = {}): Promise<{ source: DataSource; reason?: string }> {
  try {
    return { source: await findData("mnist", options) };
  } catch (error) {
    const isUnavailable = error instanceof InputError || error instanceof StorageError;
    if (!isUnavailable || process.env.COORDESCENT_DATA) throw error;
    return { source: { name: "strokes" }, reason: error.message.split("\n")[0]!.replace(/\.$/, "") };
  }
}
