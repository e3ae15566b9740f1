/** GANs with known equilibria, on a data set that is seen whole in every step. */

import type { Descent } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { ganPlayers } from "../gan/game.ts";
import { hinge, type Loss, minimax, nonSaturating, relativistic, wasserstein } from "../gan/losses.ts";
import { constant } from "../graph/tensor.ts";
import { zeros } from "../nn/initialiser.ts";
import { activation, dense } from "../nn/layer.ts";
import { sequential } from "../nn/network.ts";
import { add, mul, square } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { concat } from "../ops/layout.ts";
import { gemm } from "../ops/product.ts";
import { blockNewton } from "../optim/block-newton.ts";
import { coordinateNewton } from "../optim/coordinate-newton.ts";
import { allAtOnce, oneWeight, plainly, rowsOf, unchanging } from "./games-gan.ts";
import { open } from "./games-play.ts";
import { distance, norm, range, sum } from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import type { Matrix } from "./problems.ts";

const initialiser = { weight: () => zeros, bias: () => zeros };

/** Logits linear in the examples. */
const linearLogit = (width: number) =>
  sequential("discriminator", [dense("discriminator/dense1", width, 1, { initialiser })]);

const meanOf = (rows: Matrix): number[] => rows[0]!.map((_, j) => sum(rows.map((row) => row[j]!)) / rows.length);

const examples: Matrix = [
  [1, 2, -1],
  [0.5, -1, 3],
  [2, 0, 0],
  [-0.5, 1, 1],
];
const latents: Matrix = [
  [0.5, 0, 1],
  [-1, 0.5, 0],
  [0, -0.25, 1],
  [0.25, 1, -1],
];

/** The translation that x = z + theta ends at, against a linear discriminator with R1. */
async function translation(lab: Lab, loss: Loss, descent: { generator: Descent; discriminator: Descent }) {
  const generator = oneWeight("generator", [3], (theta) => add(rowsOf(latents), theta));
  const players = ganPlayers({
    ...{ generator, discriminator: linearLogit(3), loss, r1: 1, latent: 1, shape: [3], batch: 4, descent },
  });
  const play = await open(lab, players, "alternating", allAtOnce(examples));
  await play.play(330);
  const state = await play.state();
  return { slope: norm(state.slice(0, 3)), theta: state.slice(4) };
}

/** Principal variances of the plane, and their axes: turned by 0.6. */
const lambdas = [2, 0.75] as const;
const [c, s] = [Math.cos(0.6), Math.sin(0.6)];
const axes = [
  [c, s],
  [-s, c],
];

/** Examples whose second moment is sum lambda_i u_i u_i': two on each axis. */
const cross = axes.flatMap((axis, i) => [1, -1].map((sign) => axis.map((u) => sign * u * Math.sqrt(2 * lambdas[i]!))));

/**
 * A generator of a line, wz with z = +-1, against the logit 1/2 x'Mx with the Wasserstein loss and R1 of weight gamma. The best M solves
 * gamma (MS + SM) = S - ww' with the second moment S of the data, which leaves the generator a convex distance of ww' from S: it ends at
 * ww' = lambda_1 u_1 u_1', and M at u_2 u_2' / (2 gamma).
 */
async function principal(lab: Lab): Promise<Finding[]> {
  const generator = oneWeight("generator", [1, 2], (w) => gemm(rowsOf([[1], [-1], [1], [-1]]), w));
  const discriminator = oneWeight("discriminator", [2, 2], (M, x) =>
    mul(constant(0.5), reduceSum(mul(gemm(x, M), x), { axes: [1], keepdims: true })),
  );
  const players = ganPlayers({
    ...{ generator, discriminator, loss: wasserstein, r1: 1, latent: 1, shape: [2], batch: 4 },
    descent: {
      generator: plainly(0.1),
      discriminator: plainly(0.3, { partition: partitions.unit({}) }),
    },
  });
  const play = await open(lab, players, "alternating", allAtOnce(cross));
  play.place([0, 0, 0, 0, 0.25, 0.5]);
  await play.play(800);
  const [m11, m12, m21, m22, ...w] = (await play.state()) as [number, number, number, number, number, number];
  const M = [m11, (m12 + m21) / 2, m22]; // rows move in turns, and what is not symmetric of M does nothing
  const line = axes[0]!.map((u) => u * Math.sqrt(lambdas[0]));
  return [
    {
      what: "distance of the generator from the first principal component after 800 iterations",
      expected: 0,
      measured: distance(w, line),
      tolerance: 1e-9,
    },
    {
      what: "distance of the discriminator from the projection on the second",
      expected: 0,
      measured: distance(
        M,
        [s * s, -s * c, c * c].map((entry) => entry / 2),
      ),
      tolerance: 1e-9,
    },
  ];
}

/** The losses whose best discriminator of equal distributions has the logit 0, as one without a constant has: not least squares. */
const centred: readonly Loss[] = [minimax, nonSaturating, hinge, wasserstein, relativistic];

