import { describe, expect, test } from "vitest";
import { imageDataset } from "../src/data/image-feed.ts";
import { ring } from "../src/data/mixture.ts";
import { strokes } from "../src/data/strokes.ts";
import { DivergedError } from "../src/errors.ts";
import { ganPlan } from "../src/gan/game.ts";
import { configure } from "../src/runs/config.ts";
import { ganOptions, planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import type { Setting } from "../src/runs/setting.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { referenceRuntime } from "../src/runtime/reference.ts";
import type { Snapshot } from "../src/train/snapshot.ts";
import { type TrainingEvent, type TrainingOptions, train } from "../src/train/train.ts";
import { createTrainer, type Trainer } from "../src/train/trainer.ts";
import { simple } from "./support/config.ts";
import { type Poison, poisonable } from "./support/poison.ts";

const examples = { shape: [2], range: "real" } as const;
const planWith = (...settings: Setting[]) =>
  planOf(
    configure({ ...simple, data: "ring" }, [
      ["generator.latent", 2],
      ["generator.hidden", [3, 4]],
      ["discriminator.hidden", [3]],
      ["batch", 4],
      ...settings,
    ]),
    examples,
  );
const trainerOf = (plan: ReturnType<typeof planWith>, runtime = referenceRuntime()) =>
  createTrainer({ plan, runtime, data: ring, seed: 1 });

/** On both players. */
const both = (...settings: Setting[]): Setting[] =>
  settings.flatMap(([key, value]): Setting[] => [
    [`descent.${key}`, value],
    [`discriminator.descent.${key}`, value],
  ]);

/** Weights, what follows them, and the state of the update rules: not what counts moves, and not what was selected. */
const learnt = (snapshot: Snapshot) =>
  [...snapshot].filter(([name]) => !/\/(visits|progress|pace|selection|lipschitz)(\/|$)/.test(name));
const textOf = (tensors: Iterable<readonly [string, { readonly values: ArrayLike<number> }]>) =>
  JSON.stringify([...tensors].map(([name, { values }]) => [name, ...Array.from(values)]));

const orders: Record<string, Setting[]> = {
  alternating: [],
  simultaneous: [["game.order", "simultaneous"]],
  extragradient: [["game.order", "extragradient"]],
};
const averaged: Setting[] = both(["average", 0.9]);
const ways: [string, Setting[]][] = [
  ...Object.entries(orders).flatMap(([order, settings]): [string, Setting[]][] => [
    [`${order}, layers`, [...settings, ...averaged]],
    [`${order}, units`, [...settings, ...averaged, ...both(["partition", "unit"])]],
    [`${order}, drawn elements`, [...settings, ...both(["partition", "coordinates"], ["blockSize", 4])]],
    [`${order}, measured by norms`, [...settings, ...both(["partition", "layer"], ["select", "gauss-southwell"])]],
  ]),
  ["several steps on a batch", [...averaged, ...both(["innerSteps", 3])]],
  ["several steps on a batch, units", both(["partition", "unit"], ["innerSteps", 2])],
  ["several steps on a batch, searched", both(["partition", "layer"], ["update", "line-search"], ["innerSteps", 2])],
  ["a search", both(["partition", "layer"], ["update", "exact"])],
  ["a bandit", both(["partition", "layer"], ["select", "bandit"])],
  ["measured curvature", both(["partition", "layer"], ["select", "gauss-southwell-lipschitz"], ["hold", 2])],
  ["products with the Hessian", both(["partition", "layer"], ["update", "block-newton"])],
  ["spectral normalisation", [["discriminator.spectralNorm", true]]],
  ["lazy penalties", [["discriminator.penaltyEvery", 2]]],
  ["extrapolated sweeps", both(["partition", "layer"], ["update", "gradient"], ["anderson", 2])],
];
const poisons: [string, Omit<Poison, "player">][] = [
  ["a pixel", { role: "batch", value: Number.NaN }],
  ["a latent", { role: "noise", value: Number.POSITIVE_INFINITY }],
  ["a weight", { role: "parameter", value: Number.NaN }],
  ["an infinite weight", { role: "parameter", value: Number.NEGATIVE_INFINITY }],
  ["a state", { role: "state", value: Number.NaN }],
  ["an infinite state", { role: "state", suffix: "/v", value: Number.POSITIVE_INFINITY }],
  ["a number of a later program", { role: "parameter", value: Number.NaN, after: 1 }],
];

test.each(ways)(
  "a number that is not finite changes nothing of either player, and the training goes on like one that is resumed (%s)",
  async (_, settings) => {
    const plan = planWith(...settings);
    const { runtime, ...poisoning } = poisonable(referenceRuntime());
    const [whole, resumed] = [await trainerOf(plan, runtime), await trainerOf(plan)];
    for (let i = 0; i < 3; i++) await whole.iterate();
    const before = await whole.snapshot(); // float32: the reference runtime is not
    const [extrapolates, searches] = [/anderson/, /line-search|exact/].map((kind) =>
      kind.test(JSON.stringify(settings)),
    );
    let found = 0;
    for (const player of ["discriminator", "generator"]) {
      for (const [what, poison] of poisons) {
        whole.restore(before, 3);
        poisoning.arm({ player, ...poison });
        const { skipped } = await whole.iterate();
        if (poisoning.isArmed()) continue; // no program reads such a thing
        const after = await whole.snapshot();
        for (const [name, { values }] of after) expect(values.every(Number.isFinite), name).toBe(true);
        if (searches && skipped === undefined) continue; // only a trial: another length was taken
        expect(skipped?.player, what).toBe(player);
        found++;
        if (!extrapolates) expect(textOf(learnt(after)), `${player}: ${what}`).toBe(textOf(learnt(before)));
        for (const trainer of [whole, resumed]) {
          trainer.restore(after, 4);
          for (let i = 0; i < 2; i++) expect((await trainer.iterate()).skipped).toBeUndefined();
        }
        expect(textOf(await resumed.snapshot()), `${player}: ${what}`).toBe(textOf(await whole.snapshot()));
      }
    }
    expect(found).toBeGreaterThanOrEqual(6);
  },
);

test("of several rounds only those are skipped in which something is not finite", async () => {
  const { runtime, arm } = poisonable(referenceRuntime());
  const plan = planWith(["discriminator.descent.steps", 3], ["descent.steps", 1]);
  const [poisoned, healthy] = [await trainerOf(plan, runtime), await trainerOf(plan)];
  arm({ player: "discriminator", role: "batch", value: Number.NaN, after: 1 }); // the second of three moves of D
  const { skipped, moves } = await poisoned.iterate();
  expect(skipped?.player).toBe("discriminator");
  const { moves: expected } = await healthy.iterate();
  expect(moves.discriminator).toHaveLength(3);
  expect(moves.generator).toEqual(expected.generator!.map((move) => expect.objectContaining({ block: move.block })));
  const powers = async (trainer: Trainer) => (await trainer.read("discriminator/adam/beta1Power"))[0]!;
  expect(await powers(healthy)).toBeCloseTo(0.5 ** 3);
  expect(await powers(poisoned)).toBeCloseTo(0.5 ** 2);
});

test("updates that are kernels notice gradients, weights and states", async () => {
  const digits = imageDataset(strokes({ count: 50 }));
  const config = configure(presets.default.config, [
    ["batch", 4],
    ["generator.hidden", [9]],
    ["discriminator.hidden", [7]],
  ]);
  const { runtime, arm } = poisonable(nodeRuntime({ threads: 1 }));
  const trainer = await createTrainer({ plan: planOf(config, digits), runtime, data: digits, seed: 1 });
  await trainer.iterate();
  const kinds = [
    { role: "cache" },
    { role: "parameter" },
    ...["/m", "/v"].map((suffix) => ({ role: "state", suffix })),
  ];
  for (const player of ["discriminator", "generator"]) {
    for (const kind of kinds as Omit<Poison, "player" | "value">[]) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        arm({ player, value, ...kind, after: kind.role === "parameter" ? 1 : 0 }); // the update reads it after the gradient did
        const { skipped } = await trainer.iterate();
        expect(skipped?.player).toBe(player);
        for (const [name, { values }] of await trainer.snapshot())
          expect(values.every(Number.isFinite), name).toBe(true);
      }
    }
  }
  await trainer.release();
});

