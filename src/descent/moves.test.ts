import { describe, expect, test } from "vitest";
import { inProcess } from "../../test/support/collective.ts";
import { largestError, numbers } from "../../test/support/evaluate.ts";
import { nodesOf, printNodes } from "../../test/support/nodes.ts";
import type { Dataset } from "../data/dataset.ts";
import { type GanOptions, ganPlan } from "../gan/game.ts";
import { losses, nonSaturating } from "../gan/losses.ts";
import { perceptron } from "../nn/network.ts";
import { spectrallyNormalised } from "../nn/spectral.ts";
import { adam } from "../optim/adam.ts";
import { gradientStep } from "../optim/gradient.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import { updateRules } from "../optim/update-rules.ts";
import type { Move } from "../plan.ts";
import { type InputRole, type Program, sizeOf } from "../program.ts";
import { fillNormal, stream } from "../random.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { createTrainer } from "../train/trainer.ts";
import { byLayer, type Partition, whole } from "./partition.ts";
import { cyclic } from "./selection-order.ts";

interface Sizes {
  /** Widths from the latent vector to the example, and from the example to the logit. */
  readonly generator: readonly number[];
  readonly discriminator: readonly number[];
}

/** The game of two perceptrons, both moved in blocks of one partition by one update rule. */
function game(
  { generator, discriminator }: Sizes,
  partition: Partition,
  update: UpdateRule,
  more: Partial<GanOptions> = {},
) {
  const network = (name: string, widths: readonly number[], output: "sigmoid" | "linear") =>
    perceptron(name, [widths[0]!], [widths.at(-1)!], { hidden: widths.slice(1, -1), output });
  const descent = { partition, select: cyclic(), update, learningRate: 0.05 };
  const plan = ganPlan({
    generator: network("generator", generator, "sigmoid"),
    discriminator: network("discriminator", discriminator, "linear"),
    latent: generator[0]!,
    shape: [discriminator[0]!],
    batch: 8,
    loss: nonSaturating,
    descent: { generator: descent, discriminator: descent },
    sampleBatch: 1,
    precision: "float64",
    ...more,
  });
  const [D, G] = plan.players;
  return { plan, D: D!.moves, G: G!.moves };
}

const settings = { beta1: 0.5, beta2: 0.99 };
/** Rules that need nothing but the gradient, and those of them that treat every weight alone. */
const firstOrder = Object.entries(updateRules)
  .map(([name, rule]) => [name, rule(settings)] as const)
  .filter(([, { needs = [] }]) => needs.length === 0);
const elementwise = firstOrder.filter(([name]) => name !== "normalised");
const macsOf = ({ programs }: Move) => programs.reduce((sum, { manifest }) => sum + manifest.cost.macs, 0);
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

describe("the multiply-accumulates of a step", () => {
  // the networks of the source document
  const sizes: Sizes = { generator: [100, 128, 256, 784], discriminator: [784, 256, 128, 1] };
  const batch = 8;
  const layers = (widths: readonly number[]) => widths.slice(1).map((width, i) => width * widths[i]!);
  const [g, d] = [layers(sizes.generator), layers(sizes.discriminator)];
  const [FG, FD] = [sum(g), sum(d)];
  /** Data gradients down to the layer above number `b`, counted from 0, and the weight gradient of that one. */
  const backwardTo = (f: readonly number[], b: number) => sum(f.slice(b + 1)) + f[b]!;
  const backward = (f: readonly number[]) => sum(f.slice(1)) + sum(f);

  test.each(Object.values(losses).map((loss) => [loss.name, loss] as const))(
    "are those of the closed formulas (%s)",
    (_, loss) => {
      for (const [, rule] of firstOrder) {
        const blocks = game(sizes, byLayer, rule, { loss });
        const full = game(sizes, whole, rule, { loss });
        const FX = loss.name === "relativistic" ? FD : 0; // the logits of the examples
        expect(blocks.G.map(macsOf)).toEqual(g.map((_, b) => batch * (FG + 2 * FD + FX + backwardTo(g, b))));
        expect(full.G.map(macsOf)).toEqual([batch * (FG + 2 * FD + FX + backward(g))]);
        expect(blocks.D.map(macsOf)).toEqual(d.map((_, b) => batch * (FG + 2 * (FD + backwardTo(d, b)))));
        expect(full.D.map(macsOf)).toEqual([batch * (FG + 2 * (FD + backward(d)))]);
      }
    },
  );

  test("do not grow when the batch is split", () => {
    const split = game(sizes, byLayer, gradientStep(), { replicas: 2 });
    const alone = game(sizes, byLayer, gradientStep());
    expect([...split.G, ...split.D].map((move) => 2 * macsOf(move))).toEqual([...alone.G, ...alone.D].map(macsOf));
  });
});

