import { histogram } from "../metrics/classes.ts";
import { diversity } from "../metrics/diversity.ts";
import { frechetDistance } from "../metrics/frechet.ts";
import { type Mixture, mixtureModes } from "../metrics/mixture-modes.ts";
import { moments } from "../metrics/moments.ts";
import type { Extractor } from "./extractor.ts";
import { see, triples } from "./seen.ts";

/** A quick look at samples: how far they are from real examples, which modes they show, how much they differ. */
export interface Look {
  readonly distance: number;
  /** That of as many other real examples, where there are some to look at. */
  readonly floor?: number;
  readonly modes: number;
  readonly histogram: readonly number[];
  readonly diversity: number;
}

/** A digit counts as present from this share of the samples on: a tenth of an even share, far above what misread images make. */
const presentFrom = 0.01;

/**
 * Looks at images [n, C, 28, 28]: Frechet distance to real ones on the features of a classifier, digits (of one channel) or triples of digits (of three)
 * that are there, share of each digit, and mean distance of pairs over that of real pairs. The extractor and the real images, and others that are as good as samples
 * can be, are fetched at the first look.
 */
export function imageProbe(
  open: () => Promise<{
    readonly extractor: Extractor;
    readonly real: Float32Array;
    readonly others?: Float32Array;
  }>,
  channels: number,
): (samples: Float32Array) => Promise<Look> {
  let opened: ReturnType<typeof prepare> | undefined;
  const prepare = async () => {
    const { extractor, real, others } = await open();
    const { features } = await see(extractor, real, channels);
    const truth = moments(features);
    const floor = others && frechetDistance(truth, moments((await see(extractor, others, channels)).features));
    return { extractor, moments: truth, diversity: diversity(features), ...(floor !== undefined && { floor }) };
  };
  return async (samples) => {
    opened ??= prepare();
    const real = await opened;
    const { features, classes } = await see(real.extractor, samples, channels);
    const shares = histogram(classes, 10);
    return {
      distance: frechetDistance(real.moments, moments(features)),
      ...(real.floor !== undefined && { floor: real.floor }),
      modes: channels === 3 ? new Set(triples(classes)).size : shares.filter((share) => share >= presentFrom).length,
      histogram: shares,
      diversity: diversity(features) / (real.diversity || 1), // real examples can all be equal
    };
  };
}

/** Looks at points [n, 2] of a mixture: sliced Wasserstein distance to true samples, and the Gaussians that are there. */
export function pointProbe(
  mixture: Mixture,
  real: Float32Array,
  others?: Float32Array,
): (samples: Float32Array) => Promise<Look> {
  const matrix = (values: Float32Array) => ({ rows: values.length / 2, columns: 2, values });
  const truth = matrix(real);
  const spread = diversity(truth);
  const floor = others && mixtureModes(matrix(others), mixture, truth).slicedDistance;
  return async (samples) => {
    const points = matrix(samples);
    const { modes, shares, slicedDistance } = mixtureModes(points, mixture, truth);
    return {
      distance: slicedDistance,
      ...(floor !== undefined && { floor }),
      modes,
      histogram: shares,
      diversity: diversity(points) / spread,
    };
  };
}
