import type { Descent, PlayerSpec } from "../descent/descent.ts";
import { partitions, whole } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { decay, keep, reset, type StatePolicy } from "../descent/state-policy.ts";
import { constant } from "../graph/tensor.ts";
import { add, mul, square } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { adam } from "../optim/adam.ts";
import { momentum } from "../optim/momentum.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import { along, distance, times } from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic, valueName, variables } from "./problems.ts";
import { type Moments, noMoments, plainAdamStep } from "./structure-plain.ts";

const H: Matrix = [
  [3, 0.5, -0.4, 0.2],
  [0.5, 2, 0.3, -0.6],
  [-0.4, 0.3, 2.5, 0.1],
  [0.2, -0.6, 0.1, 1.5],
];
const c = [1, -2, 1.5, 2.5];
const start = [0.8, 0.6, -0.9, -1.1];
const blocks = [
  [0, 1],
  [2, 3],
];
const learningRate = 0.02;
const hold = 2;
const settings = { beta1: 0.8, beta2: 0.95, epsilon: 1e-8 };
const slopeAt = (x: readonly number[]) => along(times(H, x), -1, c);

/** T34: what becomes of the state of a block while others move. */
export const statePolicies: Oracle = {
  id: "T34",
  title: "state waits, starts afresh or fades as its policy says",
  rules: ["keep", "reset", "decay", "adam", "momentum", "periodic"],
  async check(lab) {
    return [
      await neverAsleep(lab),
      await ownVelocity(lab),
      await besidePlain(lab, "keep", keep, () => {}),
      await besidePlain(lab, "reset", reset, (moments) => Object.assign(moments, noMoments(2))),
      await besidePlain(lab, "decay", decay(0.5), (moments) => {
        moments.v = moments.v.map((v) => 0.5 * v);
        Object.assign(moments, { m: [0, 0], power1: 1, power2: 1 - 0.5 * (1 - moments.power2) });
      }),
      await signStep(lab),
      await correctedMoment(lab),
      await ofSets(lab),
    ];
  },
};

/** Adam on blocks of two coordinates, each for two steps. */
async function opened(lab: Lab, policy: StatePolicy, update: UpdateRule = adam(settings)) {
  const descent: Descent = {
    partition: partitions.unit({ blockSize: 2 }),
    select: selectionRules.cyclic(),
    update,
    policy,
    hold,
    learningRate,
  };
  return lab.trainer(lab.plan([quadratic(H, c, start, descent)]));
}

const weight = valueName("min", "x");

/** One block is never asleep: whatever the policy, it is Adam. */
async function neverAsleep(lab: Lab): Promise<Finding> {
  const moments = noMoments(start.length);
  const select = selectionRules.cyclic();
  const descent: Descent = { partition: whole, select, update: adam(settings), policy: keep, learningRate };
  const trainer = await lab.trainer(lab.plan([quadratic(H, c, start, descent)]));
  let x: number[] = start;
  for (let k = 0; k < 8; k++) {
    await trainer.iterate();
    x = plainAdamStep(moments, x, slopeAt(x), learningRate, settings);
  }
  const measured = distance(await trainer.read(weight), x);
  return { what: "keep, without sleep: distance from plain Adam", expected: 0, measured, tolerance: 1e-12 };
}

/** Twelve steps against moments for each block, on which `wake` acts when the block moves again after another. */
async function besidePlain(lab: Lab, name: string, policy: StatePolicy, wake: (m: Moments) => void): Promise<Finding> {
  const trainer = await opened(lab, policy);
  const moments = blocks.map(() => noMoments(2));
  let x: number[] = start;
  for (let k = 0; k < 12; k++) {
    await trainer.iterate();
    const number = Math.floor(k / hold) % blocks.length;
    const [block, own] = [blocks[number]!, moments[number]!];
    if (k % hold === 0 && k >= hold * blocks.length) wake(own);
    const g = slopeAt(x);
    const part = (of: readonly number[]) => block.map((i) => of[i]!);
    x = replaced(x, block, plainAdamStep(own, part(x), part(g), learningRate, settings));
  }
  const measured = distance(await trainer.read(weight), x);
  return { what: `${name}: distance from Adam with moments for each block`, expected: 0, measured, tolerance: 1e-12 };
}

