import { configure } from "../../src/runs/config.ts";
import { presets } from "../../src/runs/presets.ts";

/** The default with one move of each player in an iteration, layers of G in turn, and nothing that changes over time: what a test is about it sets itself. */
export const simple = configure(presets.default.config, [
  ["descent.partition", "layer"],
  ["descent.steps", 1],
  ["descent.learningRate", 3e-3],
  ["descent.beta1", 0.5],
  ["descent.schedule", "constant"],
  ["descent.average", 0],
  ["discriminator.descent.steps", 1],
  ["discriminator.descent.beta1", 0.5],
  ["discriminator.descent.schedule", "constant"],
  ["discriminator.penaltyEvery", 1],
  ["discriminator.r1", 0.02],
  ["discriminator.r2", 0.02],
  ["discriminator.descent.learningRate", 2e-4],
]);

/** The same of networks so small that a test can train them in the reference runtime, for points. */
export const simplePoints = configure(simple, [
  ["batch", 4],
  ["generator.latent", 3],
  ["generator.hidden", [5]],
  ["discriminator.hidden", [4]],
]);
