import { ShapeError } from "../errors.ts";
import { checkSamples, type Matrix } from "./matrix.ts";

/** Share of each class 0 .. classes - 1 among labels. Throws ShapeError for other labels, or none. */
export function histogram(labels: ArrayLike<number>, classes: number): number[] {
  if (labels.length === 0) throw new ShapeError("histogram: expected labels, got none. Take some samples.");
  const counts = Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (counts[label] === undefined) {
      throw new ShapeError(`histogram: expected labels from 0 to ${classes - 1}, got ${label}. Give more classes?`);
    }
    counts[label]++;
  }
  return counts.map((count) => count / labels.length);
}

/**
 * Divergence of shares p from shares q: sum of p ln(p / q), in nats. A class that p lacks adds nothing. One that only q lacks makes it infinite: p shows what q
 * says cannot be, so the truth, which has every class, is q. Throws ShapeError for shares of different lengths.
 */
export function klDivergence(p: readonly number[], q: readonly number[]): number {
  if (p.length !== q.length) {
    const problem = `expected as many shares of one as of the other, got ${p.length} and ${q.length}`;
    throw new ShapeError(`klDivergence: ${problem}. Count the same classes for both.`);
  }
  return p.reduce((sum, share, c) => (share > 0 ? sum + share * Math.log(share / q[c]!) : sum), 0);
}

/** What a classifier says of samples. */
export interface ClassifierScore {
  /** From 1, one class or no idea, to the number of classes, all of them even and sure: mean over the splits, and standard deviation. */
  readonly mean: number;
  readonly deviation: number;
  /** Mean probability of the likeliest class. */
  readonly confidence: number;
}

/**
 * The score of Salimans et al. (2016), exp of the mean of KL(p(y|x) || p(y)), from the logits [n, classes] of any classifier, p(y) being the mean over the
 * split: n rows in `splits` equal parts, one after the other. Sees nothing of what is within a class. Throws ShapeError for fewer rows than splits.
 */
export function classifierScore(logits: Matrix, splits = 10): ClassifierScore {
  checkSamples("classifierScore", logits, splits);
  const { rows, columns, values } = logits;
  const scores: number[] = [];
  let confidence = 0;
  for (let split = 0; split < splits; split++) {
    const [first, end] = [Math.floor((split * rows) / splits), Math.floor(((split + 1) * rows) / splits)];
    const marginal = new Float64Array(columns);
    let negativeEntropy = 0;
    for (let i = first; i < end; i++) {
      const logProbabilities = logSoftmax(values.subarray(i * columns, (i + 1) * columns));
      confidence += Math.exp(Math.max(...logProbabilities));
      for (const [c, log] of logProbabilities.entries()) {
        const p = Math.exp(log);
        marginal[c]! += p / (end - first);
        negativeEntropy += (p * log) / (end - first);
      }
    }
    const entropy = marginal.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
    scores.push(Math.exp(negativeEntropy + entropy));
  }
  const mean = scores.reduce((sum, score) => sum + score, 0) / splits;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / splits;
  return { mean, deviation: Math.sqrt(variance), confidence: confidence / rows };
}

function logSoftmax(logits: Float32Array | Float64Array): Float64Array {
  const top = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - top);
  return Float64Array.from(logits, (logit) => logit - top - Math.log(sum));
}
