/** What images are for: to learn from, to choose between trainings by, and to report on once. */
export type Split = "train" | "validation" | "test";

/** Greyscale images with a class each, in memory. */
export interface LabelledImages {
  readonly name: string;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** [count, height, width], row by row, 0 black to 255 white. */
  readonly pixels: Uint8Array;
  /** [count] */
  readonly labels: Uint8Array;
}