test("a score too large for float32 is the largest that there is", async () => {
  const ofG: Setting[] = [
    ["descent.partition", "layer"],
    ["descent.select", "gauss-southwell-lipschitz"],
    ["descent.lipschitz.rounds", 1],
  ];
  const steep: Setting[] = [
    ["discriminator.descent.update", "gradient"],
    ["discriminator.descent.learningRate", 1000],
  ];
  // the loss is linear in the last layer of G: its curvature is 0
  const trainer = await trainerOf(planWith(["loss", "wasserstein"], ...ofG, ...steep));
  const scores: (number | undefined)[] = [];
  for (let i = 0; i < 2; i++) scores.push((await trainer.iterate()).moves.generator![0]!.score);
  expect(scores.every((score) => score === undefined || Number.isFinite(score))).toBe(true);
  expect(Math.max(...scores.map(Number))).toBeGreaterThan(3e38);
  for (const [name, { values }] of await trainer.snapshot()) expect(values.every(Number.isFinite), name).toBe(true);
});

test("a gradient too large for float32 is not taken", async () => {
  const digits = imageDataset(strokes({ count: 50 }));
  const config = configure(presets.wgan.config, [
    ["batch", 4],
    ["discriminator.wganGp", 1],
  ]);
  const plan = ganPlan({ ...ganOptions(config, digits), wganGp: 1e37 });
  const trainer = await createTrainer({ plan, runtime: nodeRuntime({ threads: 1 }), data: digits, seed: 1 });
  const before = textOf(learnt(await trainer.snapshot()));
  expect((await trainer.iterate()).skipped?.player).toBe("discriminator");
  expect(textOf(learnt(await trainer.snapshot()))).toBe(before);
  await trainer.release();
});

