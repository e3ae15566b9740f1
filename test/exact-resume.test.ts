import { beforeAll, describe, expect, test } from "vitest";
import { ring } from "../src/data/mixture.ts";
import { partitions } from "../src/descent/partition.ts";
import { selectionRules } from "../src/descent/selection.ts";
import { statePolicies } from "../src/descent/state-policy.ts";
import { ConfigError } from "../src/errors.ts";
import { updateRules } from "../src/optim/update-rules.ts";
import type { Plan } from "../src/plan.ts";
import { type Config, configure } from "../src/runs/config.ts";
import { timeless } from "../src/runs/log.ts";
import { planOf } from "../src/runs/model.ts";
import type { Setting } from "../src/runs/setting.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import type { DeviceTensor, Runtime } from "../src/runtime/runtime.ts";
import type { Snapshot } from "../src/train/snapshot.ts";
import { type LoopState, type TrainingEvent, train } from "../src/train/train.ts";
import { createTrainer, type Trainer } from "../src/train/trainer.ts";
import { simple } from "./support/config.ts";

const examples = { shape: [2], range: "real" } as const;
const tiny: readonly Setting[] = [
  ["generator.latent", 2],
  ["generator.hidden", [4]],
  ["discriminator.hidden", [4]],
  ["batch", 4],
];
const configOf = (settings: readonly Setting[]): Config =>
  configure({ ...simple, data: "ring" }, [...tiny, ...settings]);

let runtime: Runtime;
beforeAll(() => {
  runtime = nodeRuntime({ threads: 1 });
});

const trainerOf = (plan: Plan, on = runtime) => createTrainer({ plan, runtime: on, data: ring, seed: 1 });

const copyOf = (snapshot: Snapshot): Snapshot =>
  new Map([...snapshot].map(([name, { shape, values }]) => [name, { shape, values: values.slice() }]));

/** A trainer with a past of its own, all of whose memory is filled with what no training can use. */
async function spoiled(plan: Plan): Promise<Trainer> {
  const tensors: DeviceTensor[] = [];
  const recorded = (allocate: Runtime["allocate"]) => (shape: readonly number[]) => {
    const tensor = allocate(shape);
    tensors.push(tensor);
    return tensor;
  };
  const arena: Runtime["arena"] = runtime.arena && ((shapes) => recorded(runtime.arena!(shapes)));
  const trainer = await trainerOf(plan, { ...runtime, allocate: recorded(runtime.allocate), ...(arena && { arena }) });
  for (let i = 0; i < 4; i++) await trainer.iterate();
  const garbage = copyOf(await trainer.snapshot());
  for (const { values } of garbage.values()) values.fill(Number.NaN);
  trainer.restore(garbage, trainer.step); // what only the runner knows, too
  for (const tensor of tensors) tensor.write((values) => values.fill(Number.NaN));
  return trainer;
}

/** Configurations in which every rule has its turn, together with whatever else remembers something. */
function representatives(): { name: string; plan: Plan; settings: readonly Setting[] }[] {
  const names = {
    select: Object.keys(selectionRules),
    update: Object.keys(updateRules),
    partition: Object.keys(partitions).filter((name) => name !== "list"),
    state: Object.keys(statePolicies),
    order: ["alternating", "simultaneous", "extragradient"],
  };
  const count = Math.max(...Object.values(names).map((list) => list.length));
  const at = (list: readonly string[], i: number) => list[i % list.length]!;
  return Array.from({ length: count }, (_, i) => {
    const [select, update, state] = [at(names.select, i), at(names.update, i), at(names.state, i)];
    const both = (name: string, value: unknown): Setting[] => [
      [`descent.${name}`, value],
      [`discriminator.descent.${name}`, value],
    ];
    const common: Setting[] = [
      ["descent.select", select],
      ["descent.average", 0.9],
      ["discriminator.spectralNorm", i % 2 === 1],
      ["discriminator.descent.steps", 1 + (i % 2)],
      ...both("update", update),
      ...both("state", state),
    ];
    const more: Setting[] = [
      ...both("hold", 1 + (i % 3)),
      ...both("anderson", i % 4 === 3 ? 2 : 0),
      ["discriminator.penaltyEvery", 3],
    ];
    // not everything goes with everything
    for (const order of [at(names.order, i), "alternating"]) {
      for (let turn = i; turn < i + names.partition.length; turn++) {
        for (const extra of [more, more.slice(0, -1), []]) {
          const settings: Setting[] = [
            ...common,
            ...extra,
            ["game.order", order],
            ["descent.partition", at(names.partition, turn)],
            ["discriminator.descent.partition", turn % 2 === 0 ? "layer" : "unit"],
          ];
          const plan = plannable(settings);
          if (plan)
            return { name: `${select}, ${update}, ${at(names.partition, turn)}, ${state}, ${order}`, plan, settings };
        }
      }
    }
    throw new Error(`nothing goes with ${select} and ${update}`);
  });
}

