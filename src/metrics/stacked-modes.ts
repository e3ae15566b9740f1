import { ShapeError } from "../errors.ts";
import { histogram, klDivergence } from "./classes.ts";

/** How images of three digits, one in each channel, cover the 1,000 triples. */
export interface StackedModes {
  /** Triples that occur. */
  readonly modes: number;
  /** Triples that occur five times: an image that a classifier misreads does not make one. */
  readonly modesOfFive: number;
  /** Triples that occur with a confidence of 0.99 in every channel. */
  readonly confidentModes: number;
  /** Divergence of the shares of triples from even ones: 0 to ln 1000. */
  readonly kl: number;
  /** The same without what n samples add to it on average, (modes - 1) / 2n (Miller 1955). */
  readonly correctedKl: number;
  /** Divergence from the triples of independent digits of the given shares. */
  readonly priorKl: number;
  /** Share of images with a channel of a confidence below 0.9. */
  readonly unsure: number;
}

const [sure, unsure] = [0.99, 0.9];

/**
 * How n images of three digits cover the 1,000 triples, from the digit and the confidence that a classifier gives to each channel of each image, [n, 3],
 * and the share of each digit in the data, [10]. Throws ShapeError for other lengths.
 */
export function stackedModes(
  digits: ArrayLike<number>,
  confidence: ArrayLike<number>,
  digitShares: readonly number[],
): StackedModes {
  const n = digits.length / 3;
  if (!Number.isInteger(n) || confidence.length !== digits.length || digitShares.length !== 10) {
    const problem = `expected 3n digits, as many confidences and 10 shares, got ${digits.length}, ${confidence.length} and`;
    throw new ShapeError(`stackedModes: ${problem} ${digitShares.length}. Give the channels of an image side by side.`);
  }
  const rows = [...Array(n).keys()];
  const least = rows.map((i) => Math.min(confidence[3 * i]!, confidence[3 * i + 1]!, confidence[3 * i + 2]!));
  const triples = rows.map((i) => 100 * digits[3 * i]! + 10 * digits[3 * i + 1]! + digits[3 * i + 2]!);
  const shares = histogram(triples, 1000);
  const modes = shares.filter((share) => share > 0).length;
  const kl = klDivergence(shares, Array(1000).fill(1 / 1000));
  const prior = digitShares.flatMap((a) => digitShares.flatMap((b) => digitShares.map((c) => a * b * c)));
  return {
    modes,
    modesOfFive: shares.filter((share) => Math.round(share * n) >= 5).length,
    confidentModes: new Set(triples.filter((_, i) => least[i]! >= sure)).size,
    kl,
    correctedKl: kl - (modes - 1) / (2 * n),
    priorKl: klDivergence(shares, prior),
    unsure: least.filter((confidence) => confidence < unsure).length / n,
  };
}
