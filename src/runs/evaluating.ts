import { existsSync } from "node:fs";
import { join } from "node:path";
import { imageDataset } from "../data/image-feed.ts";
import type { Images, Split } from "../data/images.ts";
import type { Mixture } from "../data/mixture.ts";
import { readSamples } from "../data/samples.ts";
import { ConfigError, InputError } from "../errors.ts";
import type { Extractor } from "../evaluation/extractor.ts";
import { openClassifier, openRandomFeatures } from "../evaluation/features.ts";
import { type Eyes, type Figures, figuresOf, type Reference, referenceOf } from "../evaluation/figures.ts";
import { nearestRows } from "../evaluation/nearest.ts";
import { scaleSets } from "../evaluation/scale.ts";
import { see } from "../evaluation/seen.ts";
import { type StackedFigures, stackedFigures } from "../evaluation/stacked-figures.ts";
import { histogram } from "../metrics/classes.ts";
import { type MixtureModes, mixtureModes } from "../metrics/mixture-modes.ts";
import { openRuntime } from "../runtime/open.ts";
import { chooseThreads } from "../runtime/threads.ts";
import { cached } from "./cache.ts";
import type { Damage } from "./checkpoint.ts";
import { type DataName, type DataSource, dataSetOf, findData } from "./data-source.ts";
import { imageGrid } from "./picture.ts";
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
  readonly kid: Beside & { readonly interval: readonly [number, number] };
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
export interface StackedEvaluation extends Common {
  readonly kind: "stacked";
  readonly features: string;
  readonly figures: StackedFigures;
  readonly floor: StackedFigures;
}

/** What is found of points. */
export interface PointEvaluation extends Common {
  readonly kind: "points";
  readonly figures: MixtureModes;
  readonly floor: MixtureModes;
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
  const { samples, data, step, damaged } = await samplesOf(path, options);
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
      ? { ...common, kind: "stacked" as const, ...(await evaluateStacked(samples, source, split, eyes.classifier)) }
      : {
          ...common,
          kind: "images" as const,
          ...(await evaluateImages(samples, source, { split, seed, eyes, onNotice })),
        };
  for (const extractor of Object.values(eyes)) await extractor.release();
  return evaluation;
}

/** Samples of a run, a checkpoint or a file, and what they imitate. */
async function samplesOf(path: string, { count, seed, data = "mnist" }: EvaluationOptions) {
  if (runOf(path) !== undefined) {
    const made = await sampleRun(path, { count: (name) => count ?? usualCount[kindOf(name)], seed });
    return { samples: made.values, data: made.data, step: made.step, damaged: made.damaged };
  }
  if (!existsSync(path)) {
    const expected = "expected a run, a checkpoint, an NPY file or a folder of PNG images";
    throw new ConfigError(`${path}: ${expected}, found nothing there.`, "path");
  }
  const { shape } = dataSetOf(data).examples;
  const samples = readSamples(path, shape);
  const size = shape.reduce((product, length) => product * length, 1);
  return {
    samples: samples.subarray(0, (count ?? Number.POSITIVE_INFINITY) * size),
    data,
    step: undefined,
    damaged: [],
  };
}

/** Where the evaluation of a run, or of a checkpoint of it, and its picture are kept; a file of samples has no such place. */
export function placesOf(path: string): { readonly result: string; readonly picture: string } | undefined {
  const root = runOf(path);
  return root === undefined ? undefined : { result: join(root, "evaluation.json"), picture: join(root, "nearest.png") };
}

function kindOf(name: DataName): keyof typeof usualCount {
  const { mixture, examples } = dataSetOf(name);
  return mixture ? "points" : examples.shape[0] === 3 ? "stacked" : "images";
}

interface ImageOptions extends Required<Pick<EvaluationOptions, "seed" | "split" | "onNotice">> {
  readonly eyes: Eyes;
}

async function evaluateImages(
  samples: Float32Array,
  source: DataSource,
  { seed, split, eyes, onNotice }: ImageOptions,
) {
  const reference = dataSetOf(source.name).reference!;
  const [real, train] = [await reference(source, split), await reference(source, "train")];
  if (real.count < fewestSamples) {
    const expected = `expected at least ${fewestSamples} images of the ${split} split to compare with, a tenth of all`;
    throw new InputError(source.name, `${expected}, got ${real.count}. Give more images.`);
  }
  const trainImages = valuesOf(train);
  const reality = await referenceOf(valuesOf(real), trainImages, train.labels, eyes);
  const count = Math.min(samples.length / pixels, train.count);
  const key = [
    "scale 2",
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
      unseenImages: valuesOf(unseen).subarray(0, count * pixels),
    };
    const entries: [string, Figures][] = [];
    for (const [name, images] of Object.entries(sets)) entries.push([name, await figuresOf(images, reality, eyes, 0)]);
    return Object.fromEntries(entries) as Scale;
  });
  const figures = await figuresOf(samples, reality, eyes, seed);
  return {
    ...besideFloors(figures, scale, eyes, train.labels === undefined),
    nearest: await nearestPicture(samples, trainImages, reality, eyes),
  };
}

function besideFloors(figures: Figures, scale: Scale, { classifier, check }: Eyes, areRead: boolean) {
  const { trainingImages: floor, unseenImages: unseen } = scale;
  const beside = (of: (of: Figures) => number): Beside => ({ value: of(figures), floor: of(floor) });
  return {
    fid: { ...beside(({ fid }) => fid), bias: figures.bias, features: classifier.name },
    kid: { ...beside(({ kid }) => kid.value), interval: figures.kid.interval },
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

async function evaluateStacked(
  samples: Float32Array,
  source: DataSource,
  split: EvaluationOptions["split"],
  classifier: Extractor,
) {
  const { open, reference } = dataSetOf(source.name);
  const data = await open(source, split);
  const draw = (seed: number) => {
    const images = new Float32Array(samples.length);
    data.fill(seed, 0, images);
    return images;
  };
  const real = await see(classifier, draw(1), 3);
  const prior = histogram((await reference!(source, "train")).labels!, 10);
  return {
    features: classifier.name,
    figures: await stackedFigures(samples, real, prior, classifier),
    floor: await stackedFigures(draw(2), real, prior, classifier),
  };
}

function evaluatePoints(samples: Float32Array, mixture: Mixture) {
  const matrix = (values: Float32Array) => ({ rows: values.length / 2, columns: 2, values });
  const draw = (seed: number) => {
    const points = new Float32Array(samples.length);
    mixture.fill(seed, 0, points);
    return matrix(points);
  };
  const truth = draw(1);
  return { figures: mixtureModes(matrix(samples), mixture, truth), floor: mixtureModes(draw(2), mixture, truth) };
}

/** Grey levels in [0, 1]. */
const valuesOf = ({ pixels: bytes }: Images) => Float32Array.from(bytes, (byte) => byte / 255);
