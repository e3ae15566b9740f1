import { describe, expect, test } from "vitest";
import { evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { input, type Shape, type Tensor } from "../graph/tensor.ts";
import { zeros } from "../nn/initialiser.ts";
import { parameter } from "../nn/layer.ts";
import { reshape } from "../ops/broadcasting.ts";
import { concat, slice } from "../ops/layout.ts";
import { matMul } from "../ops/product.ts";
import { sizeOf } from "../program.ts";
import { adam } from "./adam.ts";
import type { BlockSpec, UpdateContext, UpdateRule } from "./update-rule.ts";
import { type UpdateName, type UpdateSettings, updateRules } from "./update-rules.ts";

const settings = {
  beta1: 0.8,
  beta2: 0.95,
  momentum: -0.5,
  weightDecay: 0.1,
  relative: true,
  damping: 0.3,
  iterations: 20,
} satisfies UpdateSettings;
const learningRate = 0.03;
const steps = 5;

const block: BlockSpec = {
  name: "net/dense1",
  parameters: [parameter("net/dense1/weight", [2, 3], zeros), parameter("net/dense1/bias", [3], zeros)],
};
const size = 9;

type Vector = readonly number[];

const dot = (a: Vector, b: Vector) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const norm = (a: Vector) => Math.sqrt(dot(a, a));

/** A symmetric matrix of positive eigenvalues, as rows. */
const H: readonly Vector[] = (() => {
  const A = Array.from({ length: size }, (_, i) => numbers(size, `row ${i}`));
  return A.map((row, i) => A.map((column, j) => dot(row, column) + (i === j ? 1 : 0)));
})();
const times = (matrix: readonly Vector[], x: Vector) => matrix.map((row) => dot(row, x));

/** Solves Ax = b by elimination without pivots, for a positive definite A. */
function solve(A: readonly Vector[], b: Vector): number[] {
  const rows = A.map((row, i) => [...row, b[i]!]);
  for (const [k, pivot] of rows.entries()) {
    for (const row of rows) {
      const factor = row === pivot ? 0 : row[k]! / pivot[k]!;
      for (let j = k; j < row.length; j++) row[j]! -= factor * pivot[j]!;
    }
  }
  return rows.map((row, k) => row.at(-1)! / row[k]!);
}

/** What a rule makes of a block: its weights as one vector, from those before, the gradient and the signs of the noise; called once a step. */
type Published = (w: Vector, g: Vector, signs: Vector) => number[];

/** A rule that treats every weight by itself, written for one number; `step` gives the change, divided by minus the learning rate. */
function perWeight(rule: () => (g: number, w: number, sign: number, i: number) => number): Published {
  const rules = Array.from({ length: size }, rule);
  return (w, g, signs) => w.map((x, i) => x - learningRate * rules[i]!(g[i]!, x, signs[i]!, i));
}

const plain = () => perWeight(() => (g) => g);
const { beta1, beta2, momentum } = settings;

/** Each rule, line by line from its source. */
const published: Record<UpdateName, () => Published> = {
  gradient: plain,
  // with a search, for a step of length learningRate
  lipschitz: plain,
  "line-search": plain,
  exact: plain,
  momentum: () =>
    perWeight(() => {
      let v = 0;
      return (g) => {
        v = momentum * v + g;
        return v;
      };
    }),
  // Sutskever's form, at the point of the look-ahead: theta_t + mu v_t
  nesterov: () =>
    perWeight(() => {
      let v = 0;
      return (g) => {
        const before = v;
        v = momentum * v - learningRate * g;
        return -(v + momentum * (v - before)) / learningRate;
      };
    }),
  rmsprop: () =>
    perWeight(() => {
      let v = 0;
      return (g) => {
        v = beta2 * v + (1 - beta2) * g ** 2;
        return g / (Math.sqrt(v) + 1e-8);
      };
    }),
  // Kingma and Ba 2015, algorithm 1
  adam: () => perWeight(adamOfOneNumber),
  // Loshchilov and Hutter 2019, algorithm 2, with the decay of PyTorch
  adamw: () =>
    perWeight(() => {
      const step = adamOfOneNumber();
      return (g, w) => step(g) + settings.weightDecay * w;
    }),
  normalised: () => (w, g) => {
    const length = (learningRate * Math.max(norm(w), 1e-3)) / (norm(g) + 1e-8);
    return w.map((x, i) => x - length * g[i]!);
  },
  curvature: () => (w, g) => {
    const length = dot(g, g) / dot(g, times(H, g));
    return w.map((x, i) => x - length * g[i]!);
  },
  "coordinate-newton": () => perWeight(() => (g, _, __, i) => g / H[i]![i]!),
  hutchinson: () => {
    // the estimate needs the whole block; then Yao et al. 2021, algorithm 1, with a clip
    let estimate: Vector = [];
    const average = perWeight(() => {
      let [m, s, t] = [0, 0, 0];
      return (g, _, __, i) => {
        t++;
        m = beta1 * m + (1 - beta1) * g;
        s = beta2 * s + (1 - beta2) * estimate[i]! ** 2;
        const step = m / (1 - beta1 ** t) / (Math.sqrt(s / (1 - beta2 ** t)) + 1e-8);
        return Math.min(Math.max(step, -1), 1);
      };
    });
    return (w, g, signs) => {
      estimate = times(H, signs).map((x, i) => signs[i]! * x);
      return average(w, g, signs);
    };
  },
  "block-newton": () => (w, g) => {
    const damped = H.map((row, i) => row.map((x, j) => (i === j ? x + settings.damping : x)));
    const d = solve(damped, g);
    return w.map((x, i) => x - learningRate * d[i]!);
  },
};

function adamOfOneNumber() {
  let [m, v, t] = [0, 0, 0];
  return (g: number) => {
    t++;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const mHat = m / (1 - beta1 ** t);
    const vHat = v / (1 - beta2 ** t);
    return mHat / (Math.sqrt(vHat) + 1e-8);
  };
}

/** The values of weights and state at the start: weights drawn, state as declared. */
function startOf(rule: UpdateRule): Values {
  const states = rule
    .init(block)
    .map(({ name, shape, initialiser }) => [name, new Array<number>(sizeOf(shape)).fill(initialiser.value)]);
  const drawn = block.parameters.map(({ name, shape }) => [name, numbers(sizeOf(shape), name)]);
  return Object.fromEntries([...drawn, ...states]);
}

/** A product with `H` of a block in one vector. */
function product(direction: readonly Tensor[]): Tensor[] {
  const columns = direction.map((part) => reshape(part, [sizeOf(part.shape), 1]));
  const count = columns.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const result = matMul(input("H", [count, count], "hyper"), concat(columns, 0));
  let end = 0;
  return direction.map(({ shape }) => {
    const start = end;
    end += sizeOf(shape);
    return reshape(slice(result, 0, start, end), shape);
  });
}

/** What a rule is given; what it does not list in its needs is not there. */
function contextOf(rule: UpdateRule, spec: BlockSpec, shapeOf: (name: string) => Shape): UpdateContext {
  const refuse = (need: string) => () => {
    throw new Error(`${rule.name} does not list ${need}`);
  };
  return {
    block: spec.name,
    moved: spec.parameters.map(({ name, shape }) => ({
      name,
      value: input(name, shape, "parameter"),
      gradient: input(`${name}/gradient`, shape, "gradient"),
    })),
    state: (name) => input(name, shapeOf(name), "state"),
    learningRate: input("learningRate", [], "hyper"),
    curvature: rule.needs?.includes("curvature") ? product : refuse("curvature"),
    noise: rule.needs?.includes("noise") ? (name, shape) => input(name, shape, "noise") : refuse("noise"),
  };
}

/** A function from weights, state, gradients and the signs of the noise to the next weights and state, by name. */
async function stepper(rule: UpdateRule) {
  const shapes = new Map([...block.parameters, ...rule.init(block)].map(({ name, shape }) => [name, shape]));
  const next = rule.update(contextOf(rule, block, (name) => shapes.get(name)!));
  expect([...next.keys()].sort()).toEqual([...shapes.keys()].sort());
  for (const [name, { shape }] of next) expect(shape).toEqual(shapes.get(name));
  const run = await evaluator([...next.values()]);
  return async (values: Values, gradients: Values, noise: Values = probesOf(0)): Promise<Values> => {
    const results = await run({
      ...values,
      ...suffixed(gradients, "gradient"),
      ...suffixed(noise, "hutchinson/probe"),
      learningRate: [learningRate],
      H: H.flat(),
    });
    return Object.fromEntries([...next.keys()].map((name, i) => [name, results[i]!]));
  };
}

const suffixed = (values: Values, suffix: string) =>
  Object.fromEntries(Object.entries(values).map(([name, list]) => [`${name}/${suffix}`, list]));

/** A tensor for each weight of the block. */
function gradientsOf(value: (size: number, name: string) => number[]): Values {
  return Object.fromEntries(block.parameters.map(({ name, shape }) => [name, value(sizeOf(shape), name)]));
}

const slopesOf = (t: number) => gradientsOf((count, name) => numbers(count, `${name} ${t}`, -2, 2));
const probesOf = (t: number) => gradientsOf((count, name) => numbers(count, `${name} probe ${t}`));
const flat = (values: Values) => block.parameters.flatMap(({ name }) => values[name]!);

describe.each(Object.entries(updateRules))("%s", (key, make) => {
  const rule = make(settings);
  const undecayed = make({ ...settings, weightDecay: 0 });

  test(`steps as published, ${steps} times`, async () => {
    const step = await stepper(rule);
    const expected = published[key as UpdateName]();
    let values = startOf(rule);
    let w = flat(values);
    for (let t = 0; t < steps; t++) {
      values = await step(values, slopesOf(t), probesOf(t));
      w = expected(w, flat(slopesOf(t)), flat(probesOf(t)).map(Math.sign));
      expect(largestError(flat(values), w), `after step ${t + 1}`).toBeLessThan(1e-13);
    }
  });

  test("is named as in the registry, and keeps state under names of the block that nothing else has", () => {
    expect(rule.name).toBe(key);
    const names = [...block.parameters, ...rule.init(block)].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, role, shape, like } of rule.init(block)) {
      expect(name).toMatch(new RegExp(`^${block.name}/(.*/)?${key}/`));
      expect(role).toBe("state");
      expect(shape).toEqual(block.parameters.find((weight) => weight.name === like)?.shape ?? []);
    }
    // blocks of one network do not meet
    const other = {
      name: "net/dense2",
      parameters: block.parameters.map((p) => ({ ...p, name: p.name.replace("1", "2") })),
    };
    for (const { name } of rule.init(other)) expect(names).not.toContain(name);
  });

  test("has defaults, and a search exactly if it needs the objective", () => {
    expect(make({}).name).toBe(key);
    expect(rule.search !== undefined).toBe(rule.needs?.includes("objective") === true);
  });

  test("leaves weights where they are as long as the gradient is zero from the start, but for their decay", async () => {
    const start = startOf(undecayed);
    const step = await stepper(undecayed);
    const zero = gradientsOf((count) => new Array<number>(count).fill(0));
    const after = await step(await step(start, zero), zero);
    for (const { name } of block.parameters) expect(after[name]).toEqual(start[name]);
    expect(Object.values(after).flat().every(Number.isFinite)).toBe(true);
  });

  test("goes downhill in the first step", async () => {
    const start = startOf(undecayed);
    const after = await (await stepper(undecayed))(start, slopesOf(0));
    const g = flat(slopesOf(0));
    const moves = flat(after).map((w, i) => flat(start)[i]! - w);
    expect(dot(moves, g)).toBeGreaterThan(0);
    // weight by weight, unless the rule looks at how they depend on each other
    if (key !== "block-newton") expect(moves.every((move, i) => move * g[i]! > 0)).toBe(true);
  });

  test("takes a number of the block for every weight that moves, each from its own block, as well as one", async () => {
    const single: BlockSpec = { name: "net/b", parameters: [parameter("net/b/weight", [3], zeros)] };
    const states = new Map(rule.init(single).map((spec) => [spec.name, spec]));
    const given = (shapeOf: (name: string) => Shape) => rule.update(contextOf(rule, single, shapeOf));
    const [one, many] = [given((name) => states.get(name)!.shape), given(() => [3])];
    for (const { shape } of many.values()) expect(shape).toEqual([3]);
    const values = async (next: Map<string, Tensor>, stateShape: (name: string) => Shape) => {
      const run = await evaluator([...next.values()]);
      const numbersOf = ([name]: [string, unknown]) => [name, new Array(sizeOf(stateShape(name))).fill(0.6)];
      const results = await run({
        ...Object.fromEntries([...states].map(numbersOf)),
        "net/b/weight": [1, -2, 3],
        "net/b/weight/gradient": [0.5, 0.7, -0.9],
        "net/b/weight/hutchinson/probe": [1, -1, -1],
        learningRate: [learningRate],
        H: [3, 1, 0, 1, 4, 1, 0, 1, 5],
      });
      return Object.fromEntries([...next.keys()].map((name, i) => [name, results[i]!]));
    };
    const [alone, each] = [await values(one, (name) => states.get(name)!.shape), await values(many, () => [3])];
    for (const [name, list] of Object.entries(each)) {
      expect(list).toEqual(alone[name]!.length === 3 ? alone[name] : new Array(3).fill(alone[name]![0]));
    }
  });
});

