import { Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { largestError } from "../../test/support/evaluate.ts";
import { nodesOf, printNodes } from "../../test/support/nodes.ts";
import { ring } from "../data/mixture.ts";
import type { Descent } from "../descent/descent.ts";
import { gamePlan } from "../descent/game.ts";
import { partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { perceptron } from "../nn/network.ts";
import { spectrallyNormalised } from "../nn/spectral.ts";
import { accelerated } from "../optim/accelerated.ts";
import { gradientStep } from "../optim/gradient.ts";
import { box, proximal } from "../optim/proximal.ts";
import { rmsprop } from "../optim/rmsprop.ts";
import { updateRules } from "../optim/update-rules.ts";
import type { Move, Plan } from "../plan.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { programsOf } from "../train/memory.ts";
import { createTrainer, type Trainer } from "../train/trainer.ts";
import { type GanOptions, ganPlan, ganPlayers } from "./game.ts";
import { hinge, nonSaturating, wasserstein } from "./losses.ts";

/** A small game about the ring. */
function game(discriminator: Partial<Descent>, more: Partial<GanOptions> = {}) {
  return ganPlan(optionsOf(discriminator, more));
}

function optionsOf(discriminator: Partial<Descent>, more: Partial<GanOptions>): GanOptions {
  const descent = { partition: partitions.layer(), select: cyclic(), update: rmsprop(), learningRate: 0.01 };
  return {
    generator: perceptron("generator", [2], [2], { hidden: [4] }),
    discriminator: perceptron("discriminator", [2], [1], { hidden: [5, 4] }),
    ...{ latent: 2, shape: [2], batch: 8, loss: wasserstein, sampleBatch: 1, precision: "float64" },
    descent: { generator: descent, discriminator: { ...descent, ...discriminator } },
    ...more,
  };
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

const open = (plan: Plan) => createTrainer({ plan, runtime: referenceRuntime(), data: ring, seed: 1 });
const weightsOf = async (trainer: Trainer) =>
  new Map([...(await trainer.snapshot())].map(([name, { values }]) => [name, [...values]]));

/** Whether a training that is stopped and resumed goes on like one that is not; a snapshot is in float32. */
async function expectResumed(plan: Plan) {
  const [straight, stopped, resumed] = [await open(plan), await open(plan), await open(plan)];
  for (let i = 0; i < 5; i++) await straight.iterate();
  for (let i = 0; i < 2; i++) await stopped.iterate();
  resumed.restore(await stopped.snapshot(), 2);
  for (let i = 0; i < 3; i++) await resumed.iterate();
  const [found, expected] = [await weightsOf(resumed), await weightsOf(straight)];
  for (const [name, values] of expected) expect(largestError(found.get(name)!, values), name).toBeLessThan(1e-6);
}

describe("penalties every k moves", () => {
  const plain = { loss: nonSaturating };
  const weights = { r1: 1, r2: 2, wganGp: 3 };
  const whole = { partition: partitions.all(), update: gradientStep() };
  const programsOfD = (moves: readonly Move[]) => moves.flatMap(({ programs }) => programs.map(printNodes));

  test("are always there where k is 1, and nowhere where they have no weight", () => {
    const isSame = (a: Plan, b: Plan) => expect(programsOf(a)).toEqual(programsOf(b));
    isSame(game({}, { ...plain, ...weights, penaltyEvery: 1 }), game({}, { ...plain, ...weights }));
    isSame(game({}, { ...plain, penaltyEvery: 3 }), game({}, plain));
  });

  test("have programs of their own, and the other moves those of a game without", () => {
    const [D] = game({}, { ...plain, ...weights, penaltyEvery: 3 }).players;
    const [without] = game({}, plain).players;
    const tripled = { r1: 3, r2: 6, wganGp: 9 };
    const [always] = game({}, { ...plain, ...tripled }).players;
    const light = programsOfD(D!.light!.moves).map((text) => text.replace("/light/check", "/check"));
    expect(light).toEqual(programsOfD(without!.moves));
    // one scalar more, the objective with the penalties once
    const macs = (moves: readonly Move[]) => moves.map(({ programs }) => programs[0]!.manifest.cost.macs);
    expect(macs(D!.moves)).toEqual(macs(always!.moves));
    for (const [i, cost] of macs(D!.light!.moves).entries()) expect(cost).toBeLessThan(macs(D!.moves)[i]! / 2);
  });

  test("move D as always with k times the weight, and otherwise as without", async () => {
    const lazy = await open(game(whole, { ...plain, ...weights, penaltyEvery: 2 }));
    const doubled = await open(game(whole, { ...plain, r1: 2, r2: 4, wganGp: 6 }));
    const without = await open(game(whole, plain));
    for (let step = 0; step < 4; step++) {
      const [like, unlike] = step % 2 === 0 ? [doubled, without] : [without, doubled];
      for (const other of [like, unlike]) {
        other.restore(await lazy.snapshot(), step);
        await other.iterate();
      }
      await lazy.iterate();
      const moved = async (trainer: Trainer) => (await weightsOf(trainer)).get("discriminator/dense2/weight")!;
      // a snapshot is in float32
      expect(largestError(await moved(lazy), await moved(like))).toBeLessThan(1e-7);
      expect(largestError(await moved(lazy), await moved(unlike))).toBeGreaterThan(1e-4);
    }
  });

  test("reach each of the blocks that take turns as often", () => {
    for (const every of [2, 3, 4, 16]) {
      for (const hold of [1, 2]) {
        const [D] = game({ hold }, { ...plain, ...weights, penaltyEvery: every }).players;
        const blocks = D!.blocks.length;
        const counts = new Array<number>(blocks).fill(0);
        const sweep = blocks * hold;
        for (let move = 0; move < every * sweep; move++) {
          if (!D!.light!.isDue(move)) counts[Math.floor(move / hold) % blocks]!++;
        }
        expect(counts).toEqual(new Array(blocks).fill(hold));
        expect(D!.light!.isDue(0)).toBe(false);
      }
    }
  });

  test("are resumed where they were", () =>
    expectResumed(game({ steps: 2 }, { ...plain, ...weights, dragan: 1, penaltyEvery: 3 })));

  test("do not go with a search, nor a perturbation measured by the batch with replicas", () => {
    const update = updateRules["line-search"]({});
    expect(() => game({ update }, { ...plain, ...weights, penaltyEvery: 2 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: discriminator: penaltyEvery: a length that line-search finds for one move suits no other where the objective changes from move to move, got 2. Set it to 1.]`,
    );
    expect(() => game({}, { ...plain, dragan: 1, replicas: 2 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: dragan: its perturbation is measured by the whole batch, which 2 replicas do not share. Use one.]`,
    );
  });
});

describe("spectral normalisation of the discriminator", () => {
  const discriminator = spectrallyNormalised(perceptron("discriminator", [2], [1], { hidden: [5, 4] }));
  const normalised = (descent: Partial<Descent> = {}) => game(descent, { discriminator, loss: hinge });
  const vectors = discriminator.states!.map(({ spec }) => spec.name);

  test("replaces the vector of a layer in the steps that move its weight, and reads all in the others", () => {
    for (const descent of [{}, { update: updateRules["line-search"]({}) }, { partition: partitions.unit({}) }]) {
      const [D, G] = normalised(descent).players;
      for (const { programs, search, parameters } of D!.moves) {
        const replaced = [...programs, ...(search ? [search.trial] : [])]
          .flatMap(({ manifest }) => manifest.outputs.map(({ replaces }) => replaces))
          .filter((name) => name?.endsWith("/spectral"));
        expect(replaced).toEqual(
          parameters.filter((name) => name.endsWith("/weight")).map((name) => `${name}/spectral`),
        );
      }
      for (const { programs } of G!.moves) {
        const { inputs, outputs } = programs[0]!.manifest;
        expect(inputs.map(({ name }) => name)).toEqual(expect.arrayContaining(vectors));
        expect(outputs.filter(({ replaces }) => vectors.includes(replaces!))).toEqual([]);
      }
    }
  });

  test("leaves what several steps on a batch have in common as it is", () => {
    const [D] = normalised({ innerSteps: 3 }).players;
    const prefixes = D!.moves.flatMap(({ prefix, programs }) => (prefix ? [{ prefix, programs }] : []));
    expect(prefixes.length).toBeGreaterThan(0);
    for (const { prefix, programs } of prefixes) {
      const replaced = programs.flatMap(({ manifest }) => manifest.outputs.map(({ replaces }) => replaces));
      expect(prefix.manifest.inputs.filter(({ name }) => replaced.includes(name))).toEqual([]);
    }
  });

  test("brings the vector one round of power iteration further in a step", async () => {
    const trainer = await open(normalised({ partition: partitions.all() }));
    const [W, u] = await Promise.all(["", "/spectral"].map((of) => trainer.read(`discriminator/dense2/weight${of}`)));
    const [weight, before] = [Matrix.from1DArray(5, 4, W!), Matrix.from1DArray(1, 5, u!)];
    await trainer.iterate();
    const v = before.mmul(weight);
    const next = v.mmul(weight.transpose());
    const after = await trainer.read("discriminator/dense2/weight/spectral");
    expect(largestError([...after], next.div(next.norm()).to1DArray())).toBeLessThan(1e-14);
    await trainer.release();
  });

  test("is resumed where it was", () => expectResumed(normalised({ steps: 2 })));
});

describe("the forward pass of the generator", () => {
  const readsForward = ({ programs }: Move) =>
    programs.some(({ manifest }) => manifest.inputs.some(({ name }) => name.startsWith("generator/forward")));
  const countOf = ({ programs }: Move) => programs.flatMap(nodesOf).filter(({ type }) => type === "Gemm").length;
  const shared = (update: Descent["update"], more: Partial<GanOptions> = {}) => {
    const options = optionsOf({ update, steps: 2 }, { loss: nonSaturating, r1: 0.1, penaltyEvery: 2, ...more });
    return { options, plan: ganPlan(options), apart: gamePlan(ganPlayers(options), options) };
  };

  test.each([gradientStep(), rmsprop()])(
    "is handed on by the discriminator, and the game is the same",
    async (update) => {
      for (const hasKernels of [false, true]) {
        const { plan, apart } = shared(update, { hasKernels });
        expect(plan.players[1]!.moves.every(readsForward)).toBe(true);
        expect(apart.players[1]!.moves.some(readsForward)).toBe(false);
        for (const [i, move] of plan.players[1]!.moves.entries()) {
          expect(countOf(move)).toBe(countOf(apart.players[1]!.moves[i]!) - 2); // of two layers
        }
        const [one, other] = [await open(plan), await open(apart)];
        for (let step = 0; step < 6; step++) {
          const [found, expected] = [await one.iterate(), await other.iterate()];
          expect(largestError(Object.values(found.metrics), Object.values(expected.metrics))).toBeLessThan(1e-12);
        }
        const weights = await weightsOf(other);
        for (const [name, values] of await weightsOf(one)) expect(values, name).toEqual(weights.get(name));
      }
    },
  );

  test("is not where the generator moves in rounds without the discriminator, from other weights, or at other weights", () => {
    const reads = (more: Partial<GanOptions>) => shared(rmsprop(), more).plan.players[1]!.moves.some(readsForward);
    const { options } = shared(rmsprop());
    const { generator, discriminator } = options.descent;
    expect(reads({})).toBe(true);
    expect(reads({ order: "simultaneous" })).toBe(false);
    expect(reads({ order: "extragradient" })).toBe(false);
    expect(reads({ descent: { discriminator, generator: { ...generator, steps: 3 } } })).toBe(false);
    expect(reads({ descent: { discriminator, generator: { ...generator, innerSteps: 2 } } })).toBe(false);
    const ahead = {
      ...generator,
      partition: partitions.all(),
      update: accelerated({ strongConvexity: 0.1, blocks: 1 }),
    };
    expect(reads({ descent: { discriminator, generator: ahead } })).toBe(false);
  });
});