const linearGans: Oracle = {
  id: "T27",
  title:
    "linear GANs end where they should: a translation at the mean of the data, a line at the first principal component",
  rules: ["alternating", "gradient", "cyclic", "all", "unit", ...centred.map(({ name }) => name)],
  async check(lab) {
    const expected = meanOf(examples).map((mean, i) => mean - meanOf(latents)[i]!);
    const findings: Finding[] = [];
    const rate = 0.6;
    const whole = { generator: plainly(rate), discriminator: plainly(rate) };
    const blocks = {
      generator: plainly(rate, { partition: partitions.unit({}), steps: "sweep" }),
      discriminator: plainly(rate, {
        partition: partitions.tensor(),
        select: cyclic({ order: "descending" }),
        steps: "sweep",
      }),
    };
    for (const loss of centred) {
      for (const [what, descent] of Object.entries({ "all at once": whole, "in blocks": blocks })) {
        const { theta, slope } = await translation(lab, loss, descent);
        const name = `after 330 iterations, ${loss.name}, ${what}`;
        const distanceThere = distance(theta, expected);
        findings.push(
          {
            what: `distance of theta from the difference of the means ${name}`,
            expected: 0,
            measured: distanceThere,
            tolerance: 1e-9,
          },
          { what: `slope of the discriminator ${name}`, expected: 0, measured: slope, tolerance: 1e-9 },
        );
      }
    }
    findings.push(...(await principal(lab)));
    return findings;
  },
};

/** How often each of some whole numbers is among examples. */
type Counts = ReadonlyMap<number, number>;

const repeated = (counts: Counts, times: number): Matrix =>
  [...counts].flatMap(([x, count]) => range(count * times).map(() => [x]));

/** 2^(-rate (x - mean)^2) at some whole numbers, scaled to whole numbers: a Gaussian of variance 1 / (2 rate log 2). */
function gaussian(points: readonly number[], mean: number, rate: number): Counts {
  const exponents = points.map((x) => -rate * (x - mean) ** 2);
  const lowest = Math.min(...exponents);
  return new Map(points.map((x, i) => [x, 2 ** (exponents[i]! - lowest)]));
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
const leastCommonMultiple = (a: number, b: number) => (a / divisor(a, b)) * b;
const totalOf = (counts: Counts) => sum([...counts.values()]);

/** 2 log 2 - 2 JSD(p, q), the loss of the best discriminator (Goodfellow et al. 2014, theorem 1). */
function bestLoss(p: Counts, q: Counts): number {
  const terms = [...p].map(([x, count]) => {
    const [a, b] = [count / totalOf(p), q.get(x)! / totalOf(q)];
    return a * Math.log(a / (a + b)) + b * Math.log(b / (a + b));
  });
  return -sum(terms);
}

/** How the logit of one number is made of its powers up to some degree. */
const polynomialLogit = (degree: 1 | 2) =>
  sequential("discriminator", [
    activation((x) => (degree === 1 ? x : concat([x, square(x)], 1))),
    dense("discriminator/dense1", degree, 1, { initialiser }),
  ]);

/** What a discriminator of examples of p and of q ends at: its weights, constant last, and its loss. */
async function trained(lab: Lab, p: Counts, q: Counts, degree: 1 | 2, descent: Descent, iterations: number) {
  const batch = leastCommonMultiple(totalOf(p), totalOf(q));
  const [real, fake] = [repeated(p, batch / totalOf(p)), repeated(q, batch / totalOf(q))];
  const [player] = ganPlayers({
    ...{ generator: unchanging(fake), discriminator: polynomialLogit(degree), loss: minimax },
    ...{ latent: 1, shape: [1], batch, descent: { discriminator: descent, generator: descent } },
  });
  const play = await open(lab, [player!], "alternating", allAtOnce(real));
  await play.play(iterations);
  const weights = await play.state();
  return { weights, loss: (await play.trainer.iterate()).metrics.lossD! };
}

const points = [-1, 0, 1, 2];
const standard = gaussian(points, 0, 1);
const shifted = gaussian(points, 1, 1);
const wide = gaussian(points, 0.5, 0.5);
const log2 = Math.LN2;

/** log p - log q: of q = 2^(-x^2), and p = 2^(-(x - 1)^2), as many in all; or p = 2^(-(x - 1/2)^2 / 2), by its constant at 0. */
const shiftedLogit = [2 * log2, -log2];
const wideLogit = [
  log2 / 2,
  log2 / 2,
  Math.log((wide.get(0)! / totalOf(wide)) * (totalOf(standard) / standard.get(0)!)),
];

const bestDiscriminator: Oracle = {
  id: "T28",
  title: "the best discriminator of two Gaussians has the logit log p - log q",
  rules: ["block-newton", "coordinate-newton", "gradient", "all", "tensor", "cyclic", "minimax"],
  async check(lab) {
    const newton = plainly(1, { update: blockNewton() });
    const byTensors = plainly(1, { update: coordinateNewton(), partition: partitions.tensor() });
    const findings: Finding[] = [];
    const add = async (p: Counts, what: string, descent: Descent, iterations: number) => {
      const [degree, expected] = p === wide ? [2 as const, wideLogit] : [1 as const, shiftedLogit];
      const { weights, loss } = await trained(lab, p, standard, degree, descent, iterations);
      const name = `${p === wide ? "another mean and variance" : "another mean"}, ${what}`;
      findings.push(
        {
          what: `distance of the coefficients of the logit, ${name}`,
          expected: 0,
          measured: distance(weights, expected),
          tolerance: 1e-9,
        },
        { what: `loss, 2 log 2 - 2 JSD, ${name}`, expected: bestLoss(p, standard), measured: loss, tolerance: 1e-12 },
      );
    };
    await add(shifted, "Newton", newton, 12);
    await add(shifted, "Newton by tensors", byTensors, 80);
    await add(wide, "Newton", newton, 12);
    await add(shifted, "gradient", plainly(2), 150);
    return findings;
  },
};

export const solvableOracles: readonly Oracle[] = [linearGans, bestDiscriminator];
