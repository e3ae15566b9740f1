/** Samples as PNG files. The same samples give the same bytes. */

import { encode } from "fast-png";
import { ShapeError } from "../errors.ts";

/** Between images, and where the last row has none. */
const DARK_GREY = 48;

/** The layout of a grid. */
export interface GridOptions {
  /** Images in a row, at most as many as there are; the square root of their number, rounded up, where it is not given. */
  readonly columns?: number | undefined;
  /** Pixels of the picture per pixel of an image, each way. */
  readonly scale?: number;
  /** Pixels of dark grey between two images. */
  readonly gap?: number;
}

/**
 * An 8-bit PNG of `samples` [N, C, H, W], row by row, 0 black to 1 white: greyscale of one channel, RGB of three. Values outside [0, 1] are clamped, and NaN is black. No samples
 * give one empty place. Throws `ShapeError` where `samples` does not hold whole images of one or three channels, `RangeError` for a bad option.
 */
export function imageGrid(
  samples: Float32Array,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
  { columns, scale = 2, gap = 2 }: GridOptions = {},
): Uint8Array {
  const count = samples.length / (channels * height * width);
  if ((channels !== 1 && channels !== 3) || !Number.isInteger(count)) {
    throw new ShapeError(
      `imageGrid: expected whole images of 1 or 3 channels, got ${samples.length} values of shape [${channels}, ${height}, ${width}]. ` +
        "Pass samples [N, C, H, W] and [C, H, W].",
    );
  }
  checkInteger("imageGrid", "columns", columns ?? 1, 1);
  checkInteger("imageGrid", "scale", scale, 1);
  checkInteger("imageGrid", "gap", gap, 0);
  const across = Math.max(1, Math.min(columns ?? Math.ceil(Math.sqrt(count)), count));
  const down = Math.max(1, Math.ceil(count / across));
  const stepX = width * scale + gap;
  const stepY = height * scale + gap;
  const pictureWidth = across * stepX - gap;
  const pictureHeight = down * stepY - gap;
  const data = new Uint8Array(pictureWidth * pictureHeight * channels).fill(DARK_GREY);
  for (let plane = 0; plane < count * channels; plane++) {
    const i = Math.floor(plane / channels);
    const corner = Math.floor(i / across) * stepY * pictureWidth + (i % across) * stepX;
    for (let y = 0; y < height * scale; y++) {
      const from = (plane * height + Math.floor(y / scale)) * width;
      const to = (corner + y * pictureWidth) * channels + (plane % channels);
      for (let x = 0; x < width * scale; x++) data[to + x * channels] = toByte(samples[from + Math.floor(x / scale)]!);
    }
  }
  return encode({ width: pictureWidth, height: pictureHeight, data, channels, depth: 8 });
}

/** NaN is written to a `Uint8Array` as 0. */
function toByte(value: number): number {
  return Math.round(255 * Math.max(0, Math.min(1, value)));
}

type Colour = readonly [red: number, green: number, blue: number];

const WHITE = 255;
const AXIS: Colour = [232, 234, 237];
const FRAME: Colour = [208, 211, 216];
const REAL: Colour = [198, 203, 210];
const GENERATED: Colour = [214, 69, 16];

/** The frame of a scatter plot. */
export interface ScatterOptions {
  /** Real examples or centres of modes, [M, 2], drawn underneath. */
  readonly real?: Float32Array | undefined;
  /** Width and height of the picture in pixels. */
  readonly size?: number;
  /** Half the width of the square shown, which is centred at the origin. */
  readonly extent: number;
}

/**
 * An RGB PNG of `points` [N, 2] in the plane, y upwards: generated ones are small translucent red discs, real ones larger grey discs beneath. Points outside the
 * square, and those that are not finite, are not shown. Throws `ShapeError` where a coordinate is missing, `RangeError` for a bad option.
 */
export function scatter(points: Float32Array, { real, size = 480, extent }: ScatterOptions): Uint8Array {
  checkInteger("scatter", "size", size, 1);
  if (!(extent > 0 && extent < Infinity)) {
    throw new RangeError(
      `scatter: extent must be a positive number, got ${extent}. Pass half the width of the square.`,
    );
  }
  const canvas = canvasOf(size);
  const unit = size / 480;
  drawPaper(canvas);
  if (real) drawDiscs(canvas, real, extent, { radius: 4.5 * unit, colour: REAL, opacity: 0.6 });
  drawDiscs(canvas, points, extent, { radius: 2.4 * unit, colour: GENERATED, opacity: 0.55 });
  const data = new Uint8Array(3 * size * size);
  for (let i = 0; i < data.length; i++) data[i] = Math.round(canvas.rgb[i]!);
  return encode({ width: size, height: size, data, channels: 3, depth: 8 });
}

/** The last canvas, for the next picture: a training draws hundreds, and megabytes of garbage from each would wait for the collector for long. */
let last: Canvas | undefined;

function canvasOf(size: number): Canvas {
  if (last?.size !== size) last = { size, rgb: new Float64Array(3 * size * size) };
  return last;
}

interface Canvas {
  readonly size: number;
  /** [size, size, 3], 0 to 255, kept as real numbers so that a thousand faint layers do not lose their fractions. */
  readonly rgb: Float64Array;
}

function blend({ rgb, size }: Canvas, x: number, y: number, colour: Colour, opacity: number): void {
  const at = 3 * (y * size + x);
  for (let c = 0; c < 3; c++) rgb[at + c]! += opacity * (colour[c]! - rgb[at + c]!);
}

function drawPaper(canvas: Canvas): void {
  const { size, rgb } = canvas;
  const middle = Math.floor(size / 2);
  rgb.fill(WHITE);
  for (let i = 0; i < size; i++) {
    blend(canvas, i, middle, AXIS, 1);
    blend(canvas, middle, i, AXIS, 1);
  }
  for (let i = 0; i < size; i++) {
    for (const edge of [0, size - 1]) {
      blend(canvas, i, edge, FRAME, 1);
      blend(canvas, edge, i, FRAME, 1);
    }
  }
}

interface Disc {
  /** Pixels. */
  readonly radius: number;
  readonly colour: Colour;
  readonly opacity: number;
}

/** A pixel's share of a disc falls from 1 to 0 over the pixel's width about the disc's edge. */
function drawDiscs(canvas: Canvas, points: Float32Array, extent: number, { radius, colour, opacity }: Disc): void {
  if (points.length % 2 !== 0) {
    throw new ShapeError(
      `scatter: expected points [N, 2], got ${points.length} values. Pass an x and a y for each point.`,
    );
  }
  const { size } = canvas;
  const reach = radius + 0.5;
  for (let i = 0; i < points.length; i += 2) {
    const centreX = (size / 2) * (1 + points[i]! / extent) - 0.5;
    const centreY = (size / 2) * (1 - points[i + 1]! / extent) - 0.5;
    const lastX = Math.min(size - 1, Math.floor(centreX + reach));
    const lastY = Math.min(size - 1, Math.floor(centreY + reach));
    for (let y = Math.max(0, Math.ceil(centreY - reach)); y <= lastY; y++) {
      for (let x = Math.max(0, Math.ceil(centreX - reach)); x <= lastX; x++) {
        const distance = Math.sqrt((x - centreX) ** 2 + (y - centreY) ** 2);
        const share = Math.max(0, Math.min(1, reach - distance));
        blend(canvas, x, y, colour, opacity * share);
      }
    }
  }
}

function checkInteger(where: string, name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(`${where}: ${name} must be an integer of at least ${least}, got ${value}. Round it.`);
}
