import { ShapeError } from "../errors.ts";
import type { Matrix } from "../metrics/matrix.ts";
import type { Extractor } from "./extractor.ts";

/** What an extractor sees in images of C channels, each of which it looks at by itself. */
export interface Seen {
  /** [n, C * columns], the channels of an image side by side. */
  readonly features: Matrix;
  /** Class of every channel of every image [n * C], and how sure the classifier is of it: its probability. */
  readonly classes: Uint8Array;
  readonly confidence: Float32Array;
  /** [n * C, 10]; none where the extractor is no classifier. */
  readonly logits: Matrix | undefined;
}

const pixels = 28 * 28;

/** Looks at images [n, C, 28, 28] in [0, 1]. */
export async function see(extractor: Extractor, images: Float32Array, channels: number): Promise<Seen> {
  const rows = images.length / (channels * pixels);
  if (!Number.isInteger(rows)) {
    const expected = `expected whole images [${channels}, 28, 28]`;
    throw new ShapeError(`see: ${expected}, got ${images.length} numbers.`);
  }
  const { features, logits } = await extractor.extract(images);
  const matrix = { rows, columns: channels * extractor.columns, values: features };
  return {
    features: matrix,
    logits: logits && { rows: rows * channels, columns: 10, values: logits },
    ...read(logits),
  };
}

/** The likeliest class of each row of logits [n, 10], and its probability. */
function read(logits: Float32Array = new Float32Array()): Pick<Seen, "classes" | "confidence"> {
  const rows = logits.length / 10;
  const [classes, confidence] = [new Uint8Array(rows), new Float32Array(rows)];
  for (let i = 0; i < rows; i++) {
    const row = logits.subarray(10 * i, 10 * i + 10);
    const top = Math.max(...row);
    classes[i] = row.indexOf(top);
    confidence[i] = 1 / row.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
  }
  return { classes, confidence };
}

/** The three channels' classes of each image as one number from 0 to 999. */
export function triples(classes: Uint8Array): Uint16Array {
  return Uint16Array.from(
    { length: classes.length / 3 },
    (_, i) => 100 * classes[3 * i]! + 10 * classes[3 * i + 1]! + classes[3 * i + 2]!,
  );
}