// all widths different, and none the 8 or 16 rows of a batch, so that a shape tells which weight it belongs to
const tiny: Sizes = { generator: [3, 4, 5, 6], discriminator: [6, 7, 9, 1] };
const weights = (name: string, widths: readonly number[]) =>
  widths.slice(1).map((width, i) => ({ name: `${name}/dense${i + 1}/weight`, shape: [widths[i]!, width] }));
const tinyWeights = {
  generator: weights("generator", tiny.generator),
  discriminator: weights("discriminator", tiny.discriminator),
};
const allWeights = [...tinyWeights.generator, ...tinyWeights.discriminator];

const normals: Dataset = {
  name: "normals",
  shape: [tiny.discriminator[0]!],
  range: "real",
  count: undefined,
  fingerprint: "",
  fill: (seed, step, out, part = 0) => fillNormal(stream(seed, "examples"), step, out, part * out.length),
};

describe("the length of the gradient", () => {
  const tinyByLayer = (rule: UpdateRule, more: Partial<GanOptions> = {}) => game(tiny, byLayer, rule, more).plan;
  const trained = (plan: ReturnType<typeof tinyByLayer>) =>
    createTrainer({ plan, runtime: referenceRuntime(), data: normals, seed: 3 });
  const metrics = ["gradientD", "gradientG"] as const;

  test("of the block that moves is what plain gradient steps from the same point are made of", async () => {
    const plain = tinyByLayer(gradientStep(), { order: "simultaneous" });
    for (const [, rule] of Object.entries(updateRules).map(([name, make]) => [name, make(settings)] as const)) {
      if (rule.gradientScale === undefined || rule.limit !== undefined) continue;
      const order = rule.search ? "alternating" : "simultaneous"; // D moves first, so that its gradient is the same
      const [steps, own] = [await trained(plain), await trained(tinyByLayer(rule, { order }))];
      const found = (await own.iterate()).metrics;
      const before = await steps.snapshot();
      const { moves, metrics: none } = await steps.iterate();
      expect(metrics.some((name) => name in none)).toBe(false); // a plain step never makes it
      const after = await steps.snapshot();
      for (const [i, player] of (["discriminator", "generator"] as const).entries()) {
        if (order === "alternating" && i === 1) continue;
        const names = [...before.keys()].filter((name) => name.startsWith(`${moves[player]![0]!.block}/`));
        const changes = names.flatMap((name) => [
          ...before.get(name)!.values.map((x, k) => (x - after.get(name)!.values[k]!) / 0.05),
        ]);
        expect(found[metrics[i]!], rule.name).toBeCloseTo(Math.hypot(...changes), 5);
      }
    }
  });
});

/** Nobody sees the weights that another has just moved: nothing of the forward pass is handed on. */
const alone: Partial<GanOptions> = { order: "simultaneous" };