function plannable(settings: readonly Setting[]): Plan | undefined {
  try {
    return planOf(configOf(settings), examples);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

const cases = representatives();

describe("a snapshot is the whole state of a trainer: restored over garbage, another one goes on like the live one", () => {
  test.each(cases)("$name", async ({ plan }) => {
    const live = await trainerOf(plan);
    for (let i = 0; i < 5; i++) await live.iterate();
    live.setPace(0.5);
    for (let i = 0; i < 2; i++) await live.iterate();
    const snapshot = copyOf(await live.snapshot());
    const other = await spoiled(plan);
    other.restore(snapshot, live.step);
    expect(copyOf(await other.snapshot())).toEqual(snapshot);
    for (let i = 0; i < 9; i++) {
      expect(await other.iterate()).toEqual(await live.iterate());
      expect(other.takeVisits("generator")).toEqual(live.takeVisits("generator"));
    }
    expect(await other.snapshot()).toEqual(await live.snapshot());
    await Promise.all([live.release(), other.release()]);
  });

  test("every selection rule, update, partition, state policy and order is among them", () => {
    const used = (key: string) =>
      new Set(cases.flatMap(({ settings }) => settings.filter(([k]) => k === key).map(([, v]) => v)));
    expect(used("descent.select").size).toBe(Object.keys(selectionRules).length);
    expect(used("descent.update").size).toBe(Object.keys(updateRules).length);
    expect(used("descent.state").size).toBe(Object.keys(statePolicies).length);
    expect(used("descent.partition").size).toBe(Object.keys(partitions).length - 1);
    expect(used("game.order").size).toBe(3);
  });
});

describe("a training of 60 steps", () => {
  const steps = 60;
  const plan = planOf(
    configOf([
      ["descent.partition", "unit"],
      ["descent.select", "bandit"],
      ["descent.hold", 2],
      ["descent.average", 0.9],
      ["discriminator.penaltyEvery", 4],
      ["discriminator.spectralNorm", true],
    ]),
    examples,
  );
  const probe = {
    every: 7,
    latents: Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)),
    measure: async (samples: Float32Array) => ({
      distance: samples.reduce((sum, x) => sum + Math.abs(x - 0.1), 0),
      ...{ modes: 1, histogram: [1], diversity: 1 },
    }),
  };
  const watch = { every: 5, reaction: "warn", latents: probe.latents, real: probe.latents, shape: [2] } as const;
  interface Saved {
    readonly step: number;
    readonly snapshot: Snapshot;
    readonly state: LoopState;
  }

  /** What a session says, from a checkpoint or the beginning to the step at which it is stopped, without what depends on the clock. */
  async function session(trainer: Trainer, from: Saved | undefined, checkpointEvery: number, stopAt = steps) {
    if (from) trainer.restore(from.snapshot, from.step);
    const events: TrainingEvent[] = [];
    const every = { logEvery: 4, sampleEvery: 9, checkpointEvery };
    const isStopped = () => trainer.step >= stopAt;
    const latents = Float32Array.of(0.5, -0.5);
    for await (const event of train({
      trainer,
      steps,
      batch: 4,
      ...every,
      latents,
      probe,
      watch,
      state: from?.state,
      isStopped,
    })) {
      events.push(
        event.type === "record" ? { ...event, record: timeless(event.record) as typeof event.record } : event,
      );
    }
    return events;
  }
  const saves = (events: readonly TrainingEvent[]) => events.filter((event) => event.type === "checkpoint");
  const others = (events: readonly TrainingEvent[]) => events.filter((event) => event.type !== "checkpoint");

  test("goes on after a checkpoint of any step as if nothing had been", async () => {
    const trainer = await trainerOf(plan);
    const whole = await session(trainer, undefined, 1);
    const checkpoints = saves(whole);
    expect(checkpoints.map(({ step }) => step)).toEqual(Array.from({ length: steps + 1 }, (_, k) => k));
    for (const saved of checkpoints.slice(1, -1)) {
      const rest = await session(trainer, saved, 1);
      expect(rest, `from step ${saved.step}`).toEqual(whole.slice(whole.indexOf(saved) + 1));
    }
    await trainer.release();
  });

  test("stopped after every single step, each time in a new process's place, is the same training", async () => {
    const trainer = await trainerOf(plan);
    const whole = await session(trainer, undefined, steps);
    const made: TrainingEvent[] = [];
    let last: Saved | undefined;
    for (let k = 1; k <= steps; k++) {
      const next = await trainerOf(plan);
      const events = await session(next, last, steps, k);
      made.push(...others(events));
      last = saves(events).at(-1)!;
      expect(last.step).toBe(k);
      await next.release();
    }
    expect(made).toEqual(others(whole));
    expect({ ...last, isBest: false }).toEqual({ ...saves(whole).at(-1), isBest: false });
    await trainer.release();
  });
});
