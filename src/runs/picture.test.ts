import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { strokes } from "../data/strokes.ts";
import { imageGrid, scatter } from "./picture.ts";

type Pixel = (x: number, y: number) => number | number[];

/** A decoded picture and its pixels: one number where it is greyscale, [red, green, blue] where it is not. */
function look(png: Uint8Array): { width: number; height: number; channels: number; depth: number; at: Pixel } {
  const { width, height, channels, depth, data } = decode(png, { checkCrc: true });
  const at: Pixel = (x, y) => {
    const from = (y * width + x) * channels;
    return channels === 1 ? data[from]! : [...data.subarray(from, from + channels)];
  };
  return { width, height, channels, depth, at };
}

/** `count` images of one pixel value each: 0, 1/255, 2/255, ... */
function flatImages(count: number, height: number, width: number): Float32Array {
  return Float32Array.from({ length: count * height * width }, (_, i) => Math.floor(i / (height * width)) / 255);
}

const DARK_GREY = 48;
const WHITE = [255, 255, 255];

describe("imageGrid", () => {
  test("gives an 8-bit greyscale picture with a gap between images and none around them", () => {
    const { width, height, channels, depth } = look(imageGrid(new Float32Array(6 * 28 * 28), [1, 28, 28]));
    expect({ width, height, channels, depth }).toEqual({
      width: 3 * 56 + 2 * 2,
      height: 2 * 56 + 2,
      channels: 1,
      depth: 8,
    });
  });

  test("lays images out row by row", () => {
    const { width, height, at } = look(imageGrid(flatImages(6, 2, 3), [1, 2, 3], { columns: 2, scale: 2, gap: 1 }));
    expect([width, height]).toEqual([13, 14]);
    for (let i = 0; i < 6; i++) {
      const left = 7 * (i % 2);
      const top = 5 * Math.floor(i / 2);
      expect([at(left, top), at(left + 5, top), at(left, top + 3), at(left + 5, top + 3)]).toEqual([i, i, i, i]);
    }
    expect([at(6, 0), at(0, 4), at(6, 4), at(12, 9)]).toEqual([DARK_GREY, DARK_GREY, DARK_GREY, DARK_GREY]);
  });

  test("enlarges every pixel to a square and keeps the rows upright", () => {
    const image = Float32Array.of(0, 1, 0.2, 0.4, 0.6, 0.8);
    const { width, height, at } = look(imageGrid(image, [1, 2, 3], { scale: 3 }));
    expect([width, height]).toEqual([9, 6]);
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 9; x++) {
        expect(at(x, y)).toBe(Math.round(255 * image[3 * Math.floor(y / 3) + Math.floor(x / 3)]!));
      }
    }
  });

  test("gives back the pixels of a data set", () => {
    const { pixels } = strokes({ count: 4 });
    const samples = Float32Array.from(pixels, (byte) => byte / 255);
    const { width, at } = look(imageGrid(samples, [1, 28, 28], { scale: 1, gap: 0 }));
    expect(width).toBe(56);
    for (let i = 0; i < pixels.length; i++) {
      const image = Math.floor(i / 784);
      const y = Math.floor((i % 784) / 28);
      expect(at(28 * (image % 2) + (i % 28), 28 * Math.floor(image / 2) + y)).toBe(pixels[i]);
    }
  });

  test("clamps values, and draws NaN black", () => {
    const samples = Float32Array.of(-0.5, 1.5, -Infinity, Infinity, Number.NaN, 0.5);
    const { at } = look(imageGrid(samples, [1, 1, 1], { columns: 6, scale: 1, gap: 0 }));
    expect([0, 1, 2, 3, 4, 5].map((x) => at(x, 0))).toEqual([0, 255, 0, 255, 0, 128]);
  });

  test("leaves places that the last row does not fill dark grey", () => {
    const { width, height, at } = look(imageGrid(new Float32Array(7 * 4).fill(1), [1, 2, 2], { scale: 1, gap: 0 }));
    expect([width, height]).toEqual([6, 6]);
    expect([at(1, 5), at(2, 5), at(5, 5)]).toEqual([255, DARK_GREY, DARK_GREY]);
  });

  test("draws a single image, and an empty place for none", () => {
    const single = look(imageGrid(Float32Array.of(1), [1, 1, 1], { columns: 8 }));
    expect([single.width, single.height, single.at(1, 1)]).toEqual([2, 2, 255]);
    const none = look(imageGrid(new Float32Array(0), [1, 3, 4]));
    expect([none.width, none.height, none.at(0, 0), none.at(7, 5)]).toEqual([8, 6, DARK_GREY, DARK_GREY]);
  });

  test("gives the same bytes for the same samples", () => {
    const samples = flatImages(10, 4, 4);
    expect(imageGrid(samples, [1, 4, 4])).toEqual(imageGrid(samples.slice(), [1, 4, 4]));
  });

  test("lays three channels out as colours", () => {
    const samples = flatImages(6, 2, 2); // two images, the planes of which are 0, 1, 2 and 3, 4, 5
    const { width, height, channels, at } = look(imageGrid(samples, [3, 2, 2], { scale: 2, gap: 1 }));
    expect([width, height, channels]).toEqual([9, 4, 3]);
    expect([at(0, 0), at(3, 3), at(5, 0), at(8, 3)]).toEqual([
      [0, 1, 2],
      [0, 1, 2],
      [3, 4, 5],
      [3, 4, 5],
    ]);
    expect(at(4, 2)).toEqual([DARK_GREY, DARK_GREY, DARK_GREY]);
  });

  test("refuses samples that are not whole images of one or three channels, and bad options", () => {
    expect(() => imageGrid(new Float32Array(7), [1, 2, 2])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: imageGrid: expected whole images of 1 or 3 channels, got 7 values of shape [1, 2, 2]. Pass samples [N, C, H, W] and [C, H, W].]`,
    );
    expect(() => imageGrid(new Float32Array(8), [2, 2, 2])).toThrow("got 8 values of shape [2, 2, 2]");
    expect(() => imageGrid(new Float32Array(4), [3, 2, 2])).toThrow("got 4 values of shape [3, 2, 2]");
    expect(() => imageGrid(new Float32Array(4), [1, 2, 2], { scale: 1.5 })).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: imageGrid: scale must be an integer of at least 1, got 1.5. Round it.]`,
    );
    expect(() => imageGrid(new Float32Array(4), [1, 2, 2], { columns: 0 })).toThrow("columns must be an integer");
    expect(() => imageGrid(new Float32Array(4), [1, 2, 2], { gap: -1 })).toThrow("gap must be an integer");
  });
});

