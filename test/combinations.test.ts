import { describe, expect, test } from "vitest";
import { ring } from "../src/data/mixture.ts";
import { partitions } from "../src/descent/partition.ts";
import { selectionRules } from "../src/descent/selection.ts";
import { statePolicies } from "../src/descent/state-policy.ts";
import { ConfigError } from "../src/errors.ts";
import { losses } from "../src/gan/losses.ts";
import { penalties } from "../src/gan/penalties.ts";
import { proximalOperators } from "../src/optim/proximal.ts";
import { schedules } from "../src/optim/schedule.ts";
import { updateRules } from "../src/optim/update-rules.ts";
import { type Config, configure } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import type { Setting } from "../src/runs/setting.ts";
import { referenceRuntime } from "../src/runtime/reference.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { simple } from "./support/config.ts";

const examples = { shape: [2], range: "real" } as const;
const tiny: readonly Setting[] = [
  ["generator.latent", 2],
  ["generator.hidden", [3]],
  ["discriminator.hidden", [3]],
  ["batch", 4],
  ["steps", 4],
];
const configOf = (...settings: Setting[]): Config =>
  configure({ ...simple, data: "ring" }, [...tiny, ...settings, ...listFor(settings)]);

/** The partition `list` wants one. */
const listFor = (settings: readonly Setting[]): Setting[] =>
  settings.some(([, value]) => value === "list")
    ? [["descent.blocks", [["generator/dense1"], ["generator/dense2"]]]]
    : [];

/** Trains a tiny network for some iterations. */
async function trained(config: Config): Promise<number> {
  const plan = planOf(config, examples);
  const trainer = await createTrainer({ plan, runtime: referenceRuntime(), data: ring, seed: 1 });
  let iterations = 0;
  for (; iterations < config.steps; iterations++) {
    const { metrics } = await trainer.iterate();
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
  }
  for (const [name, { values }] of await trainer.snapshot()) expect(values.every(Number.isFinite), name).toBe(true);
  await trainer.release();
  return iterations;
}

test.each(Object.keys(losses))("every update descends on the loss %s, on both sides", async (loss) => {
  for (const update of updates) {
    // nothing bounds this loss from below, which a search for the exact minimum finds out
    if (loss === "wasserstein" && update === "exact") continue;
    const config = configOf(["loss", loss], ...both(["partition", "layer"], ["update", update]));
    expect(await trained(config), update).toBe(4);
  }
});

test.each(Object.keys(penalties))("every update descends with the penalty %s", async (penalty) => {
  for (const update of updates) {
    const settings = both(["partition", "layer"], ["update", update]);
    const config = configOf(["loss", "relativistic"], [`discriminator.${penalty}`, 0.1], ...settings);
    expect(await trained(config), update).toBe(4);
  }
});

test("every update descends on a spectrally normalised discriminator", async () => {
  for (const update of updates) {
    const settings = both(["partition", "layer"], ["update", update]);
    const config = configOf(["loss", "hinge"], ["discriminator.spectralNorm", true], ...settings);
    expect(await trained(config), update).toBe(4);
  }
});

const setsRules = Object.entries(selectionRules).flatMap(([name, rule]) => (rule({}).sets ? [name] : []));
const piecewise = ["unit", "sorted", "averaged", "coordinates"];

describe.each(Object.keys(partitions))("blocks by %s", (partition) => {
  test.each(Object.keys(selectionRules))("selected by %s move by every update", async (select) => {
    const isRefused = setsRules.includes(select) && piecewise.includes(partition);
    for (const update of Object.keys(updateRules)) {
      const config = configOf(["descent.partition", partition], ["descent.select", select], ["descent.update", update]);
      if (isRefused) expect(() => planOf(config, examples)).toThrow(ConfigError);
      else expect(await trained(config), update).toBe(4);
    }
  });
});

const updates = Object.keys(updateRules);
const searches = Object.entries(updateRules).flatMap(([name, rule]) => (rule({}).search ? [name] : []));
const first = updates.filter((name) => !searches.includes(name));

/** Settings of both players. */
const both = (...settings: Setting[]): Setting[] =>
  settings.flatMap(([key, value]): Setting[] => [
    [`descent.${key}`, value],
    [`discriminator.descent.${key}`, value],
  ]);

describe.each(Object.keys(partitions).filter((name) => name !== "list"))(
  "with both players in blocks by %s",
  (partition) => {
    const blocks = both(["partition", partition]);

    test.each(updates)("%s keeps, resets and decays its state", async (update) => {
      for (const state of Object.keys(statePolicies)) {
        expect(await trained(configOf(...blocks, ...both(["update", update], ["state", state])))).toBe(4);
      }
    });

    test.each(["simultaneous", "extragradient"])("play is %s for every update that does not search", async (order) => {
      for (const update of updates) {
        const config = configOf(...blocks, ...both(["update", update]), ["game.order", order]);
        if (searches.includes(update)) expect(() => planOf(config, examples)).toThrow(ConfigError);
        else expect(await trained(config), update).toBe(4);
      }
    });

    test("every modifier, schedule and pace goes with every update that does not search", async () => {
      const modifiers: Setting[][] = [
        both(["optimistic", true]),
        both(["largest", 2]),
        ...Object.keys(proximalOperators).map((name) => both(["proximal", name])),
        ...Object.keys(schedules).map((name) => both(["schedule", name], ["perSweep", true])),
        both(["hold", 2]),
        both(["innerSteps", 3]),
        both(["average", 0.9]),
        both(["anderson", 2]),
        [["descent.steps", "sweep"]],
        [["discriminator.descent.steps", 3]],
        [["discriminator.penaltyEvery", 2]],
        [["discriminator.spectralNorm", true]],
      ];
      for (const modifier of modifiers) {
        for (const update of ["gradient", "adam", "hutchinson"]) {
          expect(first).toContain(update);
          expect(await trained(configOf(...blocks, ...both(["update", update]), ...modifier)), `${modifier}`).toBe(4);
        }
      }
    });
  },
);
