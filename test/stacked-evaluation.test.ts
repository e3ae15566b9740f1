import { expect, test } from "vitest";
import { stackedDigits } from "../src/data/stacked.ts";
import { strokes } from "../src/data/strokes.ts";
import { openClassifier } from "../src/evaluation/features.ts";
import { stackedScaleSets } from "../src/evaluation/scale.ts";
import { see } from "../src/evaluation/seen.ts";
import { stackedFigures } from "../src/evaluation/stacked-figures.ts";
import { histogram } from "../src/metrics/classes.ts";
import { nodeRuntime } from "../src/runtime/node.ts";

test("real images of three digits are near real ones, and those of one triple are far and one", async () => {
  const digits = strokes({ count: 1000 });
  const data = stackedDigits(digits);
  const draw = (seed: number) => {
    const images = new Float32Array(300 * 3 * 784);
    data.fill(seed, 0, images);
    return images;
  };
  const classifier = await openClassifier(nodeRuntime({ threads: 1 }));
  const real = await see(classifier, draw(1), 3);
  const prior = histogram(digits.labels!, 10);
  const figures = (images: Float32Array, kernelRows?: number) =>
    stackedFigures(images, real, prior, { classifier, kernelRows });
  const [floor, one] = [await figures(draw(2), 100), await figures(stackedScaleSets(draw(3)).oneTriple, 100)];
  expect(floor.modes).toBeGreaterThan(150);
  expect(one.modes).toBe(1);
  expect(one.fid).toBeGreaterThan(2 * floor.fid);
  expect(one.kid.value).toBeGreaterThan(floor.kid.interval[1]);
  expect(floor.kid.interval[0]).toBeLessThan(0);
  await classifier.release();
});
