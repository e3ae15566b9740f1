import { frechetBias, frechetDistance } from "../metrics/frechet.ts";
import { kernelDistance } from "../metrics/kernel-distance.ts";
import { type Matrix, someRows } from "../metrics/matrix.ts";
import { moments } from "../metrics/moments.ts";
import { stackedModes } from "../metrics/stacked-modes.ts";
import { stream } from "../random.ts";
import type { Extractor } from "./extractor.ts";
import { type Seen, see } from "./seen.ts";

/** What is measured of images of three stacked digits. */
export type StackedFigures = ReturnType<typeof stackedModes> & {
  /** On the features of the three channels side by side. */
  readonly fid: number;
  readonly bias: number;
  readonly kid: { readonly value: number; readonly interval: readonly [number, number] };
};

interface StackedOptions {
  readonly classifier: Extractor;
  readonly kernelRows?: number | undefined;
}

/** Measures images [n, 3, 28, 28] in [0, 1] beside real ones; the kernel distance of at most so many of each. */
export async function stackedFigures(
  images: Float32Array,
  real: Seen,
  prior: readonly number[],
  { classifier, kernelRows = Number.POSITIVE_INFINITY }: StackedOptions,
): Promise<StackedFigures> {
  const { features, classes, confidence } = await see(classifier, images, 3);
  const realMoments = moments(real.features);
  const some = (matrix: Matrix) => someRows(matrix, kernelRows, stream(0, "evaluation/kernel"));
  return {
    ...stackedModes(classes, confidence, prior),
    fid: frechetDistance(realMoments, moments(features)),
    bias: frechetBias(realMoments, real.features.rows, features.rows),
    kid: kernelDistance(some(real.features), some(features)),
  };
}
