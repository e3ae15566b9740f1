import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { imageDataset } from "../data/image-feed.ts";
import type { Images, Split } from "../data/images.ts";
import { readSamples } from "../data/samples.ts";
import { ConfigError, InputError } from "../errors.ts";
import { openClassifier, openRandomFeatures } from "../evaluation/features.ts";
import { type Eyes, type Figures, figuresOf, type Reference, referenceOf } from "../evaluation/figures.ts";
import { nearestRows } from "../evaluation/nearest.ts";
import { scaleSets, someImages } from "../evaluation/scale.ts";
import { see } from "../evaluation/seen.ts";
import { someRows } from "../metrics/matrix.ts";
import { stream } from "../random.ts";
import { openRuntime } from "../runtime/open.ts";
import { chooseThreads } from "../runtime/threads.ts";
import { cached } from "./cache.ts";
import { checkpointSuffix, type Damage } from "./checkpoint.ts";
import { type DataName, type DataSource, dataSetOf, findData } from "./data-source.ts";
import { evaluatePoints, evaluateStacked, type StackedResult } from "./evaluating-modes.ts";
import { imageGrid } from "./picture.ts";
import { openRun } from "./run-directory.ts";
import { runOf, sampleRun } from "./sampling.ts";

/** What is evaluated, and against what. */
export interface EvaluationOptions {
  /** Samples to make of a run or checkpoint, or to take of a file; as many as is usual for the data by default. */
  readonly count?: number | undefined;
  /** Of the latents, and of the cells of the memorisation test. */
  readonly seed: number;
  /** The real examples to compare with. */
  readonly split: Exclude<Split, "train">;
  /** What a file of samples imitates; a run knows it. */
  readonly data?: DataName | undefined;
  /** Whether a picture of samples beside their nearest training images is to be made somewhere. */
  readonly wantsPicture?: boolean;
  readonly onNotice?: (notice: string) => void;
}

interface Common {
  readonly path: string;
  readonly data: DataName;
  /** Iterations behind the weights; absent for a file of samples. */
  readonly step?: number;
  readonly samples: number;
  readonly split: EvaluationOptions["split"];
  readonly seed: number;
}

/** A figure, and that of real examples. */
interface Beside {
  readonly value: number;
  readonly floor: number;
}

/** What is found of images. */
export interface ImageEvaluation extends Common {
  readonly kind: "images";
  readonly fid: Beside & { readonly bias: number; readonly features: string };
  readonly kid: Beside & Record<"interval" | "floorInterval", readonly [number, number]>;
  readonly precision: Beside;
  readonly recall: Beside;
  readonly density: Beside;
  readonly coverage: Beside;
  readonly classes: {
    /** Whether nobody has labelled the real images either: their classes are what the classifier takes them for. */
    readonly areRead: boolean;
    readonly histogram: readonly number[];
    readonly kl: number;
    readonly floor: number;
    readonly confidence: Beside;
    readonly score: Beside;
  };
  readonly nearestNeighbour: Figures["nearestNeighbour"] & { readonly floor: number };
  readonly memorisation: { readonly score: number; readonly floor: number };
  /** The Frechet distance on features that nobody has trained. */
  readonly check: Beside & { readonly features: string };
  /** The same figures of sets of known quality. */
  readonly scale: Scale;
  /** A picture of some samples, each beside the training images nearest to it. */
  readonly nearest: Uint8Array;
}

/** What is found of stacked digits. */
export interface StackedEvaluation extends Common, StackedResult {
  readonly kind: "stacked";
}

/** What is found of points. */
export interface PointEvaluation extends Common, ReturnType<typeof evaluatePoints> {
  readonly kind: "points";
}

/** What an evaluation finds. */
export type Evaluation = (ImageEvaluation | StackedEvaluation | PointEvaluation) & {
  /** Newer checkpoints that could not be used. */
  readonly damaged: readonly Damage[];
};

type Scale = Readonly<Record<"trainingImages" | "unseenImages" | "oneClass" | "meanImage" | "noise", Figures>>;

/** Fewer samples than this say nothing. */
export const fewestSamples = 100;
const usualCount = { images: 10_000, stacked: 26_000, points: 2500 } as const;

/**
 * Measures the samples of a run, of a checkpoint, or of a file or folder of samples. Throws ConfigError where there is nothing to evaluate, InputError for
 * samples that do not serve, CheckpointError for checkpoints that do not.
 */