describe("the program of a block", () => {
  test.each(firstOrder)("reads no state but its own, and returns its own tensors only (%s)", (_, rule) => {
    const { D, G } = game(tiny, byLayer, rule, alone);
    for (const { name: block, parameters, programs } of [...D, ...G]) {
      const { inputs, outputs } = programs[0]!.manifest;
      for (const { name } of inputs.filter(({ role }) => role === "state"))
        expect(name).toMatch(new RegExp(`^${block}/`));
      const replaced = outputs.filter(({ role }) => role !== "metric").map(({ replaces }) => replaces);
      for (const name of replaced) expect(name).toMatch(new RegExp(`^${block}/`));
      expect(replaced).toEqual(expect.arrayContaining([...parameters]));
      expect(programs).toHaveLength(1);
    }
  });

  test.each(firstOrder)("makes no tensor of the shape of another block's weight (%s)", (_, rule) => {
    const { D, G } = game(tiny, byLayer, rule, alone);
    for (const { name: block, programs } of [...D, ...G]) {
      const others = allWeights.filter(({ name }) => !name.startsWith(`${block}/`)).map(({ shape }) => `${shape}`);
      expect(nodesOf(programs[0]!).filter(({ shape }) => others.includes(`${shape}`))).toEqual([]);
    }
  });

  test("reads weights below its own once, forward, and those above twice, forward and backward", () => {
    const { G } = game(tiny, byLayer, gradientStep(), alone);
    const reads = G.map(({ programs }) => {
      const inputs = nodesOf(programs[0]!).flatMap((node) => node.inputs);
      return allWeights.map(({ name }) => inputs.filter((input) => input === name).length);
    });
    // its own: forward, and as the addend of its step
    expect(reads).toEqual([
      [2, 2, 2, 2, 2, 2],
      [1, 2, 2, 2, 2, 2],
      [1, 1, 2, 2, 2, 2],
    ]);
  });

  test("moves its weight by gradient in one product with the old weight as addend, and passes over it no more", () => {
    const { D, G } = game(tiny, byLayer, gradientStep(), alone);
    for (const { name: block, programs } of [...D, ...G]) {
      const { name, shape } = allWeights.find((weight) => weight.name === `${block}/weight`)!;
      const passes = nodesOf(programs[0]!).filter((node) => `${node.shape}` === `${shape}`);
      expect(passes.map(({ type, inputs, output }) => [type, inputs[2], output])).toEqual([
        ["Gemm", name, `${name}/next`],
      ]);
    }
  });

  test("reads, from the latents to the new weights, as printed here", () => {
    const { G } = game(tiny, byLayer, gradientStep(), alone);
    expect(printNodes(G[1]!.programs[0]!)).toMatchInlineSnapshot(`
      "#3/Gemm = Gemm(batch/latents, generator/dense1/weight, generator/dense1/bias) [8, 4]
      #4/LeakyRelu = LeakyRelu(#3/Gemm) [8, 4]
      #7/Gemm = Gemm(#4/LeakyRelu, generator/dense2/weight, generator/dense2/bias) [8, 5]
      #8/LeakyRelu = LeakyRelu(#7/Gemm) [8, 5]
      #11/Gemm = Gemm(#8/LeakyRelu, generator/dense3/weight, generator/dense3/bias) [8, 6]
      #12/Sigmoid = Sigmoid(#11/Gemm) [8, 6]
      #15/Gemm = Gemm(#12/Sigmoid, discriminator/dense1/weight, discriminator/dense1/bias) [8, 7]
      #16/LeakyRelu = LeakyRelu(#15/Gemm) [8, 7]
      #19/Gemm = Gemm(#16/LeakyRelu, discriminator/dense2/weight, discriminator/dense2/bias) [8, 9]
      #20/LeakyRelu = LeakyRelu(#19/Gemm) [8, 9]
      #23/Gemm = Gemm(#20/LeakyRelu, discriminator/dense3/weight, discriminator/dense3/bias) [8, 1]
      #24/Neg = Neg(#23/Gemm) [8, 1]
      #25/Softplus = Softplus(#24/Neg) [8, 1]
      lossG = ReduceMean(#25/Softplus, #int64/0,1) []
      #28/Neg = Neg(generator/learningRate) []
      #29/Mul = Mul(#28/Neg, #4/LeakyRelu) [8, 4]
      #31/Sigmoid = Sigmoid(#24/Neg) [8, 1]
      #32/Mul = Mul(#30, #31/Sigmoid) [8, 1]
      #33/Gemm = Gemm(#32/Mul, discriminator/dense3/weight) [8, 9]
      #35/Mul = Mul(#34, #20/LeakyRelu) [8, 9]
      #38/Clip = Clip(#35/Mul, #36, #37) [8, 9]
      #39/Mul = Mul(#33/Gemm, #38/Clip) [8, 9]
      #40/Gemm = Gemm(#39/Mul, discriminator/dense2/weight) [8, 7]
      #41/Mul = Mul(#34, #16/LeakyRelu) [8, 7]
      #42/Clip = Clip(#41/Mul, #36, #37) [8, 7]
      #43/Mul = Mul(#40/Gemm, #42/Clip) [8, 7]
      #44/Gemm = Gemm(#43/Mul, discriminator/dense1/weight) [8, 6]
      #45/Mul = Mul(#12/Sigmoid, #12/Sigmoid) [8, 6]
      #46/Sub = Sub(#12/Sigmoid, #45/Mul) [8, 6]
      #47/Mul = Mul(#44/Gemm, #46/Sub) [8, 6]
      #48/Gemm = Gemm(#47/Mul, generator/dense3/weight) [8, 5]
      #49/Mul = Mul(#34, #8/LeakyRelu) [8, 5]
      #50/Clip = Clip(#49/Mul, #36, #37) [8, 5]
      #51/Mul = Mul(#48/Gemm, #50/Clip) [8, 5]
      generator/dense2/weight/next = Gemm(#29/Mul, #51/Mul, generator/dense2/weight) [4, 5]
      #54/Gemm = Gemm(#53, #51/Mul) [1, 5]
      #55/Reshape = Reshape(#54/Gemm, #int64/5) [5]
      #56/Mul = Mul(#28/Neg, #55/Reshape) [5]
      generator/dense2/bias/next = Add(generator/dense2/bias, #56/Mul) [5]"
    `);
  });

  test("holds less for the backward pass and returns less, the higher the block", () => {
    const { G } = game(tiny, byLayer, gradientStep(), alone);
    const costs = G.map(({ programs }) => programs[0]!.manifest.cost);
    expect(costs.map(({ bytesReturned }) => bytesReturned)).toEqual(
      tinyWeights.generator.map(({ shape: [rows, columns] }) => 4 * (rows! + 1) * columns!),
    );
    // one layer up: the input of the layer below, and nothing else, is no longer needed
    const rows = 8;
    const held = costs.map(({ bytesHeld }) => bytesHeld);
    expect(held.slice(1).map((bytes, i) => held[i]! - bytes)).toEqual(
      tiny.generator.slice(0, 2).map((n) => 4 * rows * n),
    );
  });

  test.each(elementwise)("gives, to the bit, its slice of the full step (%s)", async (_, rule) => {
    const [blocks, full] = [game(tiny, byLayer, rule), game(tiny, whole, rule)];
    for (const player of ["D", "G"] as const) {
      const expected = await run(full[player][0]!.programs[0]!);
      const parts = await Promise.all(blocks[player].map(({ programs }) => run(programs[0]!)));
      const together = new Map(parts.flatMap((part) => [...part]));
      const names = blocks[player].flatMap(({ parameters }) => parameters.map((name) => `${name}/next`));
      for (const name of names) expect(together.get(name), name).toEqual(expected.get(name));
      expect(names).toHaveLength(6);
    }
  });
});

