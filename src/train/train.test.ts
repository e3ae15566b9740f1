import { describe, expect, test } from "vitest";
import { simple } from "../../test/support/config.ts";
import { ring } from "../data/mixture.ts";
import { configure } from "../runs/config.ts";
import { planOf } from "../runs/model.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { type LogRecord, type LoopState, type TrainingEvent, train } from "./train.ts";
import { createTrainer } from "./trainer.ts";

const window = 2;
const blocks = 2;
const config = configure({ ...simple, data: "ring" }, [
  ["generator.latent", 2],
  ["generator.hidden", [3]],
  ["discriminator.hidden", [3]],
  ["batch", 4],
  ["convergence.window", window],
]);

async function trainer(of = config) {
  const plan = planOf(of, { shape: [2], range: "real" });
  return createTrainer({ plan, runtime: referenceRuntime(), data: ring, seed: 1 });
}

/** Relative changes of the mean loss from window to window, computed from the losses themselves. */
function changesOf(losses: readonly number[]): number[] {
  const moves = window * blocks;
  const means = Array.from({ length: Math.floor(losses.length / moves) }, (_, i) =>
    losses.slice(i * moves, (i + 1) * moves).reduce((a, b) => a + b / moves, 0),
  );
  return means.slice(1).map((mean, i) => Math.abs(mean - means[i]!) / Math.abs(means[i]!));
}

async function eventsOf(tolerance: number, steps: number): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  const options = { trainer: await trainer(), steps, batch: 4, latents: new Float32Array(2), tolerance, logEvery: 1 };
  for await (const event of train(options)) events.push(event);
  return events;
}

describe("a probe", () => {
  const distances = [5, 3, 4, 2];
  const probed = async (options: { steps: number; state?: LoopState }) => {
    let looks = 0;
    const measure = async () => ({ distance: distances[looks++]!, modes: 1, histogram: [1], diversity: 1 });
    const probe = { every: 3, latents: new Float32Array(8), measure };
    const events: TrainingEvent[] = [];
    const common = { trainer: await trainer(), batch: 4, latents: new Float32Array(2), logEvery: 5, probe };
    for await (const event of train({ ...common, ...options })) events.push(event);
    return events;
  };
  const bests = (events: readonly TrainingEvent[]) =>
    events.flatMap((event) => (event.type === "checkpoint" && event.isBest ? [event] : []));

  test("is logged in its steps and makes a checkpoint where it finds the least distance so far", async () => {
    const events = await probed({ steps: 12 });
    const records = events.flatMap((event) => (event.type === "record" ? [event.record] : []));
    expect(records.map(({ step, quality }) => [step, quality?.distance])).toEqual([
      [3, 5],
      [5, undefined],
      [6, 3],
      [9, 4],
      [10, undefined],
      [12, 2],
    ]);
    expect(bests(events).map(({ state }) => state.best)).toEqual([
      { step: 3, distance: 5 },
      { step: 6, distance: 3 },
      { step: 12, distance: 2 },
    ]);
  });

  test("knows the least distance of earlier sessions", async () => {
    expect(
      bests(await probed({ steps: 12, state: { best: { step: 0, distance: 3 } } })).map(({ step }) => step),
    ).toEqual([12]);
  });

  test("looks once more at the end, but not in a training that is shorter than its interval", async () => {
    expect(bests(await probed({ steps: 4 })).map(({ step }) => step)).toEqual([3, 4]);
    expect(bests(await probed({ steps: 10 })).map(({ step }) => step)).toEqual([3, 6, 10]);
    expect(bests(await probed({ steps: 2 }))).toEqual([]);
  });
});

test("a rollback names the weights that it puts in place, also where a probe finds the best in that step", async () => {
  const frozen = configure(config, [["descent.learningRate", 1e-12]]);
  for (const [second, to] of [
    [6, 300],
    [4, 600],
  ] as const) {
    const distances = [5, second, 9];
    const measure = async () => ({ distance: distances.shift()!, modes: 1, histogram: [1], diversity: 1 });
    const real = new Float32Array(2 * 16);
    ring.fill(1, 0, real);
    const options = {
      trainer: await trainer(frozen),
      ...{ steps: 700, batch: 4, latents: new Float32Array(2) },
      probe: { every: 300, latents: new Float32Array(2), measure },
      watch: {
        ...{ every: 100, reaction: "rollback" as const, real, shape: [2] },
        latents: new Float32Array(2 * 16).map((_, i) => Math.sin(i)),
      },
    };
    let record: LogRecord | undefined;
    let restored: Float32Array | undefined;
    const reached: Record<number, Float32Array> = {};
    const weight = "discriminator/dense1/weight";
    for await (const event of train(options)) {
      if (event.type === "record") {
        if (event.record.watch?.rollback) record = event.record;
        reached[event.record.step] = Float32Array.from(await options.trainer.read(weight));
      } else if (event.type === "checkpoint" && event.step === 600)
        restored = event.snapshot.get(weight)!.values.slice();
    }
    expect(record).toMatchObject({ step: 600, watch: { rollback: { to, pace: 0.5 } } });
    expect(restored).toEqual(reached[to]);
    expect(reached[300]).not.toEqual(reached[600]);
  }
});

const lossesOf = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.type === "record" ? [event.record.lossG] : []));

test("a training ends at the first window in which the mean loss changes by no more than the tolerance", async () => {
  const steps = 80;
  const changes = changesOf(lossesOf(await eventsOf(0, steps)));
  const sorted = changes.toSorted((a, b) => a - b);
  const tolerance = (sorted[2]! + sorted[3]!) / 2; // three windows are below it
  const first = changes.findIndex((change) => change <= tolerance);
  const events = await eventsOf(tolerance, steps);
  const converged = events.find((event) => event.type === "converged");
  expect(converged).toEqual({
    type: "converged",
    step: (first + 2) * window * blocks,
    change: expect.closeTo(changes[first]!, 5),
  });
  expect(lossesOf(events)).toHaveLength((first + 2) * window * blocks);
  expect(events.at(-1)).toMatchObject({
    type: "checkpoint",
    step: (first + 2) * window * blocks,
    state: { converged },
  });
});

test("without a tolerance it goes on to its last iteration", async () => {
  const events = await eventsOf(0, 30);
  expect(events.some((event) => event.type === "converged")).toBe(false);
  expect(lossesOf(events)).toHaveLength(30);
});

test("the windows go on where a snapshot was taken", async () => {
  const [whole, half] = [await trainer(), await trainer()];
  const change = async (each: typeof whole) => (await each.iterate()).moves.generator![0]!.change;
  const expected: (number | undefined)[] = [];
  const snapshot = await whole.snapshot();
  half.restore(snapshot, 0);
  whole.restore(snapshot, 0);
  for (let i = 0; i < 6; i++) await half.iterate();
  const saved = await half.snapshot();
  half.restore(saved, 6);
  for (let i = 0; i < 12; i++) expected.push(await change(whole));
  const found: (number | undefined)[] = [];
  for (let i = 6; i < 12; i++) found.push(await change(half));
  expect(found.map((x) => x !== undefined)).toEqual(expected.slice(6).map((x) => x !== undefined));
  expect(found.find((x) => x !== undefined)).toBeCloseTo(expected.slice(6).find((x) => x !== undefined)!, 4);
});
