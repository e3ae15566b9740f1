import { describe, expect, test } from "vitest";
import { evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { input } from "../graph/tensor.ts";
import { zeros } from "../nn/initialiser.ts";
import { parameter } from "../nn/layer.ts";
import { sizeOf } from "../program.ts";
import { adam } from "./adam.ts";
import type { BlockSpec, UpdateRule } from "./update-rule.ts";
import { type UpdateName, updateRules } from "./update-rules.ts";

const settings = { beta1: 0.8, beta2: 0.95 };
const learningRate = 0.03;
const steps = 5;

const block: BlockSpec = {
  name: "net/dense1",
  parameters: [parameter("net/dense1/weight", [2, 3], zeros), parameter("net/dense1/bias", [3], zeros)],
};

/** A published rule, written plainly for one number: the changes of the weight at the gradients of successive steps. */
type Published = (gradients: readonly number[]) => number[];

const published: Record<UpdateName, Published> = {
  gradient: (gradients) => gradients.map((g) => -learningRate * g),
  // Kingma and Ba 2015, algorithm 1, line by line
  adam(gradients) {
    const { beta1, beta2 } = settings;
    let [m, v] = [0, 0];
    return gradients.map((g, i) => {
      const t = i + 1;
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      const mHat = m / (1 - beta1 ** t);
      const vHat = v / (1 - beta2 ** t);
      return (-learningRate * mHat) / (Math.sqrt(vHat) + 1e-8);
    });
  },
};

/** The values of weights and state at the start: weights drawn, state as declared. */
function startOf(rule: UpdateRule): Values {
  const states = rule.init(block).map(({ name, shape, initialiser }) => {
    if (initialiser.kind !== "constant") throw new Error("state starts as one number");
    return [name, new Array<number>(sizeOf(shape)).fill(initialiser.value)];
  });
  const drawn = block.parameters.map(({ name, shape }) => [name, numbers(sizeOf(shape), name)]);
  return Object.fromEntries([...drawn, ...states]);
}

/** A function from weights, state and gradients to the next weights and state, by name. */
async function stepper(rule: UpdateRule): Promise<(values: Values, gradients: Values) => Promise<Values>> {
  const shapes = new Map([...block.parameters, ...rule.init(block)].map(({ name, shape }) => [name, shape]));
  const moved = block.parameters.map(({ name, shape }) => ({
    name,
    value: input(name, shape, "parameter"),
    gradient: input(`${name}/gradient`, shape, "gradient"),
  }));
  const next = rule.update(
    block.name,
    moved,
    (name) => input(name, shapes.get(name)!, "state"),
    input("learningRate", [], "hyper"),
  );
  expect([...next.keys()].sort()).toEqual([...shapes.keys()].sort());
  for (const [name, { shape }] of next) expect(shape).toEqual(shapes.get(name));
  const run = await evaluator([...next.values()]);
  return async (values, gradients) => {
    const given = Object.fromEntries(Object.entries(gradients).map(([name, list]) => [`${name}/gradient`, list]));
    const results = await run({ ...values, ...given, learningRate: [learningRate] });
    return Object.fromEntries([...next.keys()].map((name, i) => [name, results[i]!]));
  };
}

/** A gradient for each weight of the block. */
function gradientsOf(value: (size: number, name: string) => number[]): Values {
  return Object.fromEntries(block.parameters.map(({ name, shape }) => [name, value(sizeOf(shape), name)]));
}

describe.each(Object.entries(updateRules))("%s", (key, make) => {
  const rule = make(settings);

  test(`steps as published, ${steps} times`, async () => {
    const start = startOf(rule);
    const step = await stepper(rule);
    const slopes = Array.from({ length: steps }, (_, t) =>
      gradientsOf((size, name) => numbers(size, `${name} ${t}`, -2, 2)),
    );
    let values = start;
    for (const [t, gradients] of slopes.entries()) {
      values = await step(values, gradients);
      for (const { name } of block.parameters) {
        const expected = start[name]!.map((w, i) => {
          const changes = published[key as UpdateName](slopes.map((slope) => slope[name]![i]!));
          return changes.slice(0, t + 1).reduce((sum, change) => sum + change, w);
        });
        expect(largestError(values[name]!, expected), `${name} after step ${t + 1}`).toBeLessThan(1e-14);
      }
    }
  });

  test("is named as in the registry, and keeps state under names of the block that nothing else has", () => {
    expect(rule.name).toBe(key);
    const names = [...block.parameters, ...rule.init(block)].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, role } of rule.init(block)) {
      expect(name).toMatch(new RegExp(`^${block.name}/(.*/)?${key}/`));
      expect(role).toBe("state");
    }
    // blocks of one network do not meet
    const other = {
      name: "net/dense2",
      parameters: block.parameters.map((p) => ({ ...p, name: p.name.replace("1", "2") })),
    };
    for (const { name } of rule.init(other)) expect(names).not.toContain(name);
  });

  test("leaves weights where they are as long as the gradient is zero from the start", async () => {
    const start = startOf(rule);
    const step = await stepper(rule);
    const zero = gradientsOf((size) => new Array<number>(size).fill(0));
    const after = await step(await step(start, zero), zero);
    for (const { name } of block.parameters) expect(after[name]).toEqual(start[name]);
    expect(Object.values(after).flat().every(Number.isFinite)).toBe(true);
  });

  test("moves every weight against its gradient in the first step", async () => {
    const start = startOf(rule);
    const gradients = gradientsOf((size, name) => numbers(size, `${name} slope`, -2, 2));
    const after = await (await stepper(rule))(start, gradients);
    for (const { name } of block.parameters) {
      const moves = after[name]!.map((w, i) => (start[name]![i]! - w) / gradients[name]![i]!);
      expect(moves.every((move) => move > 0)).toBe(true);
    }
  });
});

