import type { Descent } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { type SelectionName, selectionRules } from "../descent/selection.ts";
import type { SelectionSettings } from "../descent/selection-settings.ts";
import { decay } from "../descent/state-policy.ts";
import { adam } from "../optim/adam.ts";
import { gradientStep } from "../optim/gradient.ts";
import type { SelectionRule } from "../plan.ts";
import { atMost, chiSquare, equal } from "./findings.ts";
import { diagonal, range, sum } from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { quadratic } from "./problems.ts";
import { normals, smallGan } from "./structure-networks.ts";
import { differing, exactSnapshot, valuesOf } from "./structure-snapshot.ts";

const names = Object.keys(selectionRules) as SelectionName[];

/** T6: what each selection rule promises, whatever the problem. */
export const selectionContracts: Oracle = {
  id: "T6",
  title: "selection rules keep their contracts, and a resumed training is the uninterrupted one",
  rules: [...names],
  async check(lab) {
    const findings = [...(await orders(lab)), ...(await holding(lab)), ...(await frequencies(lab))];
    for (const name of ["permutation", "uniform", "importance", "bandit"] as const) {
      findings.push(...(await seeds(lab, name)));
    }
    for (const name of names) findings.push(await resumed(lab, name));
    return findings;
  },
};

const curvatures = [1, 2, 3, 4, 6];
const blockCount = curvatures.length;

/** Numbers of the blocks that move in so many iterations on a diagonal quadratic, one coordinate a block. */
async function sequence(
  lab: Lab,
  select: SelectionRule,
  { iterations, hold = 1, seed = 1 }: { iterations: number; hold?: number; seed?: number },
): Promise<number[]> {
  const descent: Descent = {
    partition: partitions.unit({}),
    select,
    update: gradientStep(),
    learningRate: 0.1,
    hold,
    lipschitz: { rounds: 1, every: 0 },
  };
  const start = curvatures.map(() => 1);
  const trainer = await lab.trainer(lab.plan([quadratic(diagonal(curvatures), start, start, descent)]), seed);
  const sequence: number[] = [];
  for (let k = 0; k < iterations; k++) sequence.push((await trainer.iterate()).moves.min![0]!.number);
  return sequence;
}

const exactly = (what: string, expected: number, measured: number): Finding => equal(what, measured, expected, 0);

async function orders(lab: Lab): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, order, expected] of [
    ["ascending", "ascending", [0, 1, 2, 3, 4]],
    ["descending", "descending", [4, 3, 2, 1, 0]],
    ["of choice", [2, 0, 4, 1, 3], [2, 0, 4, 1, 3]],
  ] as const) {
    const blocks = await sequence(lab, selectionRules.cyclic({ order }), { iterations: 3 * blockCount });
    const wrong = blocks.filter((block, i) => block !== expected[i % blockCount]).length;
    findings.push(exactly(`cyclic, ${name}: moves out of order`, 0, wrong));
  }
  findings.push(await periods(lab));
  const sweeps = 30;
  const blocks = await sequence(lab, selectionRules.permutation(), { iterations: sweeps * blockCount });
  const perSweep = range(sweeps).map((i) => blocks.slice(i * blockCount, (i + 1) * blockCount));
  const missing = sum(perSweep.map((sweep) => blockCount - new Set(sweep).size));
  findings.push(exactly("permutation: blocks that a sweep leaves out", 0, missing));
  const repeats = perSweep.filter((sweep, i) => String(sweep) === String(perSweep[i - 1])).length;
  // a sweep repeats the one before with probability 1/120
  findings.push(atMost("permutation: sweeps in the order of the one before", repeats, 3));
  return findings;
}

/** Layer i of a generator moves at the visits t with t - i a multiple of its period. */
async function periods(lab: Lab): Promise<Finding> {
  const own = [1, 2, 3];
  const generator = { select: selectionRules.periodic({ periods: own }) };
  const trainer = await lab.trainer(lab.plan(smallGan({ generator })), 1, normals());
  let wrong = 0;
  for (let visit = 0; visit < 12; visit++) {
    const due = range(3).filter((i) => (visit - i) % own[i]! === 0);
    const { block } = (await trainer.iterate()).moves.generator![0]!;
    if (block !== due.map((i) => `generator/dense${i + 1}`).join("+")) wrong++;
  }
  return exactly("periodic, 1, 2 and 3 visits: moves of 12 of other layers than those that are due", 0, wrong);
}

