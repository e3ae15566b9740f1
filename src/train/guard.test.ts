import { describe, expect, test } from "vitest";
import { simplePoints } from "../../test/support/config.ts";
import { ring } from "../data/mixture.ts";
import { planOf } from "../runs/model.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { type GuardMemory, mostRollbacks, openGuard, type Reaction } from "./guard.ts";
import { createTrainer } from "./trainer.ts";

const plan = planOf(simplePoints, ring);

/** A training that nobody moves, so that its generator counts as frozen, and its guard; the looks are at 100, 200, ... of 10,000. */
async function guarded(reaction: Reaction, memory?: GuardMemory) {
  const trainer = await createTrainer({ plan, runtime: referenceRuntime(), data: ring, seed: 1 });
  const real = new Float32Array(2 * 16);
  ring.fill(1, 0, real);
  const watched = {
    every: 100,
    reaction,
    latents: new Float32Array(3 * 16).map((_, i) => Math.sin(i)),
    real,
    shape: [2],
  };
  const guard = await openGuard(trainer, 10_000, watched, memory);
  let step = 0;
  /** Looks until something is done. */
  const act = async () => {
    for (;;) {
      step += 100;
      const seen = (await guard.look({ step, moves: {}, metrics: {} }))!;
      if (seen.record.rollback || seen.collapsed || step >= 10_000) return { step, ...seen };
    }
  };
  return { trainer, guard, act };
}

describe("a training that is not healthy", () => {
  test("is named and left alone where it is only to be warned of", async () => {
    const { step, record, collapsed } = await (await guarded("warn")).act();
    expect({ step, state: record.state, collapsed }).toEqual({ step: 10_000, state: "frozen", collapsed: undefined });
  });

  test("ends where it is to be stopped", async () => {
    const { step, collapsed } = await (await guarded("stop")).act();
    expect(collapsed).toMatchObject({ type: "collapsed", step: 600, diagnosis: { state: "frozen" } });
    expect(step).toBe(600);
  });

  test("is not ended by its last iteration, which ends it anyway", async () => {
    const { guard } = await guarded("stop");
    let last: Awaited<ReturnType<typeof guard.look>> | undefined;
    for (let step = 9500; step <= 10_000; step += 100) last = await guard.look({ step, moves: {}, metrics: {} });
    expect(last).toMatchObject({ record: { state: "frozen" } });
    expect(last!.collapsed).toBeUndefined();
  });

  test("goes back to the best weights at half the pace, three times, and then ends", async () => {
    const { trainer, guard, act } = await guarded("rollback");
    const start = await trainer.snapshot();
    for (let i = 0; i < 4; i++) await trainer.iterate();
    await guard.keep();
    const best = await trainer.snapshot();
    for (let i = 1; i <= mostRollbacks; i++) {
      await trainer.iterate();
      const { step, record } = await act();
      expect(step).toBe(600 * i);
      expect(record.rollback).toEqual({ to: 4, pace: 0.5 ** i });
      await guard.goBack(record.rollback!);
      expect(trainer.step).toBe(4 + i);
      for (const [name, { values }] of await trainer.snapshot()) {
        expect(values, name).toEqual(/pace$/.test(name) ? Float32Array.of(0.5 ** i) : best.get(name)!.values);
      }
    }
    expect(best).not.toEqual(start);
    expect((await act()).collapsed).toMatchObject({ step: 600 * (mostRollbacks + 1) });
  });

  test("goes back to the start where nothing was best", async () => {
    const { trainer, guard, act } = await guarded("rollback");
    const start = await trainer.snapshot();
    await trainer.iterate();
    const { record } = await act();
    expect(record.rollback).toEqual({ to: 0, pace: 0.5 });
    await guard.goBack(record.rollback!);
    expect((await trainer.read("generator/dense1/weight")).slice()).toEqual(
      Float64Array.from(start.get("generator/dense1/weight")!.values),
    );
  });

  test("has as many rollbacks left as earlier sessions did not need", async () => {
    const memory: GuardMemory = { looks: [], state: "healthy", rollbacks: mostRollbacks };
    expect((await (await guarded("rollback", memory)).act()).collapsed).toBeDefined();
  });
});