export async function evaluate(path: string, options: EvaluationOptions): Promise<Evaluation> {
  const { seed, split, onNotice = () => {} } = options;
  const data = await dataOf(path, options);
  checkOptions(kindOf(data), options);
  const { samples, step, damaged } = await samplesOf(path, data, options);
  const { examples, mixture } = dataSetOf(data);
  const count = samples.length / examples.shape.reduce((product, size) => product * size, 1);
  if (count < fewestSamples) {
    throw new InputError(path, `expected at least ${fewestSamples} samples, got ${count}. Make more of them.`);
  }
  const common = { path, data, ...(step !== undefined && { step }), samples: count, split, seed, damaged };
  if (mixture) return { ...common, kind: "points", ...evaluatePoints(samples, mixture) };
  const source = await findData(data);
  const runtime = await openRuntime("cpu", { threads: chooseThreads(0, "cpu") });
  const eyes = { classifier: await openClassifier(runtime), check: await openRandomFeatures(runtime) };
  const evaluation =
    examples.shape[0] === 3
      ? {
          ...common,
          kind: "stacked" as const,
          ...(await evaluateStacked(samples, source, split, { classifier: eyes.classifier, onNotice })),
        }
      : {
          ...common,
          kind: "images" as const,
          ...(await evaluateImages(samples, source, { split, seed, eyes, onNotice })),
        };
  for (const extractor of Object.values(eyes)) await extractor.release();
  return evaluation;
}

/** Refuses what was asked for and would be passed over. */
function checkOptions(kind: keyof typeof usualCount, { split, wantsPicture }: EvaluationOptions): void {
  if (kind === "points" && split !== "test") {
    throw new ConfigError("--split: points have no splits, got validation. Leave it out.", "split");
  }
  if (kind !== "images" && wantsPicture) {
    const problem = `only of images is there a picture of the nearest ones to train on, and these are ${kind}`;
    throw new ConfigError(`--out: ${problem}. Leave it out.`, "out");
  }
}

/** What the samples of a run, a checkpoint or a file imitate. */
async function dataOf(path: string, { data }: EvaluationOptions): Promise<DataName> {
  const root = runOf(path);
  if (root === undefined) return data ?? "mnist";
  if (data === undefined) return (await openRun(root)).record.config.data;
  throw new ConfigError(`--data: ${path} is of a run, which says itself what it imitates. Leave it out.`, "data");
}

/** Samples of a run, a checkpoint or a file. */
async function samplesOf(path: string, data: DataName, { count, seed, onNotice }: EvaluationOptions) {
  if (runOf(path) !== undefined) {
    const {
      values: samples,
      step,
      damaged,
    } = await sampleRun(path, { count: count ?? usualCount[kindOf(data)], seed });
    return { samples, step, damaged };
  }
  if (!existsSync(path)) {
    const expected = "expected a run, a checkpoint, an NPY file or a folder of PNG images";
    throw new ConfigError(`${path}: ${expected}, found nothing there.`, "path");
  }
  const { shape } = dataSetOf(data).examples;
  const values = readSamples(path, shape);
  const columns = shape.reduce((product, length) => product * length, 1);
  const all = { rows: values.length / columns, columns, values };
  if (count !== undefined && all.rows < count)
    onNotice?.(`${path}: holds ${all.rows} samples, fewer than --count ${count}.`);
  const { values: samples } = someRows(all, count ?? all.rows, stream(seed, "evaluation/samples")); // they may lie in an order
  return { samples, step: undefined, damaged: [] };
}

/**
 * Where the evaluation of a run and its picture are kept, with its name those of one of its checkpoints and of another split than the test images; a file of samples
 * has no such place.
 */
export function placesOf(
  path: string,
  split: EvaluationOptions["split"],
): { readonly result: string; readonly picture: string } | undefined {
  const root = runOf(path);
  if (root === undefined) return undefined;
  const which = [
    ...(path.endsWith(checkpointSuffix) ? [basename(path, checkpointSuffix)] : []),
    ...(split === "test" ? [] : [split]),
  ];
  const name = (what: string, ending: string) => join(root, `${[what, ...which].join("-")}.${ending}`);
  return { result: name("evaluation", "json"), picture: name("nearest", "png") };
}

function kindOf(name: DataName): keyof typeof usualCount {
  const { mixture, examples } = dataSetOf(name);
  return mixture ? "points" : examples.shape[0] === 3 ? "stacked" : "images";
}

