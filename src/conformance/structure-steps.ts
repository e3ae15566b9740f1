import type { Descent, PlayerSpec } from "../descent/descent.ts";
import { type PartitionName, partitions, whole } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { jacobi } from "../descent/selection-sets.ts";
import { gradientStep } from "../optim/gradient.ts";
import { momentum } from "../optim/momentum.ts";
import { optimistic } from "../optim/optimistic.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import { updateRules } from "../optim/update-rules.ts";
import { along, distance, times } from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic, valueName } from "./problems.ts";
import { chosen, firstOrderRules, normals, smallGan } from "./structure-networks.ts";
import { plainRules } from "./structure-plain.ts";
import { differing, exactSnapshot, type Values, valuesOf, weightsOf } from "./structure-snapshot.ts";

const H: Matrix = [
  [4, 1, -0.5, 0.25],
  [1, 3, 0.75, -1],
  [-0.5, 0.75, 2, 0.5],
  [0.25, -1, 0.5, 1.5],
];
const c = [1, -2, 0.5, 3];
const start = [0.3, -0.7, 1.1, 0.4];
const slopeAt = (x: readonly number[]) => along(times(H, x), -1, c);

const players = ["discriminator", "generator"] as const;

/** T1: with one block, coordinate descent is the optimiser that it is made of. */
export const baseOptimiser: Oracle = {
  id: "T1",
  title: "with one block it is the base optimiser",
  rules: [...Object.keys(plainRules), "all", "list", "unit", "tensor", "extragradient"],
  async check(lab) {
    const names = Object.keys(plainRules) as (keyof typeof plainRules)[];
    const findings: Finding[] = [];
    for (const name of names) findings.push(await besidePlain(lab, name));
    findings.push(await besidePlainExtragradient(lab));
    for (const [name, rule] of firstOrderRules()) {
      findings.push(await allBesideList(lab, name, rule), ...(await allBesideGathered(lab, name, rule)));
    }
    return findings;
  },
};

const learningRate = 0.05;

const ofOneBlock = (update: UpdateRule): Descent => ({ partition: whole, select: cyclic(), update, learningRate });

/** Seven steps on a quadratic, of the product and of an implementation without graphs. */
async function besidePlain(lab: Lab, name: keyof typeof plainRules): Promise<Finding> {
  const rule = name === "optimistic" ? optimistic(gradientStep()) : updateRules[name]({});
  const trainer = await lab.trainer(lab.plan([quadratic(H, c, start, ofOneBlock(rule))]));
  const step = plainRules[name](learningRate);
  let x = start;
  for (let k = 0; k < 7; k++) {
    await trainer.iterate();
    x = step(x, slopeAt(x));
  }
  const measured = distance(await trainer.read(valueName("min", "x")), x);
  return {
    what: `${name}: distance from a plain implementation after 7 steps`,
    expected: 0,
    measured,
    tolerance: 1e-12,
  };
}

/** x' = x - a g(x - a g(x)), Korpelevich 1976. */
async function besidePlainExtragradient(lab: Lab): Promise<Finding> {
  const plan = lab.plan([quadratic(H, c, start, ofOneBlock(gradientStep()))], { order: "extragradient" });
  const trainer = await lab.trainer(plan);
  let x = start;
  for (let k = 0; k < 7; k++) {
    await trainer.iterate();
    x = along(x, -learningRate, slopeAt(along(x, -learningRate, slopeAt(x))));
  }
  const measured = distance(await trainer.read(valueName("min", "x")), x);
  return {
    what: "extragradient order: distance from a plain implementation after 7 steps",
    expected: 0,
    measured,
    tolerance: 1e-12,
  };
}

/** The partition `all` against a list of one block, on a GAN. */
async function allBesideList(lab: Lab, name: string, update: UpdateRule): Promise<Finding> {
  const layers = (player: string) => [1, 2, 3].map((i) => `${player}/dense${i}`);
  const listed = (player: string) => ({ partition: partitions.list({ blocks: [layers(player)] }) });
  const all = await trained(lab, smallGan({ r1: 1, descent: { update, partition: whole } }), 5);
  const list = await trained(
    lab,
    smallGan({ r1: 1, descent: { update }, generator: listed("generator"), discriminator: listed("discriminator") }),
    5,
  );
  return {
    what: `${name}: weights of a GAN where all and a list of one block differ`,
    expected: 0,
    measured: differing(all, list),
    tolerance: 0,
  };
}

/** The partition `all` against blocks that programs gather and scatter, where one of them is everything: networks of one layer, and of one tensor. */
async function allBesideGathered(lab: Lab, name: string, update: UpdateRule): Promise<Finding[]> {
  const sizes = { generator: [3, 6], discriminator: [6, 1] };
  const units = (count: number) => ({ partition: partitions.unit({ blockSize: count }) });
  const gan = (descent: Pick<Descent, "partition">[]) =>
    trained(
      lab,
      smallGan({ sizes, r1: 1, descent: { update }, generator: descent[0]!, discriminator: descent[1]! }),
      5,
    );
  const vector = (partition: Descent["partition"]) =>
    trained(lab, [quadratic(H, c, start, { ...ofOneBlock(update), partition })], 5);
  const one = await vector(whole);
  const same = (what: string, measured: number): Finding => ({
    what: `${name}: ${what}`,
    expected: 0,
    measured,
    tolerance: 0,
  });
  return [
    same(
      "weights of a GAN of single layers where all and a block of all units differ",
      differing(await gan([{ partition: whole }, { partition: whole }]), await gan([units(6), units(1)])),
    ),
    same(
      "entries of a vector where all and a block of all units differ",
      differing(one, await vector(units(4).partition)),
    ),
    same("entries of a vector where all and its only tensor differ", differing(one, await vector(partitions.tensor()))),
  ];
}

