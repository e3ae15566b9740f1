import type { Mixture } from "../data/mixture.ts";
import type { Extractor } from "../evaluation/extractor.ts";
import { type PointScaleName, pointScaleSets, type StackedScaleName, stackedScaleSets } from "../evaluation/scale.ts";
import { type Seen, see } from "../evaluation/seen.ts";
import { type StackedFigures, stackedFigures } from "../evaluation/stacked-figures.ts";
import { histogram } from "../metrics/classes.ts";
import { type MixtureModes, mixtureModes } from "../metrics/mixture-modes.ts";
import { cached } from "./cache.ts";
import { type DataSource, dataSetOf } from "./data-source.ts";

/** Figures of samples, of as many real examples, and of sets of known quality. */
export interface Placed<F, Name extends string> {
  readonly figures: F;
  readonly floor: F;
  readonly scale: Readonly<Record<Name, F>>;
}

/** What is found of stacked digits. */
export interface StackedResult extends Placed<StackedFigures, StackedScaleName | "trainingImages"> {
  readonly features: string;
}

/** The kernel distance has no bias, and sets of known quality need no more. */
const rowsOfScale = 2000;

/** Measures images [n, 3, 28, 28] of three digits. */
export async function evaluateStacked(
  samples: Float32Array,
  source: DataSource,
  split: "validation" | "test",
  { classifier, onNotice }: { readonly classifier: Extractor; readonly onNotice: (notice: string) => void },
): Promise<StackedResult> {
  const { open, reference } = dataSetOf(source.name);
  const [data, train] = [await open(source, split), await open(source, "train")];
  const draw = (from: typeof data, seed: number) => {
    const images = new Float32Array(samples.length);
    from.fill(seed, 0, images);
    return images;
  };
  const prior = histogram((await reference!(source, "train")).labels!, 10);
  let seen: Seen | undefined;
  const measure = async (images: Float32Array, kernelRows?: number) => {
    seen ??= await see(classifier, draw(data, 1), 3);
    return stackedFigures(images, seen, prior, { classifier, kernelRows });
  };
  const about = [source.name, train.fingerprint, data.fingerprint, classifier.name, split, samples.length];
  const known = await cached(["stacked scale 1", ...about], async () => {
    onNotice("Measuring sets of known quality to compare with, once; it takes some minutes.");
    const scale: Partial<Record<keyof StackedResult["scale"], StackedFigures>> = {};
    const sets = { trainingImages: draw(train, 3), ...stackedScaleSets(draw(train, 4)) };
    for (const [name, images] of Object.entries(sets)) {
      scale[name as keyof typeof scale] = await measure(images, rowsOfScale);
    }
    return { floor: await measure(draw(data, 2)), scale: scale as StackedResult["scale"] };
  });
  return { features: classifier.name, figures: await measure(samples), ...known };
}

/** Measures points [n, 2]. */
export function evaluatePoints(samples: Float32Array, mixture: Mixture): Placed<MixtureModes, PointScaleName> {
  const matrix = (values: Float32Array) => ({ rows: values.length / 2, columns: 2, values });
  const draw = (seed: number) => {
    const points = new Float32Array(samples.length);
    mixture.fill(seed, 0, points);
    return points;
  };
  const truth = matrix(draw(1));
  const figures = (points: Float32Array) => mixtureModes(matrix(points), mixture, truth);
  const { oneGaussian, meanPoint, noise } = pointScaleSets(mixture, samples.length / 2);
  const scale = { oneGaussian: figures(oneGaussian), meanPoint: figures(meanPoint), noise: figures(noise) };
  return { figures: figures(samples), floor: figures(draw(2)), scale };
}