interface ImageOptions extends Required<Pick<EvaluationOptions, "seed" | "split" | "onNotice">> {
  readonly eyes: Eyes;
}

async function evaluateImages(made: Float32Array, source: DataSource, { seed, split, eyes, onNotice }: ImageOptions) {
  const reference = dataSetOf(source.name).reference!;
  const [real, train] = [await reference(source, split), await reference(source, "train")];
  if (real.count < fewestSamples) {
    const expected = `expected at least ${fewestSamples} images of the ${split} split to compare with, a tenth of all`;
    throw new InputError(source.name, `${expected}, got ${real.count}. Give more images.`);
  }
  const trainImages = valuesOf(train);
  const count = Math.min(made.length / pixels, train.count);
  if (count < made.length / pixels) {
    onNotice(
      `Measuring ${count} of the samples: as many real images are there to train on, and figures of other numbers cannot be compared.`,
    );
  }
  const samples = someImages(made, count, stream(seed, "evaluation/samples"));
  const reality = await referenceOf(valuesOf(real), trainImages, train.labels, eyes);
  const key = [
    "scale 3",
    source.name,
    imageDataset(train).fingerprint,
    eyes.classifier.name,
    eyes.check.name,
    split,
    count,
  ];
  const scale = await cached(key, async () => {
    onNotice("Measuring sets of known quality to compare with, once; it takes a minute or two.");
    const unseen = await reference(source, split === "test" ? "validation" : "test");
    const sets = {
      ...scaleSets({ images: trainImages, labels: reality.trainClasses }, count),
      unseenImages: someImages(valuesOf(unseen), count, stream(0, "evaluation/unseen images")),
    };
    const entries: [string, Figures][] = [];
    for (const [name, images] of Object.entries(sets)) entries.push([name, await figuresOf(images, reality, eyes, 0)]);
    return Object.fromEntries(entries) as Scale;
  });
  const figures = await figuresOf(samples, reality, eyes, seed);
  return {
    samples: count,
    ...besideFloors(figures, scale, eyes, train.labels === undefined),
    nearest: await nearestPicture(samples, trainImages, reality, eyes),
  };
}

function besideFloors(figures: Figures, scale: Scale, { classifier, check }: Eyes, areRead: boolean) {
  const { trainingImages: floor, unseenImages: unseen } = scale;
  const beside = (of: (of: Figures) => number): Beside => ({ value: of(figures), floor: of(floor) });
  return {
    fid: { ...beside(({ fid }) => fid), bias: figures.bias, features: classifier.name },
    kid: { ...beside(({ kid }) => kid.value), interval: figures.kid.interval, floorInterval: floor.kid.interval },
    precision: beside(({ precision }) => precision),
    recall: beside(({ recall }) => recall),
    density: beside(({ density }) => density),
    coverage: beside(({ coverage }) => coverage),
    classes: {
      areRead,
      histogram: figures.histogram,
      kl: figures.kl,
      floor: floor.kl,
      confidence: beside(({ confidence }) => confidence),
      score: beside(({ score }) => score),
    },
    nearestNeighbour: { ...figures.nearestNeighbour, floor: floor.nearestNeighbour.accuracy },
    memorisation: { score: figures.memorisation, floor: unseen.memorisation },
    check: { ...beside(({ checkFid }) => checkFid), features: check.name },
    scale,
  };
}

const pixels = 28 * 28;
/** Samples shown, and neighbours of each. */
const [shown, neighbours] = [10, 9];

/** A row for each of some samples: the sample, then the training images nearest to it on the features of the classifier. */
async function nearestPicture(
  samples: Float32Array,
  train: Float32Array,
  { train: seen }: Reference,
  { classifier }: Eyes,
) {
  const some = samples.subarray(0, shown * pixels);
  const { features } = await see(classifier, some, 1);
  const rows = nearestRows(features, seen, neighbours);
  const images = rows.flatMap((row, i) => [
    some.subarray(i * pixels, (i + 1) * pixels),
    ...row.map((j) => train.subarray(j * pixels, (j + 1) * pixels)),
  ]);
  const grid = new Float32Array(images.length * pixels);
  for (const [i, image] of images.entries()) grid.set(image, i * pixels);
  return imageGrid(grid, [1, 28, 28], { columns: 1 + neighbours });
}

/** Grey levels in [0, 1]. */
const valuesOf = ({ pixels: bytes }: Images) => Float32Array.from(bytes, (byte) => byte / 255);