/** The weights of a GAN after some iterations. */
async function trained(lab: Lab, specs: readonly PlayerSpec[], iterations: number): Promise<Values> {
  const plan = lab.plan(specs);
  const trainer = await lab.trainer(plan, 3, normals());
  for (let k = 0; k < iterations; k++) await trainer.iterate();
  return weightsOf(trainer, plan);
}

/** T2: all blocks from one point are the full step. Rules that look at the norm of a block are left out: they do not treat every weight alone. */
export const jacobiStep: Oracle = {
  id: "T2",
  title: "all blocks moved from one point are the full step",
  rules: ["jacobi", "layer", "tensor", "all"],
  async check(lab) {
    const findings: Finding[] = [];
    for (const [name, update] of firstOrderRules().filter(([rule]) => rule !== "normalised")) {
      const full = await trained(lab, smallGan({ r1: 1, descent: { update, partition: whole } }), 4);
      for (const partition of ["layer", "tensor"] as const) {
        const descent = { update, partition: partitions[partition](), select: jacobi() };
        const blocks = await trained(lab, smallGan({ r1: 1, descent }), 4);
        findings.push({
          what: `${name}, ${partition}: weights that differ from those of full steps`,
          expected: 0,
          measured: differing(full, blocks),
          tolerance: 0,
        });
      }
    }
    return findings;
  },
};

/** T3: a block moves along its slice of the full gradient, and nothing else changes. */
export const blockGradient: Oracle = {
  id: "T3",
  title: "a block moves along its part of the full gradient, and nothing else changes",
  rules: [
    "layer",
    "tensor",
    "unit",
    "sorted",
    "averaged",
    "hidden-output",
    "all",
    "average",
    ...firstOrderRules().map(([name]) => name),
  ],
  async check(lab) {
    const findings: Finding[] = [];
    const full = await gradientParts(lab, "all");
    for (const partition of ["layer", "hidden-output", "tensor", "unit", "sorted", "averaged"] as const) {
      const parts = await gradientParts(lab, partition);
      findings.push({
        what: `${partition}: elements where the gradients of the blocks, put together, differ from the full gradient`,
        expected: 0,
        measured: differing(full, parts),
        tolerance: 0,
      });
    }
    for (const [name, update] of firstOrderRules({ weightDecay: 0.1 }))
      findings.push(...(await sleeping(lab, name, update)));
    return findings;
  },
};

/**
 * The gradients of all weights at one point, put together from those of the blocks: momentum 0 remembers the gradient of a block that has moved, and each
 * block moves from the start.
 */
async function gradientParts(lab: Lab, partition: PartitionName): Promise<Values> {
  let number = 0;
  const select = chosen((blockCount) => Math.min(number, blockCount - 1));
  const descent = { partition: partitions[partition]({}), select, update: momentum({ momentum: 0 }) };
  const plan = lab.plan(smallGan({ r1: 1, r2: 0.5, descent }), { order: "simultaneous" });
  const trainer = await lab.trainer(plan, 3, normals());
  const start = await exactSnapshot(trainer, plan);
  const total = new Map<string, readonly number[]>();
  for (; plan.players.some(({ blocks }) => number < blocks.length); number++) {
    trainer.restore(start, 0);
    await trainer.iterate();
    const moving = plan.players.filter(({ blocks }) => number < blocks.length);
    const isWanted = (name: string) =>
      name.endsWith("/momentum/v") && moving.some((player) => name.startsWith(`${player.name}/`));
    for (const [name, values] of await valuesOf(trainer, plan, isWanted)) {
      const before = total.get(name);
      total.set(name, before ? along(before, 1, values) : values);
    }
  }
  return total;
}

/** Weights, state and averages of blocks that did not move, before and after; and the averages of those that did. */
async function sleeping(lab: Lab, name: string, update: UpdateRule): Promise<Finding[]> {
  const average = 0.9;
  const plan = lab.plan(smallGan({ r1: 1, descent: { update, average } }));
  const trainer = await lab.trainer(plan, 3, normals());
  const isOfBlocks = (tensor: string) => /\/dense\d/.test(tensor);
  let changed = 0;
  let offAverage = 0;
  for (let k = 0; k < 5; k++) {
    const before = await valuesOf(trainer, plan, isOfBlocks);
    const { moves } = await trainer.iterate();
    const after = await valuesOf(trainer, plan, isOfBlocks);
    const awake = players.map((player) => moves[player]![0]!.block);
    const isAwake = (tensor: string) => awake.some((block) => tensor.replace("average/", "").startsWith(`${block}/`));
    changed += differing(new Map([...before].filter(([tensor]) => !isAwake(tensor))), after);
    for (const [tensor, old] of before) {
      if (!tensor.startsWith("average/") || !isAwake(tensor)) continue;
      const weight = after.get(tensor.replace("average/", ""))!;
      const expected = old.map((mean, i) => average * mean + (1 - average) * weight[i]!);
      offAverage = Math.max(offAverage, distance(after.get(tensor)!, expected));
    }
  }
  return [
    {
      what: `${name}: elements of weights, state and averages of sleeping blocks that change`,
      expected: 0,
      measured: changed,
      tolerance: 0,
    },
    {
      what: `${name}: error of the averages of the block that moves`,
      expected: 0,
      measured: offAverage,
      tolerance: 1e-15,
    },
  ];
}
