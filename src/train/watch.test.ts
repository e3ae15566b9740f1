import { describe, expect, test } from "vitest";
import { openWatcher, type Watch } from "./watch.ts";

/** Points on a line; D's logit of a point is the point, and the slope there is -3. */
const count = 64;
const real = Float32Array.from({ length: count }, (_, i) => i);
const judge = async (x: Float32Array) =>
  Float32Array.from({ length: 2 * x.length }, (_, i) => (i % 2 === 0 ? x[i / 2]! : -3));
const base: Watch = { latents: new Float32Array(count), real, heldOut: real, shape: [1] };

async function signalsOf(samples: Float32Array, changes: Partial<Watch> = {}, metrics: Record<string, number> = {}) {
  const players = { sample: () => Promise.resolve(samples), judge };
  const watcher = openWatcher(players, { ...base, ...changes });
  return (await watcher.look({ step: 50, metrics }, undefined))!.signals;
}

describe("the signals", () => {
  test("of a generator that makes the data are those of players that match", async () => {
    expect(await signalsOf(real)).toEqual({
      real: 31.5,
      fake: 31.5,
      heldOut: 31.5,
      spread: expect.closeTo(Math.sqrt((count ** 2 - 1) / 12), 10),
      separation: 0.5,
      memory: 0.5,
      diversity: 1,
      repeats: 0,
      slope: 3,
    });
  });

  test("rank real above generated examples, and learnt above held-out ones, ties counting half", async () => {
    expect((await signalsOf(real.map((x) => x - 100))).separation).toBe(1);
    expect((await signalsOf(real.map((x) => x + 100))).separation).toBe(0);
    expect((await signalsOf(real, { heldOut: real.map((x) => x - 100) })).memory).toBe(1);
    const shifted = await signalsOf(real.map((x) => x + 1)); // 63 of 64 x 64 pairs more are wrong, half of them ties before
    expect(shifted.separation).toBe(0.5 - (count - 0.5) / count ** 2);
  });

  test("count pairs of samples that are nearer than nearly all real ones: with n answers 1 / n", async () => {
    const answers = (n: number) => real.map((_, i) => 100 * (i % n));
    const inOneOf = (n: number) => (n * ((count / n) * (count / n - 1))) / 2 / ((count * (count - 1)) / 2);
    for (const n of [1, 2, 4, 8])
      expect((await signalsOf(answers(n), { real: real.map((x) => x ** 2) })).repeats).toBe(inOneOf(n));
    expect((await signalsOf(answers(1))).diversity).toBe(0);
    expect((await signalsOf(real.map((x) => x / 2))).diversity).toBe(0.5);
  });

  test("have the gradients where the players report them", async () => {
    expect(await signalsOf(real)).not.toHaveProperty("gradientRatio");
    expect(await signalsOf(real, {}, { gradientD: 4, gradientG: 1 })).toMatchObject({
      gradientRatio: 0.25,
    });
  });

  test("do without held-out examples where the data have none, and are finite where all examples are one", async () => {
    const signals = await signalsOf(new Float32Array(count), { heldOut: undefined, real: new Float32Array(count) });
    expect(signals).not.toHaveProperty("memory");
    for (const value of Object.values(signals)) expect(value).toSatisfy(Number.isFinite);
  });
});

describe("a watcher", () => {
  const same = { sample: () => Promise.resolve(real), judge };
  const look = (watcher: ReturnType<typeof openWatcher>, step: number) =>
    watcher.look({ step, metrics: {} }, undefined);

  test("names a generator that does not move after 500 iterations, says so once, and again after it forgot", async () => {
    const watcher = openWatcher(same, base);
    for (const [start, first] of [
      [0, undefined],
      [2000, "healthy"],
    ] as const) {
      const seen: (string | undefined)[] = [];
      for (let step = start + 50; step <= start + 650; step += 50) {
        const { state, isNew } = (await look(watcher, step))!;
        seen.push(isNew ? state : undefined);
      }
      expect(seen).toEqual([first, ...new Array(9).fill(undefined), "frozen", undefined, undefined]);
      watcher.forget();
    }
  });

  test("forgets a look at numbers that are not finite, which say nothing of the training", async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      let logit = 1;
      const judge = async (x: Float32Array) => new Float32Array(2 * x.length).fill(logit);
      const watcher = openWatcher({ ...same, judge }, base);
      await look(watcher, 50);
      const before = JSON.stringify(watcher.memory);
      logit = bad;
      expect(await look(watcher, 100)).toBeUndefined();
      expect(JSON.stringify(watcher.memory)).toBe(before);
      logit = 1;
      expect(await look(watcher, 150)).toMatchObject({ state: "healthy" });
    }
  });

  test("goes on with the looks of an earlier session like one that never ended", async () => {
    const steps = Array.from({ length: 20 }, (_, i) => 50 * (i + 1));
    const whole = openWatcher(same, base);
    const seen: { memory: string; found: Awaited<ReturnType<typeof look>> }[] = [];
    for (const step of steps) seen.push({ memory: JSON.stringify(whole.memory), found: await look(whole, step) });
    for (const from of [0, 3, 10, 11, 15]) {
      const resumed = openWatcher(same, { ...base, memory: JSON.parse(seen[from]!.memory) });
      for (const [i, step] of steps.entries()) if (i >= from) expect(await look(resumed, step)).toEqual(seen[i]!.found);
    }
  });
});
