import { describe, expect, test } from "vitest";
import { evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { type LossName, losses } from "../gan/losses.ts";
import { penaltyTerms } from "../gan/penalties.ts";
import { buildGraph } from "../graph/graph.ts";
import { print } from "../graph/print.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { perceptron } from "../nn/network.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import { reduceSum, reshape } from "../ops/broadcasting.ts";
import { greater, where } from "../ops/comparison.ts";
import { exp, log } from "../ops/elementwise.ts";
import { concat, slice } from "../ops/layout.ts";
import { gemm } from "../ops/product.ts";
import { reduceMax } from "../ops/reduction.ts";
import { sizeOf } from "../program.ts";
import { gradients } from "./gradients.ts";

const evaluate = async (tensors: readonly Tensor[], values: Values) => (await evaluator(tensors))(values);
const dot = (a: Tensor, b: Tensor) => reduceSum(mul(a, b));
const scalar = (x: Tensor) => reshape(x, []);
const text = (...tensors: Tensor[]) => print(buildGraph(tensors.map((tensor, i) => ({ name: `y${i}`, tensor }))));

describe("a quadratic form", () => {
  // f(x) = x'Ax / 2 + b'x
  const n = 4;
  const [x, v, b] = ["x", "v", "b"].map((name) => input(name, [n, 1], "batch")) as [Tensor, Tensor, Tensor];
  const A = input("A", [n, n], "batch");
  const f = add(mul(constant(0.5), scalar(gemm(x, gemm(A, x), { transA: true }))), dot(b, x));
  const values = { x: numbers(n, "x"), v: numbers(n, "v"), b: numbers(n, "b"), A: numbers(n * n, "A") };
  const symmetric = (i: number, j: number) => (values.A[n * i + j]! + values.A[n * j + i]!) / 2;
  const times = (vector: readonly number[]) =>
    vector.map((_, i) => vector.reduce((s, z, j) => s + symmetric(i, j) * z, 0));

  test("has the gradient (A + A')x / 2 + b", async () => {
    const [g] = await evaluate(gradients(f, [x]), values);
    expect(
      largestError(
        g!,
        times(values.x).map((y, i) => y + values.b[i]!),
      ),
    ).toBeLessThan(1e-14);
  });

  test("differentiated twice gives the product of its Hessian with a vector", async () => {
    const [g] = gradients(f, [x]);
    const [Hv, alongB] = await evaluate(gradients(dot(g!, v), [x, b]), values);
    expect(largestError(Hv!, times(values.v))).toBeLessThan(1e-14);
    expect(alongB).toEqual(values.v);
  });

  test("differentiated three times gives nothing", async () => {
    const [g] = gradients(f, [x]);
    const [Hv] = gradients(dot(g!, v), [x]);
    expect(await evaluate(gradients(dot(Hv!, v), [x]), values)).toEqual([new Array(n).fill(0)]);
  });
});

describe("log-sum-exp", () => {
  const n = 5;
  const x = input("x", [n], "batch");
  const v = input("v", [n], "batch");
  const plain = log(reduceSum(exp(x)));
  const shift = reduceMax(x);
  const shifted = add(shift, log(reduceSum(exp(sub(x, shift)))));
  const values = { x: numbers(n, "x", -2, 2), v: numbers(n, "v") };
  const softmax = (at: readonly number[]) => {
    const top = Math.max(...at);
    const total = at.reduce((sum, z) => sum + Math.exp(z - top), 0);
    return at.map((z) => Math.exp(z - top) / total);
  };

  test.each([
    ["plain", plain],
    ["shifted by the maximum", shifted],
  ])("%s has the softmax as gradient, and diag(p) - pp' as Hessian", async (_, f) => {
    const p = softmax(values.x);
    const pv = p.reduce((sum, pi, i) => sum + pi * values.v[i]!, 0);
    const [g] = gradients(f, [x]);
    const [slope, Hv] = await evaluate([g!, gradients(dot(g!, v), [x])[0]!], values);
    expect(largestError(slope!, p)).toBeLessThan(1e-14);
    expect(
      largestError(
        Hv!,
        p.map((pi, i) => pi * (values.v[i]! - pv)),
      ),
    ).toBeLessThan(1e-14);
  });

  test("shifted by the maximum has a finite gradient where the plain one overflows", async () => {
    const far = [-1000, 0, 999, 1000, 1000];
    const [slope] = await evaluate(gradients(shifted, [x]), { x: far });
    expect(largestError(slope!, softmax(far))).toBeLessThan(1e-14);
  });
});

describe("a loss of logits from -1000 to 1000", () => {
  const at = [-1000, -40, -1, 0, 1, 40, 1000];
  const realAt = [...at.slice(3), ...at.slice(0, 3)]; // pairs of different logits
  const N = at.length;
  const sigmoid = (l: number) => 1 / (1 + Math.exp(-l));
  const softplus = (l: number) => Math.max(l, 0) + Math.log1p(Math.exp(-Math.abs(l)));
  const mean = (f: (l: number, i: number) => number) => at.reduce((sum, l, i) => sum + f(l, i), 0) / N;
  const pair = (f: (difference: number) => number) => (_: number, i: number) => f(at[i]! - realAt[i]!);
  /** A loss at these logits, and its slope with respect to each logit, worked out by hand. */
  interface ClosedForm {
    readonly discriminator: {
      readonly value: number;
      real(l: number, i: number): number;
      fake(l: number, i: number): number;
    };
    readonly generator: { readonly value: number; fake(l: number, i: number): number };
  }
  const crossEntropy: ClosedForm["discriminator"] = {
    value: mean((l) => softplus(-l)) + mean(softplus),
    real: (l) => -sigmoid(-l) / N,
    fake: (l) => sigmoid(l) / N,
  };
  const closedForms: Record<LossName, ClosedForm> = {
    minimax: { discriminator: crossEntropy, generator: { value: -mean(softplus), fake: (l) => -sigmoid(l) / N } },
    "non-saturating": {
      discriminator: crossEntropy,
      generator: { value: mean((l) => softplus(-l)), fake: (l) => -sigmoid(-l) / N },
    },
    "least-squares": {
      discriminator: {
        value: mean((l) => ((l - 1) ** 2 + l ** 2) / 2),
        real: (l) => (l - 1) / N,
        fake: (l) => l / N,
      },
      generator: { value: mean((l) => (l - 1) ** 2 / 2), fake: (l) => (l - 1) / N },
    },
    hinge: {
      discriminator: {
        value: mean((l) => Math.max(0, 1 - l) + Math.max(0, 1 + l)),
        real: (l) => (l < 1 ? -1 / N : 0),
        fake: (l) => (l > -1 ? 1 / N : 0),
      },
      generator: { value: 0, fake: () => -1 / N },
    },
    wasserstein: {
      discriminator: { value: 0, real: () => -1 / N, fake: () => 1 / N },
      generator: { value: 0, fake: () => -1 / N },
    },
    relativistic: {
      discriminator: {
        value: mean(pair(softplus)),
        real: pair((d) => -sigmoid(d) / N),
        fake: pair((d) => sigmoid(d) / N),
      },
      generator: { value: mean(pair((d) => softplus(-d))), fake: pair((d) => -sigmoid(-d) / N) },
    },
  };

  test.each(Object.keys(losses) as LossName[])("%s is finite and exact", async (name) => {
    const { [name]: loss } = losses;
    const { discriminator, generator } = closedForms[name];
    const [real, fake] = [input("real", [N, 1], "batch"), input("fake", [N, 1], "batch")];
    const [D, G] = [loss.discriminator(real, fake), loss.generator(fake, real)];
    const results = await evaluate([D, G, ...gradients(D, [real, fake]), ...gradients(G, [fake])], {
      real: realAt,
      fake: at,
    });
    const slopes = [realAt.map(discriminator.real), at.map(discriminator.fake), at.map(generator.fake)];
    const expected = [[discriminator.value], [generator.value], ...slopes];
    // relative to each slope, however small
    const isClose = (x: number, exact: number) => Math.abs(x - exact) <= 1e-14 * Math.abs(exact);
    for (const [i, result] of results.entries()) {
      expect(result.filter((x, j) => !isClose(x, expected[i]![j]!))).toEqual([]);
    }
  });
});

describe("gradients", () => {
  const x = input("x", [2, 3], "batch");
  const w = input("w", [3, 4], "parameter");
  const h = gemm(x, w);
  const y = reduceSum(exp(h));

  test("of a tensor that is not reached are zeros of its shape", async () => {
    const apart = input("apart", [2, 2], "batch");
    const [g] = gradients(y, [apart]);
    expect(g!.shape).toEqual([2, 2]);
    expect(await evaluate([g!], {})).toEqual([[0, 0, 0, 0]]);
  });

  test("do not pass through a condition", async () => {
    const [u, v] = [input("u", [2], "batch"), input("v", [2], "batch")];
    const condition = greater(u, v);
    const y = reduceSum(where(condition, constant(2), v));
    const run = await evaluator(gradients(y, [u, v]));
    expect(await run({ u: [1, 0], v: [0, 1] })).toEqual([
      [0, 0],
      [0, 1],
    ]);
  });

  test("of a tensor with respect to itself are ones", async () => {
    expect(await evaluate(gradients(y, [y]), {})).toEqual([[1]]);
  });

  test("with respect to an intermediate tensor stop there", async () => {
    const [g] = gradients(y, [h]);
    const values = { x: numbers(6, "x"), w: numbers(12, "w") };
    const [slope, e] = await evaluate([g!, exp(h)], values);
    expect(slope).toEqual(e);
    // the chain rule, by hand
    expect(text(gemm(x, gradients(y, [h])[0]!, { transA: true }))).toBe(text(...gradients(y, [w])));
  });

  test("with respect to a tensor and to what it is made of do not disturb each other", () => {
    expect(text(...gradients(y, [w, h, x]))).toBe(text(...[w, h, x].map((tensor) => gradients(y, [tensor])[0]!)));
  });

  test("add up over the ways in which a tensor is read", async () => {
    const z = input("z", [2], "batch");
    const [g] = gradients(reduceSum(mul(z, mul(z, z))), [z]);
    expect(await evaluate([g!], { z: [2, -3] })).toEqual([[12, 27]]);
  });

  test("with respect to an upper weight have no trace of the layers below but their result", () => {
    const top = input("top", [4, 5], "parameter");
    const [g] = gradients(reduceSum(exp(gemm(exp(h), top))), [top]);
    expect(text(g!)).toMatchInlineSnapshot(`
      "x [2, 3] batch
      w [3, 4] parameter
      %2 = Gemm(x, w) {transA=0 transB=0} [2, 4]
      %3 = Exp(%2) [2, 4]
      top [4, 5] parameter
      %5 = Gemm(%3, top) {transA=0 transB=0} [2, 5]
      %6 = Exp(%5) [2, 5]
      %7 = Gemm(%3, %6) {transA=1 transB=0} [4, 5]
      -> y0 = %7"
    `);
  });

  test("are of scalars, under any shape of one element", async () => {
    expect(() => gradients(h, [x])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: gradients: of a scalar, got a tensor of shape [2, 4].]`,
    );
    expect(gradients(reduceSum(h, { keepdims: true }), [x])[0]!.shape).toEqual([2, 3]);
  });
});

describe("a whole network", () => {
  const rows = 4;
  const generator = perceptron("generator", [3], [2, 2], { hidden: [6, 5], output: "sigmoid" });
  const discriminator = perceptron("discriminator", [2, 2], [1], { hidden: [7, 5] });
  const parameters = [...generator.parameters, ...discriminator.parameters];
  const weights = new Map(parameters.map(({ name, shape }) => [name, input(name, shape, "parameter")]));
  const weight = (name: string) => weights.get(name)!;
  const real = input("real", [rows, 2, 2], "batch");
  const fake = generator.apply(weight, input("latent", [rows, 3], "noise"));
  const examples = concat([real, fake], 0);
  const logits = discriminator.apply(weight, examples);
  const [first, second] = [0, rows].map((start) => (batch: Tensor) => slice(batch, 0, start, start + rows));
  const slopesAt = (at: Tensor) => gradients(reduceSum(discriminator.apply(weight, at)), [at])[0]!;
  const slopes = slopesAt(examples);
  const penalties = penaltyTerms(
    { real, fake, slopes: { real: first!(slopes), fake: second!(slopes) }, slopesAt },
    { r1: 10, r2: 3, wganGp: 1, dragan: 2 },
  );
  const values: Values = {
    real: numbers(4 * rows, "real", 0, 1),
    latent: numbers(3 * rows, "latent", -2, 2),
    "batch/interpolation": numbers(2 * rows, "interpolation"),
    "batch/perturbation": numbers(4 * rows, "perturbation"),
    ...Object.fromEntries(parameters.map(({ name, shape }) => [name, numbers(sizeOf(shape), name)])),
  };
  const objectives = Object.values(losses).flatMap((loss): [string, Tensor][] => [
    [
      `${loss.name} generator loss`,
      loss.generator(discriminator.apply(weight, fake), discriminator.apply(weight, real)),
    ],
    [
      `${loss.name} discriminator loss with all penalties`,
      penalties.reduce(add, loss.discriminator(first!(logits), second!(logits))),
    ],
  ]);

  test.each(objectives)(
    "has a %s whose slope in random directions is that of central differences",
    async (_, value) => {
      const slopes = await evaluate(
        gradients(
          value,
          parameters.map(({ name }) => weight(name)),
        ),
        values,
      );
      const run = await evaluator([value]);
      for (const trial of ["first", "second", "third"]) {
        const direction = parameters.map(({ name, shape }) => numbers(sizeOf(shape), `${trial} ${name}`));
        const along = async (t: number) => {
          const moved = parameters.map(({ name }, i) => [name, values[name]!.map((w, j) => w + t * direction[i]![j]!)]);
          return (await run({ ...values, ...Object.fromEntries(moved) }))[0]![0]!;
        };
        const exact = slopes.flatMap((slope, i) => slope.map((g, j) => g * direction[i]![j]!)).reduce((a, b) => a + b);
        const measured = ((await along(1e-5)) - (await along(-1e-5))) / 2e-5;
        expect(Math.abs(exact - measured) / Math.max(1, Math.abs(exact))).toBeLessThan(1e-6);
        expect(Math.abs(exact)).toBeGreaterThan(1e-3);
      }
    },
  );
});