/** The velocity of a block is made of its own gradients alone. */
async function ownVelocity(lab: Lab): Promise<Finding> {
  const trainer = await opened(lab, keep, momentum({ momentum: 0.7 }));
  let [x, v]: [number[], number[]] = [start, start.map(() => 0)];
  for (let k = 0; k < 12; k++) {
    await trainer.iterate();
    const block = blocks[Math.floor(k / hold) % blocks.length]!;
    const g = slopeAt(x);
    v = replaced(
      v,
      block,
      block.map((i) => 0.7 * v[i]! + g[i]!),
    );
    x = replaced(
      x,
      block,
      block.map((i) => x[i]! - learningRate * v[i]!),
    );
  }
  const measured = distance(await trainer.read(weight), x);
  return {
    what: "keep: distance from momentum with a velocity for each block",
    expected: 0,
    measured,
    tolerance: 1e-12,
  };
}

/** With bias correction the first step of Adam has the size of the learning rate in every weight. */
async function signStep(lab: Lab): Promise<Finding> {
  const trainer = await opened(lab, reset);
  let worst = 1;
  for (let k = 0; k < 12; k++) {
    const before = await trainer.read(weight);
    await trainer.iterate();
    const after = await trainer.read(weight);
    if (k % hold !== 0) continue;
    for (const i of blocks[(k / hold) % blocks.length]!) {
      const size = Math.abs(after[i]! - before[i]!) / learningRate;
      if (!(Math.abs(size - 1) <= Math.abs(worst - 1))) worst = size;
    }
  }
  return { what: "reset: size of a first step, in learning rates", expected: 1, measured: worst, tolerance: 1e-6 };
}

/**
 * What the fade leaves of v / (1 - beta2^t): v and the power after the step, with the step undone by the gradient at the point where it began, against those
 * before the block slept.
 */
async function correctedMoment(lab: Lab): Promise<Finding> {
  const { beta2 } = settings;
  const trainer = await opened(lab, decay(0.25));
  const moment = async () => ({
    v: [...(await trainer.read(`${weight}/adam/v`))],
    powers: [...(await trainer.read("min/x/adam/beta2Power"))],
  });
  for (let k = 0; k < hold * blocks.length; k++) await trainer.iterate();
  const asleep = await moment();
  const g = slopeAt([...(await trainer.read(weight))]);
  await trainer.iterate();
  const woken = await moment();
  const index = blocks[0]![0]!;
  const v = (woken.v[index]! - (1 - beta2) * g[index]! ** 2) / beta2;
  return {
    what: "decay: corrected second moment after sleep",
    expected: asleep.v[index]! / (1 - asleep.powers[0]!),
    measured: v / (1 - woken.powers[0]! / beta2),
    tolerance: 1e-12,
  };
}

/**
 * Layers a and b of |a|^2 / 2 + |b|^2 / 2, of which a moves at every visit and b at every second one: with `reset`, the state of b starts afresh each time, and
 * that of a, which also moved before, never.
 */
async function ofSets(lab: Lab): Promise<Finding> {
  const begin = { a: [0.9, -0.6], b: [-1.2, 0.7] };
  const network = variables("min", {
    a: { shape: [2], start: { kind: "values", values: begin.a } },
    b: { shape: [2], start: { kind: "values", values: begin.b } },
  });
  const select = selectionRules.periodic({ periods: [1, 2] });
  const descent: Descent = {
    partition: partitions.layer(),
    select,
    update: adam(settings),
    policy: reset,
    learningRate,
  };
  const objective: PlayerSpec["objective"] = (weights) => {
    const squares = ["a", "b"].map((key) => reduceSum(square(weights(valueName("min", key)))));
    const value = mul(constant(0.5), squares.reduce(add));
    return { value, metrics: { f: value } };
  };
  const trainer = await lab.trainer(lab.plan([{ network, descent, objective }]));
  const moments = noMoments(2);
  let { a, b }: { a: number[]; b: number[] } = begin;
  for (let visit = 0; visit < 9; visit++) {
    await trainer.iterate();
    a = plainAdamStep(moments, a, a, learningRate, settings);
    if (visit % 2 === 1) b = plainAdamStep(noMoments(2), b, b, learningRate, settings);
  }
  const apart = [
    distance(await trainer.read(valueName("min", "a")), a),
    distance(await trainer.read(valueName("min", "b")), b),
  ];
  return {
    what: "reset, sets: distance from Adam that forgets the layers that were not in the last set",
    expected: 0,
    measured: Math.max(...apart),
    tolerance: 1e-12,
  };
}

/** A vector with other numbers in some places. */
function replaced(x: readonly number[], places: readonly number[], values: readonly number[]): number[] {
  return x.map((value, i) => (places.includes(i) ? values[places.indexOf(i)]! : value));
}