describe("a training", () => {
  /** Trains on examples that are not numbers in some iterations; gives its events up to its end, and the error of one that diverges. */
  async function events(
    isBad: (step: number) => boolean,
    options: Partial<TrainingOptions> & { from?: Snapshot } = {},
  ) {
    const data = {
      ...ring,
      fill: (...[seed, step, out, ...rest]: Parameters<typeof ring.fill>) => {
        ring.fill(seed, step, out, ...rest);
        if (isBad(step + 1)) out[1] = Number.NaN;
      },
    };
    const trainer = await createTrainer({ plan: planWith(), runtime: referenceRuntime(), data, seed: 1 });
    const { from, ...rest } = options;
    if (from) trainer.restore(from, 20);
    const found: TrainingEvent[] = [];
    const common = { trainer, steps: 40, batch: 4, latents: new Float32Array(2), logEvery: 5, checkpointEvery: 20 };
    const save = (event: TrainingEvent) =>
      event.type === "checkpoint" ? { ...event, snapshot: new Map([...event.snapshot]) } : event;
    try {
      for await (const event of train({ ...common, ...rest })) found.push(save(event));
      return { found, error: undefined };
    } catch (error) {
      return { found, error: error as DivergedError };
    }
  }
  const recordsOf = (found: readonly TrainingEvent[]) =>
    found.flatMap((event) => (event.type === "record" ? [{ ...event.record, imagesPerSecond: 0, elapsedMs: 0 }] : []));
  const checkpointsOf = (found: readonly TrainingEvent[]) =>
    found.flatMap((event) => (event.type === "checkpoint" ? [event] : []));

  test("goes on over bad examples, says which step it skipped and why, and counts them in the log", async () => {
    const { found, error } = await events((step) => [2, 3, 20, 23, 25].includes(step));
    expect(error).toBeUndefined();
    expect(found.filter(({ type }) => type === "skipped")).toEqual(
      [2, 3, 20, 23, 25].map((step) => ({ type: "skipped", step, tensor: "batch/examples", player: "discriminator" })),
    );
    const records = recordsOf(found);
    expect(records.map(({ step, skipped }) => [step, skipped])).toEqual([
      [5, 2],
      [10, undefined],
      [15, undefined],
      [20, 1],
      [25, 2],
      [30, undefined],
      [35, undefined],
      [40, undefined],
    ]);
    for (const { lossD, lossG } of records) expect([lossD, lossG].every(Number.isFinite)).toBe(true);
    const [, middle, end] = checkpointsOf(found);
    const resumed = await events((step) => [23, 25].includes(step), {
      from: middle!.snapshot,
      state: JSON.parse(JSON.stringify(middle!.state)),
    });
    const close = (values: readonly object[]) =>
      JSON.parse(JSON.stringify(values), (_, x) => (typeof x === "number" ? Number(x.toPrecision(5)) : x));
    expect(close(recordsOf(resumed.found))).toEqual(close(records.slice(4)));
    expect(checkpointsOf(resumed.found).at(-1)!.state.skips).toEqual(end!.state.skips);
  });

  test("ends as diverged after five skipped iterations in a row, with a finite checkpoint from before", async () => {
    const { found, error } = await events((step) => step >= 27);
    expect(error).toBeInstanceOf(DivergedError);
    expect(error!.message).toMatchInlineSnapshot(
      `"step 31: batch/examples is not finite; 5 iterations in a row had to be skipped. Lower the learning rates, or look at the data; the last checkpoint is from before."`,
    );
    const last = checkpointsOf(found).at(-1)!;
    expect(last.step).toBe(20);
    for (const [name, { values }] of last.snapshot) expect(values.every(Number.isFinite), name).toBe(true);
  });

  test("ends as diverged where more than one iteration in a hundred is skipped, across sessions", async () => {
    const bad = [2, 4, 6, 8, 10, 12, 14, 16, 18, 22, 24];
    const { found, error } = await events((step) => bad.includes(step));
    expect([error?.step, found.filter(({ type }) => type === "skipped").length]).toEqual([24, 11]);
    const middle = checkpointsOf(found).at(-1)!;
    const resumed = await events((step) => bad.includes(step), { from: middle.snapshot, state: middle.state });
    expect(resumed.error?.message).toBe(error!.message);
  });
});
