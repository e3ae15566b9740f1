import { grid, type Mixture, ring } from "../data/mixture.ts";
import { partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { ganPlan } from "../gan/game.ts";
import { losses } from "../gan/losses.ts";
import { perceptron } from "../nn/network.ts";
import { adam } from "../optim/adam.ts";
import type { Plan } from "../plan.ts";
import { fillNormal, stream } from "../random.ts";
import { atLeast, atMost } from "./findings.ts";
import type { Lab, Oracle } from "./oracle.ts";

const latent = 8;
const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const iterations = 2000;

/** Descent on one layer of each network at a time, fast and on small networks. */
function ringPlan(): Plan {
  const descent = { partition: partitions.layer(), select: cyclic(), update: adam({ beta1: 0.5, beta2: 0.999 }) };
  return ganPlan({
    generator: perceptron("generator", [latent], ring.shape, { hidden: [48, 48] }),
    discriminator: perceptron("discriminator", ring.shape, [1], { hidden: [48, 48] }),
    latent,
    shape: ring.shape,
    batch: 64,
    loss: losses["non-saturating"],
    r1: 0.3,
    r2: 0.3,
    descent: {
      generator: { ...descent, learningRate: 5e-3 },
      discriminator: { ...descent, partition: partitions.all(), learningRate: 2e-3 },
    },
  });
}

/** How many of some points lie within a distance of each centre. */
function countsAt({ centres }: Mixture, points: Float32Array, distance: number): number[] {
  return centres.map(([x, y]) => {
    let count = 0;
    for (let i = 0; i < points.length; i += 2) if (Math.hypot(points[i]! - x, points[i + 1]! - y) < distance) count++;
    return count;
  });
}

/** The largest deviation of a mode's share from an equal one, in standard deviations. */
function largestDeviation(mixture: Mixture, points: number): number {
  const examples = new Float32Array(2 * points);
  mixture.fill(1, 0, examples);
  const share = 1 / mixture.centres.length;
  const deviation = Math.sqrt(share * (1 - share) * points);
  const counts = countsAt(mixture, examples, 6 * mixture.deviation);
  return Math.max(...counts.map((count) => Math.abs(count - share * points) / deviation));
}

/** Whether a training finds every mode: an eighth of the points that would be near it if all were sharp. */
async function findsAll(lab: Lab, plan: Plan, seed: number): Promise<boolean> {
  const trainer = await lab.native(plan, seed, ring);
  for (let i = 0; i < iterations; i++) await trainer.iterate();
  const latents = new Float32Array(512 * latent);
  fillNormal(stream(seed, "modes/latents"), 0, latents);
  const counts = countsAt(ring, await trainer.sample(latents), 0.3);
  await trainer.release();
  return counts.every((count) => count >= 8);
}

/** Statistical, and the only oracle that trains in float32: 2000 iterations are too few for sharp modes, and too few for the 25 of the grid. */
export const modes: Oracle = {
  id: "T30",
  title: "the modes of the ring and the grid are equally likely, and block descent finds all eight of the ring",
  rules: ["layer", "cyclic", "adam", "alternating", "non-saturating"],
  async check(lab) {
    const plan = ringPlan();
    let found = 0;
    for (const seed of seeds) if (await findsAll(lab, plan, seed)) found++;
    const shares = [ring, grid].map((mixture) => {
      const what = `largest deviation of a share of 20,000 points of ${mixture.name}, in standard deviations`;
      return atMost(what, largestDeviation(mixture, 20_000), 3);
    });
    const trained = `trainings of ${seeds.length} that find all eight modes of the ring in ${iterations} iterations`;
    return [atLeast(trained, found, seeds.length - 1, seeds.length), ...shares];
  },
};