describe("scatter", () => {
  test("gives a square RGB picture with a frame and axes through the origin", () => {
    const { width, height, channels, depth, at } = look(scatter(new Float32Array(0), { extent: 3 }));
    expect({ width, height, channels, depth }).toEqual({ width: 480, height: 480, channels: 3, depth: 8 });
    expect(at(100, 100)).toEqual(WHITE);
    for (const [x, y] of [
      [240, 100],
      [100, 240],
      [0, 100],
      [479, 100],
      [100, 0],
      [100, 479],
    ] as const) {
      expect(at(x, y)).not.toEqual(WHITE);
    }
    expect(at(0, 100)).not.toEqual(at(240, 100));
  });

  test("draws a disc at each point, y upwards", () => {
    const { at } = look(scatter(Float32Array.of(1, 0.5), { size: 400, extent: 2 }));
    const [red, green, blue] = at(300, 150) as number[];
    expect(red).toBeGreaterThan(220);
    expect(green).toBeLessThan(190);
    expect(blue).toBeLessThan(140);
    expect(at(300, 250)).toEqual(WHITE);
    expect(at(306, 150)).toEqual(WHITE);
  });

  test("fades the edge of a disc and is symmetric about its centre", () => {
    const { at } = look(scatter(Float32Array.of(0.5, 0.5), { size: 480, extent: 1 }));
    for (let d = 0; d < 4; d++) {
      expect(at(360 + d, 120)).toEqual(at(359 - d, 119));
      expect(at(360, 120 + d)).toEqual(at(360 + d, 120));
    }
    const greens = [0, 1, 2, 3].map((d) => (at(360 + d, 119) as number[])[1]!);
    expect(greens[0]).toBe(greens[1]);
    expect(greens[2]).toBeGreaterThan(greens[1]!);
    expect(greens[2]).toBeLessThan(255);
    expect(greens[3]).toBe(255);
  });

  test("grows stronger where points coincide", () => {
    const green = (count: number) => {
      const points = Float32Array.from({ length: 2 * count }, () => 0.5);
      return (look(scatter(points, { extent: 1 })).at(360, 120) as number[])[1]!;
    };
    expect(green(2)).toBeLessThan(green(1));
    expect(green(1000)).toBe(69);
  });

  test("draws real data in grey beneath the generated points", () => {
    const real = Float32Array.of(-0.5, 0.5, 0.5, 0.5);
    const { at } = look(scatter(Float32Array.of(0.5, 0.5), { real, extent: 1 }));
    const [red, green, blue] = at(120, 120) as number[];
    expect(Math.max(red!, green!, blue!) - Math.min(red!, green!, blue!)).toBeLessThan(16);
    expect(red).toBeLessThan(240);
    expect((at(360, 120) as number[])[0]! - (at(360, 120) as number[])[2]!).toBeGreaterThan(80);
  });

  test("does not show points outside the square or that are not finite", () => {
    const outside = Float32Array.of(9, 0.5, 0.5, -9, Number.NaN, 0.5, 0.5, Number.NaN, Infinity, 0, 0, -Infinity);
    expect(scatter(outside, { extent: 1 })).toEqual(scatter(new Float32Array(0), { extent: 1 }));
  });

  test("draws the part of a disc that is inside", () => {
    const { at } = look(scatter(Float32Array.of(1, 0.5), { extent: 1 }));
    expect((at(478, 120) as number[])[2]).toBeLessThan(200);
  });

  test("gives the same bytes for the same points", () => {
    const points = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * i));
    expect(scatter(points, { extent: 1 })).toEqual(scatter(points.slice(), { extent: 1 }));
  });

  test("refuses half a point and bad options", () => {
    expect(() => scatter(new Float32Array(3), { extent: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: scatter: expected points [N, 2], got 3 values. Pass an x and a y for each point.]`,
    );
    expect(() => scatter(new Float32Array(2), { extent: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: scatter: extent must be a positive number, got 0. Pass half the width of the square.]`,
    );
    expect(() => scatter(new Float32Array(2), { extent: 1, size: 0 })).toThrow("size must be an integer of at least 1");
  });
});
