import { expect, test } from "vitest";
import { imageDataset } from "../src/data/image-feed.ts";
import { ring } from "../src/data/mixture.ts";
import { strokes } from "../src/data/strokes.ts";
import { ganPlan } from "../src/gan/game.ts";
import { configure } from "../src/runs/config.ts";
import { ganOptions } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { largestError } from "./support/evaluate.ts";

const digits = imageDataset(strokes({ count: 200 }));

/** What a training reports in 50 iterations. */
async function reported(name: keyof typeof presets, order: string, hasKernels: boolean): Promise<number[]> {
  const data = name === "points" ? ring : digits;
  const config = configure(presets[name].config, [
    ["batch", 16],
    ["game.order", order],
  ]);
  const plan = ganPlan({ ...ganOptions(config, data), hasKernels });
  expect(
    plan.players.every(({ moves }) =>
      moves.every(({ programs, corrector = programs }) =>
        [programs, corrector].every((half) => hasKernels === (half.at(-1)!.kernel !== undefined)),
      ),
    ),
  ).toBe(true);
  const trainer = await createTrainer({ plan, runtime: nodeRuntime({ threads: 1 }), data, seed: 1 });
  const log: number[] = [];
  for (let i = 0; i < 50; i++) log.push(...Object.values((await trainer.iterate()).metrics));
  await trainer.release();
  return log;
}

test.each([
  ["default", "alternating"],
  ["adam", "alternating"],
  ["adam", "extragradient"],
  ["wgan", "alternating"],
  ["points", "alternating"],
] as const)("kernels do not change a training but for rounding (%s, %s)", async (name, order) => {
  expect(largestError(await reported(name, order, true), await reported(name, order, false))).toBeLessThan(1e-4);
});