/** BAdam's code gives the first block one step less (it counts before it compares). */
async function holding(lab: Lab): Promise<Finding[]> {
  const hold = 4;
  const findings: Finding[] = [];
  for (const name of ["cyclic", "permutation"] as const) {
    const blocks = await sequence(lab, selectionRules[name](), { iterations: hold * blockCount, hold });
    const changes = blocks.flatMap((block, i) => (i > 0 && block !== blocks[i - 1] ? [i] : []));
    findings.push(exactly(`${name}, ${hold} steps a visit: steps of the first block`, hold, changes[0]!));
    const wrong = changes.filter((at, i) => at !== (i + 1) * hold).length + Math.abs(blockCount - 1 - changes.length);
    findings.push(exactly(`${name}, ${hold} steps a visit: changes of block at another step`, 0, wrong));
  }
  return findings;
}

async function frequencies(lab: Lab): Promise<Finding[]> {
  const total = sum(curvatures);
  const cases: readonly [SelectionRule, string, number[]][] = [
    [selectionRules.uniform(), "uniform", curvatures.map(() => 1 / blockCount)],
    [selectionRules.importance({ floor: 0 }), "importance", curvatures.map((L) => L / total)],
    [
      selectionRules.importance({ exponent: 0.5, floor: 0.2 }),
      "importance, exponent 1/2, floor 1/5",
      curvatures.map((L) => (0.8 * Math.sqrt(L)) / sum(curvatures.map(Math.sqrt)) + 0.2 / blockCount),
    ],
  ];
  const findings: Finding[] = [];
  for (const [rule, name, probabilities] of cases) {
    const iterations = 1500;
    const blocks = await sequence(lab, rule, { iterations });
    const counts = range(blockCount).map((block) => blocks.filter((moved) => moved === block).length);
    findings.push(
      chiSquare(
        `${name}, ${iterations} draws`,
        counts,
        probabilities.map((p) => p * iterations),
      ),
    );
  }
  return findings;
}

async function seeds(lab: Lab, name: SelectionName): Promise<Finding[]> {
  const settings: SelectionSettings = { epsilon: 0.5 };
  const run = (seed: number) => sequence(lab, selectionRules[name](settings), { iterations: 40, seed });
  const [first, again, second] = [await run(1), await run(1), await run(2)];
  const different = (other: readonly number[]) => other.filter((block, i) => block !== first[i]).length;
  return [
    exactly(`${name}: moves that differ with one seed`, 0, different(again)),
    exactly(`${name}: 1 if two seeds move other blocks`, 1, Math.min(1, different(second))),
  ];
}

/** Five iterations, and five more from a snapshot in another trainer - in the middle of a visit - against ten. */
async function resumed(lab: Lab, name: SelectionName): Promise<Finding> {
  const select = selectionRules[name]({ refresh: 2, epsilon: 0.5, active: 1 });
  const descent: Partial<Descent> = {
    select,
    update: adam({ beta1: 0.5 }),
    policy: decay(0.5),
    hold: 3,
    average: 0.9,
    lipschitz: { rounds: 2, every: 2 },
  };
  const plan = lab.plan(smallGan({ r1: 1, descent }));
  const open = () => lab.trainer(plan, 7, normals());
  const [whole, first, second] = [await open(), await open(), await open()];
  for (let k = 0; k < 10; k++) await whole.iterate();
  for (let k = 0; k < 5; k++) await first.iterate();
  second.restore(await exactSnapshot(first, plan), 5);
  for (let k = 0; k < 5; k++) await second.iterate();
  const [expected, got] = [await valuesOf(whole, plan, () => true), await valuesOf(second, plan, () => true)];
  return exactly(
    `${name}: elements of weights and state that differ after 5 + 5 iterations and after 10`,
    0,
    differing(expected, got),
  );
}
