import type { Descent, RateSchedule } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { importance } from "../descent/selection-sampling.ts";
import { gradientStep } from "../optim/gradient.ts";
import { type ScheduleName, schedules } from "../optim/schedule.ts";
import { equal } from "./findings.ts";
import { along, distance, range, sum, times } from "./linear-algebra.ts";
import { course } from "./minimisation-runs.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic } from "./problems.ts";

const H: Matrix = [
  [4, 1, -0.5, 0.25, 0.5, -0.25],
  [1, 3, 0.75, -1, 0.25, 0.5],
  [-0.5, 0.75, 2, 0.5, -0.75, 0.25],
  [0.25, -1, 0.5, 1.5, 0.25, 0.5],
  [0.5, 0.25, -0.75, 0.25, 2.5, 0.5],
  [-0.25, 0.5, 0.25, 0.5, 0.5, 3],
];
const c = [1, -2, 0.5, 3, -1, 2];
const start = [0.3, -0.7, 1.1, 0.4, -1.2, 0.8];
const blocks = [
  [0, 1],
  [2, 3],
  [4, 5],
];
const [learningRate, steps, hold, iterations] = [0.2, 2, 2, 20];
/** Moves of the whole training, and of a sweep. */
const [total, sweep] = [steps * iterations, blocks.length * hold];

/** What the rate is multiplied with at a part of the way, from 0 to 1. */
const factors: Readonly<Record<ScheduleName, (part: number) => number>> = {
  constant: () => 1,
  linear: (part) => 1 - part,
  cooldown: (part) => Math.min(1, 2 * (1 - part)),
  cosine: (part) => (1 + Math.cos(Math.PI * part)) / 2,
};

const names = Object.keys(factors) as ScheduleName[];

const inPairs = (more: Partial<Descent>): Descent => ({
  partition: partitions.unit({ blockSize: 2 }),
  select: cyclic(),
  update: gradientStep(),
  learningRate,
  ...more,
});

/** U12: what changes in the course of a training, and when. */
export const ratesOracle: Oracle = {
  id: "U12",
  title: "learning rates, windows and measurements change at the moves that they should",
  rules: [...names, "gradient", "unit", "cyclic", "importance"],
  async check(lab) {
    const findings = names.flatMap((name) => [rateFinding(lab, name, false), rateFinding(lab, name, true)]);
    for (const isPerSweep of [false, true]) findings.push(await trained(lab, isPerSweep));
    return [...findings, ...(await windowFindings(lab)), await measurementFinding(lab)];
  },
};

const scheduled = (name: ScheduleName, isPerSweep: boolean): Descent => {
  const schedule: RateSchedule = { factor: schedules[name], iterations, isPerSweep };
  return inPairs({ schedule, steps, hold });
};

/** The rate of a move, counted from 0: as far along as its sweep began, or itself is. */
const rateAt = (move: number, name: ScheduleName, isPerSweep: boolean) =>
  learningRate * factors[name]((isPerSweep ? move - (move % sweep) : move) / total);

/** At every move of the training, from what the plan says. */
function rateFinding(lab: Lab, name: ScheduleName, isPerSweep: boolean): Finding {
  const { at } = lab.plan([quadratic(H, c, start, scheduled(name, isPerSweep))]).players[0]!.learningRate;
  const apart = range(total).map((move) => Math.abs(at(move) - rateAt(move, name, isPerSweep)));
  const what = `${name}, ${isPerSweep ? `by sweeps of ${sweep} moves` : "by moves"}: largest distance of a rate`;
  return equal(what, Math.max(...apart), 0, 1e-15);
}

/** The steps of a training, each with the rate of its move. */
async function trained(lab: Lab, isPerSweep: boolean): Promise<Finding> {
  const { points } = await course(lab, quadratic(H, c, start, scheduled("linear", isPerSweep)), iterations);
  let x = start;
  for (let move = 0; move < total; move++) {
    const g = along(times(H, x), -1, c);
    const block = blocks[Math.floor(move / hold) % blocks.length]!;
    const rate = rateAt(move, "linear", isPerSweep);
    x = x.map((value, i) => (block.includes(i) ? value - rate * g[i]! : value));
  }
  const what = `linear, ${isPerSweep ? "by sweeps" : "by moves"}: distance from plain steps after ${total}`;
  return equal(what, distance(points[iterations]!, x), 0, 1e-13);
}

/** The relative change of the mean objective from one window of two sweeps to the next, where a window ends and nowhere else. */
async function windowFindings(lab: Lab): Promise<Finding[]> {
  const window = 2;
  const size = window * sweep;
  const descent = inPairs({ hold, window, learningRate: 0.02 });
  const { moves, metrics } = await course(lab, quadratic(H, c, start, descent), 4 * size + 5);
  const changes = moves.map(([moved]) => moved!.change);
  const means = range(4).map((i) => sum(metrics.slice(i * size, (i + 1) * size).map(({ f }) => f! / size)));
  const ends = range(3).map((i) => (i + 2) * size - 1);
  const apart = ends.map((end, i) =>
    Math.abs((changes[end] ?? Number.NaN) - Math.abs((means[i + 1]! - means[i]!) / means[i]!)),
  );
  const elsewhere = changes.filter((change, k) => change !== undefined && !ends.includes(k)).length;
  return [
    // what the runner averages it keeps in float32
    equal("windows: largest distance of a change from that of the means", Math.max(...apart), 0, 1e-5),
    equal("windows: changes that are reported elsewhere", elsewhere, 0, 0),
  ];
}

/** A round of power iteration for one block after the other, every so many visits. */
async function measurementFinding(lab: Lab): Promise<Finding> {
  const every = 3;
  const descent = inPairs({ select: importance({}), learningRate: 0.01, lipschitz: { rounds: 1, every } });
  const trainer = await lab.trainer(lab.plan([quadratic(H, c, start, descent)]));
  const visits = 3 * every * blocks.length;
  let wrong = 0;
  let last: readonly number[] = blocks.map(() => 0);
  for (let visit = 0; visit < visits; visit++) {
    await trainer.iterate();
    const estimates = [...(await trainer.read("min/lipschitz"))];
    const changed = blocks.flatMap((_, b) => (estimates[b] === last[b] ? [] : [b]));
    const due = visit === 0 ? [0, 1, 2] : visit % every === 0 ? [(visit / every) % blocks.length] : [];
    if (String(changed) !== String(due)) wrong++;
    last = estimates;
  }
  return equal(`constants: visits of ${visits} in which others than the one that is due are measured`, wrong, 0, 0);
}
