import { describe, expect, test } from "vitest";
import { evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { gradients } from "../autodiff/gradients.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { concat } from "../ops/layout.ts";
import { type Loss, type LossName, losses, smoothed } from "./losses.ts";

const names = Object.keys(losses) as LossName[];
const lossOf = (name: LossName): Loss => losses[name];
const able = names.filter((name) => lossOf(name).smoothed);
const [real, fake] = [input("real", [4, 1], "batch"), input("fake", [4, 1], "batch")];

async function valuesOf(tensors: readonly Tensor[], at: Values): Promise<number[]> {
  return (await (await evaluator(tensors))(at)).flat();
}

describe("the best discriminator", () => {
  // two examples: one is real in 3 of 4 cases, the other in 1 of 4
  const [often, seldom] = [input("often", [1, 1], "batch"), input("seldom", [1, 1], "batch")];
  const batches = [concat([often, often, often, seldom], 0), concat([often, seldom, seldom, seldom], 0)] as const;
  const logit = (p: number) => Math.log(p / (1 - p));

  test.each(able.flatMap((name) => [0, 0.1, 0.25].map((amount) => [name, amount] as const)))(
    "of %s, smoothed by %s, gives the target's part of the probability",
    async (name, amount) => {
      const best = [0.75, 0.25].map((p) => (1 - amount) * p);
      const logits = name === "least-squares" ? best : best.map(logit);
      const loss = smoothed(lossOf(name), amount);
      const run = await evaluator(gradients(loss.discriminator(...batches), [often, seldom]));
      const at = (shift: number) => run({ often: [logits[0]! + shift], seldom: [logits[1]! + shift] });
      expect(largestError((await at(0)).flat(), [0, 0])).toBeLessThan(1e-15);
      expect((await at(0.1)).flat().every((slope) => slope > 0.01)).toBe(true);
      const probability = loss.probabilities(often, seldom);
      const [p, q] = await (await evaluator([probability.real, probability.fake]))({
        often: [logits[0]!],
        seldom: [logits[1]!],
      });
      expect(largestError([...p!, ...q!], best)).toBeLessThan(1e-15);
    },
  );
});

test("the loss of a discriminator that cannot tell is 2 log 2, log 2 of pairs", async () => {
  const zeros = { real: [0, 0, 0, 0], fake: [0, 0, 0, 0] };
  const { minimax, "non-saturating": nonSaturating, relativistic } = losses;
  const values = await valuesOf(
    [minimax, nonSaturating, relativistic].map((loss) => loss.discriminator(real, fake)),
    zeros,
  );
  expect(largestError(values, [2 * Math.LN2, 2 * Math.LN2, Math.LN2])).toBeLessThan(1e-15);
});

test("hinge is 0 and has no slope beyond the margin", async () => {
  const value = losses.hinge.discriminator(real, fake);
  const run = await evaluator([value, ...gradients(value, [real, fake])]);
  const [loss, ...slopes] = await run({ real: [1.01, 2, 50, 1000], fake: [-1.01, -2, -50, -1000] });
  expect([loss!, ...slopes].flat().map(Math.abs)).toEqual(new Array(9).fill(0));
});

test.each(["wasserstein", "relativistic"] as const)("%s sees differences of logits only", async (name) => {
  const [x, y] = [numbers(4, "x", -3, 3), numbers(4, "y", -3, 3)];
  const tensors = [lossOf(name).discriminator(real, fake), lossOf(name).discriminator(fake, real)];
  const [at, shifted, [exchanged]] = await Promise.all([
    valuesOf(tensors, { real: x, fake: y }),
    valuesOf(tensors, { real: x.map((l) => l + 7), fake: y.map((l) => l + 7) }),
    valuesOf([lossOf(name).generator(fake, real)], { real: x, fake: y }),
  ]);
  expect(largestError(shifted, at)).toBeLessThan(1e-14);
  expect(at[0]).not.toBe(at[1]);
  // the generator wants what a discriminator with the two exchanged wants; with Wasserstein but for what it cannot change
  const unchangeable = name === "wasserstein" ? x.reduce((a, b) => a + b) / 4 : 0;
  expect(exchanged! + unchangeable).toBeCloseTo(at[1]!, 14);
});

test.each(names)(
  "the probabilities of %s are 1/2 where it cannot tell, rise with the logit and stay in range",
  async (name) => {
    const neutral = name === "least-squares" ? 0.5 : 0;
    const logits = [-1000, -0.2, 0, 1000].map((l) => l + neutral);
    const p = lossOf(name).probabilities(real, fake);
    const [ofReal, ofFake] = await (await evaluator([p.real, p.fake]))({
      real: logits,
      fake: new Array(4).fill(neutral),
    });
    expect(ofReal![2]).toBe(0.5);
    expect(ofFake![2]).toBe(0.5);
    expect([ofReal![0], ofReal![3]]).toEqual([0, 1]);
    expect(ofReal![1]).toBeGreaterThan(0);
    expect(ofReal![1]).toBeLessThan(0.5);
  },
);

test.each(names.filter((name) => !able.includes(name)))("%s has no target to smooth", (name) => {
  expect(smoothed(lossOf(name), 0)).toBe(lossOf(name));
  expect(() => smoothed(lossOf(name), 0.1)).toThrow(
    `smoothing: the loss ${name} has no target to smooth, got 0.1. Set it to 0, or choose one of minimax, non-saturating, least-squares.`,
  );
});