test("momentum out of (-1, 1) and no iterations are refused", () => {
  expect(() => updateRules.momentum({ momentum: 1 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: momentum: expected a momentum between -1 and 1, got 1.]`,
  );
  expect(() => updateRules.nesterov({ momentum: Number.NaN })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: nesterov: expected a momentum between -1 and 1, got NaN.]`,
  );
  expect(() => updateRules["block-newton"]({ iterations: 0 })).toThrowErrorMatchingInlineSnapshot(
    `[ConfigError: block-newton: expected a whole number of iterations from 1 on, got 0.]`,
  );
});

test("normalised steps by the learning rate itself if it is not relative, whatever the sizes of weights and gradient", async () => {
  const rule = updateRules.normalised({ relative: false });
  const start = startOf(rule);
  const step = await stepper(rule);
  for (const scale of [1e-3, 1, 1e6]) {
    const after = await step(
      start,
      gradientsOf((count, name) => numbers(count, name).map((x) => scale * x)),
    );
    const length = norm(flat(after).map((w, i) => w - flat(start)[i]!));
    expect(Math.abs(length / learningRate - 1)).toBeLessThan(1e-4);
  }
});

test("normalised moves weights that are 0, by the learning rate times 0.001", async () => {
  const rule = updateRules.normalised({});
  const step = await stepper(rule);
  const after = await step(
    gradientsOf((count) => new Array<number>(count).fill(0)),
    slopesOf(0),
  );
  expect(Math.abs(norm(flat(after)) / (1e-3 * learningRate) - 1)).toBeLessThan(1e-8);
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
