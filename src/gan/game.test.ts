import { expect, test } from "vitest";
import { ring } from "../data/mixture.ts";
import { partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { perceptron } from "../nn/network.ts";
import { box, proximal } from "../optim/proximal.ts";
import { rmsprop } from "../optim/rmsprop.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { createTrainer } from "../train/trainer.ts";
import { type GanOptions, ganPlan } from "./game.ts";
import { wasserstein } from "./losses.ts";

/** A small game about the ring. */
function game(discriminator: Partial<GanOptions["descent"]["discriminator"]>, more: Partial<GanOptions> = {}) {
  const descent = { partition: partitions.layer(), select: cyclic(), update: rmsprop(), learningRate: 0.01 };
  return ganPlan({
    generator: perceptron("generator", [2], [2], { hidden: [4] }),
    discriminator: perceptron("discriminator", [2], [1], { hidden: [5, 4] }),
    ...{ latent: 2, shape: [2], batch: 8, loss: wasserstein, sampleBatch: 1 },
    descent: { generator: descent, discriminator: { ...descent, ...discriminator } },
    ...more,
  });
}

test("the proximal operator box clips every weight and bias of a Wasserstein critic, each when it moves", async () => {
  const bound = 1 / 16;
  const plan = game({ update: proximal(rmsprop(), box(bound)) });
  const trainer = await createTrainer({ plan, runtime: referenceRuntime(), data: ring, seed: 1 });
  const largest = async (layer: string) => {
    const of = (part: string) => trainer.read(`discriminator/${layer}/${part}`);
    return Math.max(...[...(await of("weight")), ...(await of("bias"))].map(Math.abs));
  };
  const layers = ["dense1", "dense2", "dense3"];
  for (const [moved, layer] of layers.entries()) {
    for (const later of layers.slice(moved)) expect(await largest(later)).toBeGreaterThan(bound);
    await trainer.iterate();
    expect(await largest(layer)).toBeLessThanOrEqual(bound);
  }
  for (let i = 0; i < 20; i++) await trainer.iterate();
  expect(Math.max(...(await Promise.all(layers.map(largest))))).toBe(bound);
  await trainer.release();
});
