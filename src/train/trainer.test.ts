import { expect, test } from "vitest";
import { simplePoints } from "../../test/support/config.ts";
import { imageDataset } from "../data/image-feed.ts";
import { ring } from "../data/mixture.ts";
import { CheckpointError, DivergedError } from "../errors.ts";
import { fillNormal, stream } from "../random.ts";
import { configure } from "../runs/config.ts";
import { planOf } from "../runs/model.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { train } from "./train.ts";
import { createTrainer } from "./trainer.ts";

const plan = planOf(simplePoints, ring);
const trainer = (options = { plan }) => createTrainer({ ...options, runtime: referenceRuntime(), data: ring, seed: 1 });

test("a restored trainer goes on like the one whose snapshot it got", async () => {
  const [first, second] = [await trainer(), await trainer()];
  for (let i = 0; i < 5; i++) await first.iterate();
  const snapshot = await first.snapshot();
  second.restore(snapshot, first.step);
  first.restore(snapshot, first.step); // a snapshot is float32, the reference runtime is not
  for (let i = 0; i < 5; i++) expect(await second.iterate()).toEqual(await first.iterate());
  expect(await second.snapshot()).toEqual(await first.snapshot());
});

test("a snapshot holds every tensor that an iteration can change: changing any of them changes the future", async () => {
  const source = await trainer();
  for (let i = 0; i < 3; i++) await source.iterate();
  const snapshot = await source.snapshot();
  const future = async (start: typeof snapshot) => {
    const next = await trainer();
    next.restore(start, 3);
    for (let i = 0; i < 4; i++) await next.iterate();
    return JSON.stringify([...(await next.snapshot())].map(([name, { values }]) => [name, ...values]));
  };
  const expected = await future(snapshot);
  expect(await future(snapshot)).toBe(expected);
  for (const [name, { shape, values }] of snapshot) {
    const changed = new Map(snapshot).set(name, { shape, values: values.map((x) => x + 0.125) });
    expect(await future(changed), name).not.toBe(expected);
  }
});

test("a pace multiplies the learning rates of both players", async () => {
  const plain = planOf(
    configure(simplePoints, [
      ["descent.update", "gradient"],
      ["discriminator.descent.update", "gradient"],
      ["game.order", "simultaneous"],
    ]),
    ring,
  );
  const moved = async (pace: number) => {
    const one = await trainer({ plan: plain });
    const before = await one.snapshot();
    one.setPace(pace);
    await one.iterate();
    const after = await one.snapshot();
    return plain.tensors
      .filter(({ role }) => role === "parameter")
      .flatMap(({ name }) => [...after.get(name)!.values].map((x, i) => x - before.get(name)!.values[i]!));
  };
  const [whole, quarter] = [await moved(1), await moved(0.25)];
  expect(Math.max(...whole.map(Math.abs))).toBeGreaterThan(1e-5);
  for (const [i, step] of quarter.entries()) expect(step).toBeCloseTo(whole[i]! / 4, 7);
});

test("the critic gives the logits that the discriminator's loss is made of, and the slopes of the generator's", async () => {
  for (const spectralNorm of [false, true]) {
    const settings: [string, unknown][] = [
      ["discriminator.r1", 0],
      ["discriminator.r2", 0],
      ["discriminator.spectralNorm", spectralNorm],
    ];
    const one = await trainer({ plan: planOf(configure(simplePoints, settings), ring) });
    const [examples, latents] = [new Float32Array(4 * 2), new Float32Array(4 * 3)];
    ring.fill(1, 0, examples);
    fillNormal(stream(1, "batch/latents"), 0, latents);
    const logitsOf = (verdicts: Float32Array) => [...verdicts].filter((_, i) => i % 2 === 0);
    const slopesOf = (verdicts: Float32Array) => [...verdicts].filter((_, i) => i % 2 === 1);
    const judged = await one.judge(await one.sample(latents));
    const [real, fake] = [logitsOf(await one.judge(examples)), logitsOf(judged)];
    for (const [i, slope] of slopesOf(judged).entries()) expect(slope).toBeCloseTo(-1 / (1 + Math.exp(fake[i]!)), 6);
    const softplus = (x: number) => Math.log1p(Math.exp(x));
    const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
    const loss = mean(real.map((x) => softplus(-x))) + mean(fake.map(softplus));
    expect((await one.iterate()).metrics.lossD).toBeCloseTo(loss, 6);
    await expect(one.judge(new Float32Array(3))).rejects.toThrow(
      "judge: expected whole examples of 2 numbers, got 3 numbers.",
    );
  }
});

test("a snapshot of another model is refused before anything is changed", async () => {
  const { snapshot, restore } = await trainer();
  const before = await snapshot();
  const [[name, tensor]] = before as unknown as [[string, { values: Float32Array }]];
  const wrong = [
    new Map([...before].slice(1)),
    new Map(before).set(name, { shape: [1], values: tensor.values }),
    new Map(before).set("extra", { shape: [1], values: Float32Array.of(1) }),
  ];
  for (const other of wrong) expect(() => restore(other, 1)).toThrow(CheckpointError);
  expect(await snapshot()).toEqual(before);
});

test("data of another shape are refused", async () => {
  const pixels = new Uint8Array(4);
  const images = imageDataset({ name: "dots", count: 1, height: 2, width: 2, pixels, labels: new Uint8Array(1) });
  const options = { plan, runtime: referenceRuntime(), data: images, seed: 1 };
  await expect(createTrainer(options)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: createTrainer: the plan is for examples of shape [2], got dots with [1,2,2].]`,
  );
});

test("numbers that are not finite are never given out to be saved", async () => {
  const wild = planOf(
    configure(simplePoints, [
      ["descent.learningRate", 1e6],
      ["descent.update", "gradient"],
    ]),
    ring,
  );
  const events = train({
    trainer: await trainer({ plan: wild }),
    steps: 200,
    batch: 4,
    latents: new Float32Array(3),
    checkpointEvery: 1,
  });
  let checkpoints = 0;
  const run = async () => {
    for await (const event of events) {
      if (event.type !== "checkpoint") continue;
      checkpoints++;
      for (const [name, { values }] of event.snapshot) expect(values.every(Number.isFinite), name).toBe(true);
    }
  };
  await expect(run()).rejects.toThrow(DivergedError);
  expect(checkpoints).toBeGreaterThan(0);
});
