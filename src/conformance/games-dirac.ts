/** The Dirac-GAN (Mescheder, Geiger and Nowozin 2018): data at 0, a generator theta, a discriminator psi x. */
import { ganPlayers } from "../gan/game.ts";
import { type Loss, minimax, nonSaturating, relativistic, wasserstein } from "../gan/losses.ts";
import { expand, reshape } from "../ops/broadcasting.ts";
import { gemm } from "../ops/product.ts";
import type { Order } from "../plan.ts";
import { allAtOnce, oneWeight, plainly } from "./games-gan.ts";
import { open, type Play } from "./games-play.ts";
import { distance, norm, range, spectralRadius, transpose } from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import type { Matrix } from "./problems.ts";

interface Dirac {
  readonly loss: Loss;
  readonly h: number;
  readonly order?: Order;
  readonly steps?: readonly [number, number];
  readonly r1?: number;
}

const generator = oneWeight("generator", [1], (theta, latents) => expand(theta, [latents.shape[0]!, 1]));
const discriminator = oneWeight("discriminator", [1], (psi, x) => gemm(x, reshape(psi, [1, 1])));

/** The game as (psi, theta). */
function dirac(lab: Lab, { loss, h, order, steps = [1, 1], r1 = 0 }: Dirac): Promise<Play> {
  const players = ganPlayers({
    ...{ generator, discriminator, loss, r1, latent: 1, shape: [1], batch: 1 },
    descent: {
      discriminator: plainly(h, { steps: steps[0] }),
      generator: plainly(h, { steps: steps[1] }),
    },
  });
  return open(lab, players, order, allAtOnce([[0]]));
}

/** The derivative of an iteration at 0, by central differences; the iteration is an odd function. */
async function derivative(play: Play): Promise<Matrix> {
  const epsilon = 2 ** -20;
  const columns: number[][] = [];
  for (const i of range(2)) {
    play.place(range(2).map((j) => (i === j ? epsilon : 0)));
    await play.play(1);
    columns.push((await play.state()).map((value) => value / epsilon));
  }
  return transpose(columns);
}

const logistic = (t: number) => 1 / (1 + Math.exp(-t));

/**
 * What each loss makes of the logit t = psi theta: the slopes that the discriminator and the generator see. At 0 both are f'(0), 1/2 where
 * f(t) = -log(1 + exp(-t)) and 1 where f(t) = t.
 */
const slopesOf: readonly (readonly [Loss, (t: number) => readonly [number, number]])[] = [
  [minimax, (t) => [logistic(t), logistic(t)]],
  [nonSaturating, (t) => [logistic(t), logistic(-t)]],
  [relativistic, (t) => [logistic(t), logistic(-t)]],
  [wasserstein, () => [1, 1]],
];

const slopes = slopesOf.map(([loss, at]) => [loss, at(0)[0]] as const);

/** An iteration far from the equilibrium, where the losses differ. */
async function farStep(lab: Lab): Promise<Finding[]> {
  const [h, psi, theta] = [0.5, 1.5, -2];
  const findings: Finding[] = [];
  for (const [loss, at] of slopesOf) {
    const play = await dirac(lab, { loss, h, order: "simultaneous" });
    play.place([psi, theta]);
    await play.play(1);
    const [ofD, ofG] = at(psi * theta);
    findings.push({
      what: `distance of a simultaneous step from its formula, ${loss.name}, at psi = ${psi}, theta = ${theta}`,
      expected: 0,
      measured: distance(await play.state(), [psi - h * ofD * theta, theta + h * ofG * psi]),
      tolerance: 1e-14,
    });
  }
  return findings;
}

/** Larger modulus of alternating play, where the product of the two rates is alpha^2: 1 up to alpha = 2. */
const alternatingModulus = (alpha: number) =>
  alpha <= 2 ? 1 : (alpha ** 2 - 2 + alpha * Math.sqrt(alpha ** 2 - 4)) / 2;

const diracGan: Oracle = {
  id: "T26",
  title: "the moduli of the Dirac-GAN at its equilibrium are those of Mescheder, Geiger and Nowozin",
  rules: ["alternating", "simultaneous", "gradient", "all", "minimax", "non-saturating", "relativistic", "wasserstein"],
  async check(lab) {
    const findings: Finding[] = [];
    const add = async (what: string, expected: number, game: Dirac) => {
      const measured = spectralRadius(await derivative(await dirac(lab, game)));
      const name = `modulus, ${game.loss.name}, ${what}, h = ${game.h}`;
      findings.push({ what: name, expected, measured, tolerance: 1e-9 });
    };
    for (const [loss, slope] of slopes) {
      const h = 0.5;
      const s = slope * h;
      await add("simultaneous", Math.sqrt(1 + s * s), { loss, h, order: "simultaneous" });
      await add("alternating", 1, { loss, h });
      const r1 = 0.6;
      await add("simultaneous with R1", Math.sqrt(1 - h * r1 + s * s), { loss, h, r1, order: "simultaneous" });
      await add("alternating with R1", Math.sqrt(1 - h * r1), { loss, h, r1 });
      for (const steps of [
        [2, 1],
        [5, 1],
        [1, 3],
      ] as const) {
        const alpha = Math.sqrt(steps[0] * steps[1]) * s;
        await add(`${steps[0]} steps of D, ${steps[1]} of G`, alternatingModulus(alpha), { loss, h, steps });
      }
    }
    // one discriminator step, by alpha = f'(0) h
    for (const [loss, slope] of slopes) {
      for (const alpha of [1.95, 2.05]) {
        await add("alternating", alternatingModulus(alpha), { loss, h: alpha / slope });
      }
    }
    await add("5 steps of D, 1 of G", alternatingModulus(Math.sqrt(5) * 0.95), {
      loss: minimax,
      h: 1.9,
      steps: [5, 1],
    });
    findings.push(...(await farStep(lab)));
    const far = await dirac(lab, { loss: nonSaturating, h: 0.2, r1: 1 });
    far.place([1, -1]);
    await far.play(400);
    findings.push({
      what: "distance from the equilibrium after 400 iterations from (1, -1), non-saturating with R1",
      expected: 0,
      measured: norm(await far.state()),
      tolerance: 1e-12,
    });
    return findings;
  },
};

export const diracOracles: readonly Oracle[] = [diracGan];
