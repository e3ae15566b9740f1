import { expect, test } from "vitest";
import { grid } from "../data/mixture.ts";
import { mixtureModes } from "../metrics/mixture-modes.ts";
import { pointScaleSets, scaleSets, stackedScaleSets } from "./scale.ts";

const pixels = 28 * 28;

test("training images are from all over the set, which may lie in the order of its classes", () => {
  const labels = Uint8Array.from({ length: 1000 }, (_, i) => Math.floor(i / 100));
  const images = Float32Array.from({ length: 1000 * pixels }, (_, i) => Math.floor(i / (100 * pixels)) / 10);
  const { trainingImages, oneClass, meanImage, noise } = scaleSets({ images, labels }, 200);
  const classes = Array.from({ length: 200 }, (_, i) => Math.round(10 * trainingImages[i * pixels]!));
  const counts = Array.from({ length: 10 }, (_, digit) => classes.filter((each) => each === digit).length);
  expect(Math.min(...counts)).toBeGreaterThan(8);
  expect(Math.max(...counts)).toBeLessThan(33);
  expect(oneClass.every((value) => value === 0)).toBe(true);
  expect(meanImage.every((value) => Math.abs(value - 0.45) < 1e-6)).toBe(true);
  for (const set of [trainingImages, oneClass, meanImage, noise]) expect(set).toHaveLength(200 * pixels);
  expect(Math.min(...noise)).toBeGreaterThanOrEqual(0);
});

test("points of known quality: one Gaussian, the mean of all, and noise", () => {
  const { oneGaussian, meanPoint, noise } = pointScaleSets(grid, 500);
  const matrix = (values: Float32Array) => ({ rows: values.length / 2, columns: 2, values });
  const truth = new Float32Array(1000);
  grid.fill(1, 0, truth);
  const figures = (values: Float32Array) => mixtureModes(matrix(values), grid, matrix(truth));
  expect(figures(oneGaussian)).toMatchObject({ modes: 1 });
  expect(figures(oneGaussian).highQuality).toBeGreaterThan(0.97);
  expect(Math.hypot(meanPoint[0]!, meanPoint[1]!)).toBeLessThan(1e-6);
  expect(figures(noise).highQuality).toBeLessThan(0.2);
});

test("images of three digits of known quality", () => {
  const real = Float32Array.from({ length: 2 * 3 * pixels }, (_, i) => (i < 3 * pixels ? 0.2 : 0.6));
  const { oneTriple, meanImage, noise } = stackedScaleSets(real);
  expect(oneTriple.every((value) => value === real[0])).toBe(true);
  expect(meanImage.every((value) => Math.abs(value - 0.4) < 1e-6)).toBe(true);
  expect(noise).toHaveLength(real.length);
});