describe("adam", () => {
  test("moves every weight by the learning rate in its first step, whatever the size of the gradient", async () => {
    const rule = adam();
    const start = startOf(rule);
    const step = await stepper(rule);
    for (const size of [1e-4, 1, 1e6]) {
      const gradients = gradientsOf((count, name) => numbers(count, name).map((x) => Math.sign(x) * size));
      const after = await step(start, gradients);
      for (const { name } of block.parameters) {
        const moves = start[name]!.map((w, i) => (w - after[name]![i]!) * Math.sign(gradients[name]![i]!));
        // |g| / (|g| + epsilon) of the learning rate
        const expected = moves.map(() => (learningRate * size) / (size + 1e-8));
        expect(largestError(moves, expected)).toBeLessThan(1e-14);
      }
    }
  });

  test("has no bias while the gradient stays the same: every step is the first again", async () => {
    const step = await stepper(adam(settings));
    const gradients = gradientsOf((count) => new Array<number>(count).fill(-0.5));
    let values = startOf(adam(settings));
    for (let t = 1; t <= 20; t++) {
      const next = await step(values, gradients);
      const moves = values["net/dense1/bias"]!.map((w, i) => next["net/dense1/bias"]![i]! - w);
      expect(
        largestError(
          moves,
          moves.map(() => (learningRate * 0.5) / (0.5 + 1e-8)),
        ),
      ).toBeLessThan(1e-13);
      values = next;
    }
  });

  test("forgets at the rates of its betas once the gradient is gone", async () => {
    const step = await stepper(adam(settings));
    const first = await step(
      startOf(adam(settings)),
      gradientsOf((size, name) => numbers(size, name)),
    );
    const second = await step(
      first,
      gradientsOf((size) => new Array<number>(size).fill(0)),
    );
    const decayed = (moment: string, beta: number) =>
      largestError(
        second[`net/dense1/bias/adam/${moment}`]!,
        first[`net/dense1/bias/adam/${moment}`]!.map((x) => beta * x),
      );
    expect(decayed("m", settings.beta1)).toBeLessThan(1e-15);
    expect(decayed("v", settings.beta2)).toBeLessThan(1e-15);
    expect(second["net/dense1/adam/beta1Power"]).toEqual([settings.beta1 * settings.beta1]);
  });
});