test("R1 depends on the real examples and R2 on the generated ones, and on no others", async () => {
  type Penalties = Pick<GanOptions, "r1" | "r2">;
  const lossD = async (penalties: Penalties, redrawn?: InputRole) => {
    const { D } = game(tiny, whole, gradientStep(), penalties);
    return (await run(D[0]!.programs[0]!, redrawn)).get("lossD")![0]!;
  };
  const penalty = async (penalties: Penalties, redrawn?: InputRole) =>
    (await lossD(penalties, redrawn)) - (await lossD({}, redrawn));
  for (const [penalties, own, other] of [
    [{ r1: 10 }, "batch", "noise"],
    [{ r2: 10 }, "noise", "batch"],
  ] as const) {
    const value = await penalty(penalties);
    expect(Math.abs((await penalty(penalties, other)) - value)).toBeLessThan(1e-12);
    expect(Math.abs((await penalty(penalties, own)) - value)).toBeGreaterThan(1e-6);
  }
});

test.each(Object.values(losses).map((loss) => [loss.name, loss] as const))(
  "the generator reads examples where its loss pairs them, and then those that D sees (%s)",
  async (name, loss) => {
    const { D, G } = game(tiny, byLayer, gradientStep(), { loss });
    const readByD = D[0]!.programs[0]!.manifest.inputs.find(({ role }) => role === "batch");
    for (const { programs } of G) {
      const read = programs[0]!.manifest.inputs.filter(({ role }) => role === "batch");
      expect(read).toEqual(name === "relativistic" ? [readByD] : []);
    }
  },
);

