/** What images are for: to learn from, to choose between trainings by, and to report on once. */
export type Split = "train" | "validation" | "test";

/** Greyscale images in memory, with a class each where it is known. */
export interface Images {
  readonly name: string;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** [count, height, width], row by row, 0 black to 255 white. */
  readonly pixels: Uint8Array;
  /** [count] */
  readonly labels?: Uint8Array;
}

/** Greyscale images with a class each. */
export type LabelledImages = Images & Required<Pick<Images, "labels">>;

/** Images `from` to `to`, without `to`, where they lie. */
export function sliceImages<T extends Images>(images: T, from: number, to: number): T {
  const area = images.height * images.width;
  const labels = images.labels?.subarray(from, to);
  return {
    ...images,
    count: to - from,
    pixels: images.pixels.subarray(from * area, to * area),
    ...(labels && { labels }),
  };
}
