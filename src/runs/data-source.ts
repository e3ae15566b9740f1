import type { Dataset } from "../data/dataset.ts";
import { imageDataset } from "../data/image-feed.ts";
import { grid, type Mixture, ring } from "../data/mixture.ts";
import { loadMnist } from "../data/mnist.ts";
import { type DownloadOptions, ensureMnist } from "../data/mnist-download.ts";
import { strokes } from "../data/strokes.ts";
import { InputError, StorageError } from "../errors.ts";
import type { ExampleSpec } from "./example-spec.ts";
import type { Setting } from "./setting.ts";

/** A data set and where its files are, if it has any; plain data, so that it can be sent to a thread. */
export interface DataSource {
  readonly name: DataName;
  readonly folder?: string;
}

/** A key of `dataSets`. */
export type DataName = keyof typeof dataSets;

interface DataSet {
  readonly summary: string;
  readonly examples: ExampleSpec;
  /** Settings that suit it, beneath those of the user. */
  readonly settings: readonly Setting[];
  open(source: { readonly folder?: string }): Promise<Dataset>;
  /** Samples as a PNG file. */
  draw(samples: Float32Array): Promise<Uint8Array>;
}

const images = {
  examples: { shape: [1, 28, 28], range: "unit" },
  settings: [],
  draw: async (samples: Float32Array) => (await import("./picture.ts")).imageGrid(samples, [1, 28, 28]),
} as const;

function mixture(summary: string, data: Mixture): DataSet {
  const extent = 1.25 * Math.max(...data.centres.flat());
  return {
    summary,
    examples: { shape: [2], range: "real" },
    settings: [["sample.count", 1000]],
    open: () => Promise.resolve(data),
    async draw(samples) {
      const real = new Float32Array(2000);
      data.fill(0, 0, real);
      return (await import("./picture.ts")).scatter(samples, { real, extent });
    },
  };
}

/** Every data set, by its name in configurations. */
export const dataSets = {
  mnist: {
    ...images,
    summary: "60,000 handwritten digits, 28x28 (LeCun, Cortes and Burges 1998)",
    open: async ({ folder }: { readonly folder?: string }) => imageDataset(await loadMnist({ folder })),
  },
  strokes: {
    ...images,
    summary: "30,000 handwritten-looking digits drawn by this program, 28x28",
    open: () => Promise.resolve(imageDataset(strokes())),
  },
  ring: mixture("8 Gaussians on a circle, points in the plane", ring),
  grid: mixture("25 Gaussians on a square grid, points in the plane", grid),
} as const satisfies Record<string, DataSet>;

/** The data set of a name, MNIST being downloaded if need be. Throws InputError or StorageError where it cannot be had. */
export async function findData(name: DataName, options: DownloadOptions = {}): Promise<DataSource> {
  return name === "mnist" ? { name, folder: await ensureMnist(options) } : { name };
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