/** Results of a program for inputs that depend on nothing but their names; those of the role `redrawn` get other values. */
async function run(program: Program, redrawn?: InputRole): Promise<Map<string, number[]>> {
  const runtime = referenceRuntime();
  const { inputs, outputs } = program.manifest;
  const allocate = (ports: typeof inputs | typeof outputs) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, runtime.allocate(shape)]));
  const [given, results] = [allocate(inputs), allocate(outputs)];
  // state is positive, as squares and powers are; the powers of Adam belong to the block: the same number in all
  for (const { name, shape, role } of inputs) {
    const drawn = role === redrawn ? `${name} again` : name;
    const values = numbers(sizeOf(shape), name.endsWith("Power") ? "power" : drawn, role === "state" ? 0.1 : -1);
    given[name]!.write((memory) => memory.set(values));
  }
  await (await runtime.load(program)).run(given, results);
  const values = new Map<string, number[]>();
  for (const { name } of outputs) values.set(name, [...(await results[name]!.read())]);
  return values;
}

describe("a move in two programs", () => {
  /** The reference runtime, and the float64 values that the last programs gave to weights and states. */
  function observed(): { runtime: Runtime; values: Map<string, number[]> } {
    const runtime = referenceRuntime();
    const values = new Map<string, number[]>();
    const load: Runtime["load"] = async (program) => {
      const session = await runtime.load(program);
      return {
        release: () => session.release(),
        async run(inputs, outputs) {
          const { manifest } = program;
          const read = new Set(manifest.inputs.map(({ name }) => inputs[name]));
          expect(manifest.outputs.filter(({ name }) => read.has(outputs[name]))).toEqual([]); // never read and written at once
          await session.run(inputs, outputs);
          for (const { name, replaces } of program.manifest.outputs) {
            if (replaces !== undefined) values.set(replaces, [...(await outputs[name]!.read())]);
          }
        },
      };
    };
    return { runtime: { ...runtime, load }, values };
  }

  /** Every reported number and every weight and state after seven iterations, of each replica. */
  async function trained(rule: UpdateRule, replicas: number, more: Partial<GanOptions>) {
    const { plan } = game(tiny, byLayer, rule, { replicas, r1: 2, r2: 1, ...more });
    return Promise.all(
      inProcess(replicas).map(async (collective) => {
        const { runtime, values } = observed();
        const trainer = await createTrainer({ plan, runtime, data: normals, seed: 5, collective });
        const log: number[] = [];
        for (let i = 0; i < 7; i++) log.push(...Object.values((await trainer.iterate()).metrics));
        const ofPrograms = plan.tensors.filter(({ name }) => !/(visits|progress|pace)$/.test(name));
        expect([...values.keys()].sort()).toEqual(ofPrograms.map(({ name }) => name).sort());
        return { log, values };
      }),
    );
  }

  const { relativistic } = losses;
  const normalised = spectrallyNormalised(perceptron("discriminator", [6], [1], { hidden: [7, 9] }));
  test.each<[string, UpdateRule, number, Partial<GanOptions>]>([
    ["gradient", gradientStep(), 2, {}],
    ["gradient", gradientStep(), 4, {}],
    ["adam", adam(settings), 2, {}],
    ["spectral normalisation", gradientStep(), 2, { discriminator: normalised }],
    ["lazy penalties and pairs", gradientStep(), 2, { wganGp: 1, penaltyEvery: 2, loss: relativistic }],
  ])("trains on replicas like one on the whole batch (%s)", async (_, rule, replicas, more) => {
    const [alone] = await trained(rule, 1, more);
    const together = await trained(rule, replicas, more);
    for (const { log, values } of together) {
      expect(largestError(log, alone!.log)).toBeLessThan(1e-12);
      for (const [name, expected] of alone!.values) {
        expect(largestError(values.get(name)!, expected), name).toBeLessThan(1e-12);
      }
      // and like each other to the bit
      expect(values).toEqual(together[0]!.values);
    }
  });

  test("exchanges between replicas the gradients of the block that moves and nothing else", () => {
    const { D, G } = game(tiny, byLayer, adam(settings), { replicas: 2 });
    for (const { parameters, programs } of [...D, ...G]) {
      const [gradient, update] = programs.map(({ manifest }) => manifest);
      const exchanged = parameters.map((name) => `${name}/gradient`);
      const named = (ports: readonly { name: string; role: string }[], role: string) =>
        ports.filter((port) => port.role === role).map(({ name }) => name);
      expect(named(gradient!.outputs, "gradient")).toEqual(exchanged);
      expect(named(update!.inputs, "gradient").sort()).toEqual(exchanged.sort());
      expect(gradient!.outputs.every(({ role }) => role === "gradient" || role === "metric")).toBe(true);
      expect(update!.inputs.some(({ role }) => role === "batch" || role === "noise")).toBe(false);
    }
  });

  const withKernels = { hasKernels: true } as const;
  const hasKernel = ({ programs }: Move) => programs.at(-1)!.kernel !== undefined;

  test("has a kernel where the update goes element by element and is more than a matrix product can take in", () => {
    const names = firstOrder.filter(([, rule]) => game(tiny, byLayer, rule, withKernels).G.every(hasKernel));
    expect(names.map(([name]) => name)).toEqual(["momentum", "nesterov", "rmsprop", "adam", "adamw"]);
    for (const [name, rule] of firstOrder) {
      const { D, G } = game(tiny, byLayer, rule, withKernels);
      const isPair = names.some(([other]) => other === name);
      expect([...D, ...G].map(({ programs }) => programs.length)).toEqual(Array(6).fill(isPair ? 2 : 1));
    }
    expect(game(tiny, byLayer, adam(settings)).G.some(hasKernel)).toBe(false);
  });

  test.each([
    ...firstOrder.map(([name, rule]) => [name, rule, {}] as const),
    ["spectral normalisation", adam(settings), { discriminator: normalised }] as const,
  ])("trains as in one (%s)", async (_, rule, more) => {
    for (const order of ["alternating", "simultaneous", "extragradient"] as const) {
      const [one] = await trained(rule, 1, { ...more, order });
      const [two] = await trained(rule, 1, { ...more, order, ...withKernels });
      expect(largestError(two!.log, one!.log)).toBeLessThan(1e-12);
      for (const [name, expected] of one!.values) {
        expect(largestError(two!.values.get(name)!, expected), name).toBeLessThan(1e-12);
      }
    }
  });
});
