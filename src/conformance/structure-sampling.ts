import type { Descent } from "../descent/descent.ts";
import { partitions } from "../descent/partition.ts";
import { bandit } from "../descent/selection-bandit.ts";
import { staleGreedy } from "../descent/selection-greedy.ts";
import { costAware } from "../descent/selection-sampling.ts";
import { layerwiseImportance } from "../descent/selection-sets.ts";
import { gradientStep } from "../optim/gradient.ts";
import type { SelectionContext, SelectionRule } from "../plan.ts";
import { chiSquare, equal } from "./findings.ts";
import { along, diagonal, distance, matrix, range, sum, times } from "./linear-algebra.ts";
import { course } from "./minimisation-runs.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, quadratic } from "./problems.ts";
import { countedMacs, normals, smallGan } from "./structure-networks.ts";
import { differing, weightsOf } from "./structure-snapshot.ts";

const blockCount = 5;

/** A rule as it is in a plan, and what it is told, of a training that never was. */
function alone(lab: Lab, select: SelectionRule, macs: readonly number[] = range(blockCount).map(() => 100)) {
  const ones = range(blockCount).map(() => 1);
  const rule = lab.plan([quadratic(diagonal(ones), ones, ones, stepping(select))]).players[0]!.selection;
  const memory = new Float64Array(rule.memorySize?.(blockCount) ?? 0) as unknown as Float32Array;
  const at = (visit: number, norms?: readonly number[]): SelectionContext => ({
    ...{ visit, blockCount, seed: 1, player: "min", macs, sizes: ones, norms, lipschitz: undefined, memory },
  });
  return { rule, at };
}

const stepping = (select: SelectionRule, learningRate = 0.1): Descent => ({
  partition: partitions.unit({}),
  select,
  update: gradientStep(),
  learningRate,
});

/** What steps brought, in their order. */
interface Observation {
  readonly block: number;
  readonly decrease: number;
}

/** The mean of the observations of a block, each weighing discount^age. */
function discounted(ages: readonly number[], values: readonly number[], discount: number): number {
  const weights = ages.map((age) => discount ** age);
  return sum(values.map((value, i) => value * weights[i]!)) / sum(weights);
}

const countsOf = (choices: readonly number[], kinds: number) =>
  range(kinds).map((kind) => choices.filter((choice) => choice === kind).length);

/** Half by the average decrease over the cost, half alike; ages in observations of the same block. */
function costAwareProbabilities(observed: readonly Observation[], costs: readonly number[], discount: number) {
  const ratios = costs.map((cost, b) => {
    const own = observed.filter(({ block }) => block === b).map(({ decrease }) => decrease);
    const ages = own.map((_, i) => own.length - 1 - i);
    return Math.max(0, discounted(ages, own, discount)) / cost;
  });
  return ratios.map((ratio) => 0.5 * (ratio / sum(ratios)) + 0.5 / costs.length);
}

export const costAwareOracle: Oracle = {
  id: "S5",
  title: "cost-aware probabilities are half the decreases over the multiply-accumulates, and half alike",
  rules: ["cost-aware", "layer", "unit", "gradient"],
  async check(lab) {
    const [discount, costs] = [0.8, [100, 200, 400, 800, 50]];
    const { rule, at } = alone(lab, costAware({ discount }), costs);
    const first = range(blockCount).map((visit): Observation => {
      const block = rule.select(at(visit));
      const decrease = block === 3 ? -1 : 1 + block;
      rule.observe!(at(visit), block, decrease);
      return { block, decrease };
    });
    const later = [0, 2, 2, 4, 0, 1, 3, 2].map((block, i): Observation => ({ block, decrease: Math.sin(i + 1) + 0.5 }));
    for (const { block, decrease } of later) rule.observe!(at(0), block, decrease);
    const expected = costAwareProbabilities([...first, ...later], costs, discount);
    const draws = 2000;
    const drawn = range(draws).map((visit) => rule.select(at(visit)));
    const outOfTurn = first.filter(({ block }, visit) => block !== visit).length;
    return [
      equal(
        "distance of the probabilities from the formula",
        distance(
          range(blockCount).map((b) => rule.score!(at(0), b)),
          expected,
        ),
        0,
        1e-14,
      ),
      chiSquare(
        `${draws} draws`,
        countsOf(drawn, blockCount),
        expected.map((p) => p * draws),
      ),
      equal("blocks that are out of turn at first", outOfTurn, 0, 0),
      await costAwareTraining(lab, discount),
    ];
  },
};

/** The layers of a generator: what the log says of the decreases, and the costs of the programs, give the probability that the log says. */
async function costAwareTraining(lab: Lab, discount: number): Promise<Finding> {
  const plan = lab.plan(smallGan({ descent: { select: costAware({ discount }) } }));
  const trainer = await lab.trainer(plan, 2, normals());
  const { moves } = plan.players.find(({ name }) => name === "generator")!;
  const costs = moves.map(({ programs }) => sum(programs.map(countedMacs)));
  const observed: Observation[] = [];
  let apart = 0;
  for (let k = 0; k < 30; k++) {
    const { number, score, predicted } = (await trainer.iterate()).moves.generator![0]!;
    if (k >= costs.length) {
      apart = Math.max(apart, Math.abs(score! - costAwareProbabilities(observed, costs, discount)[number]!));
    }
    observed.push({ block: number, decrease: predicted! });
  }
  // what a rule remembers is float32
  return equal("a GAN, by its own decreases and programs: largest distance of a probability", apart, 0, 1e-6);
}

/** The choice by the last decrease of each block and how long ago it was: the largest max(r, r_max / 100) / rho^age, or the oldest where nothing helped. */
function stalest(observed: readonly Observation[], blocks: number, rho: number): number {
  const last = range(blocks).map((b) => observed.findLastIndex(({ block }) => block === b));
  const unseen = last.indexOf(-1);
  if (unseen >= 0) return unseen;
  const decreases = last.map((i) => observed[i]!.decrease);
  const most = Math.max(...decreases);
  const worth = last.map((i, b) => {
    const age = observed.length - 1 - i;
    return most > 0 ? Math.log(Math.max(decreases[b]!, most / 100)) - age * Math.log(rho) : age;
  });
  return worth.indexOf(Math.max(...worth));
}

export const staleGreedyOracle: Oracle = {
  id: "S11",
  title: "stale greed takes the largest last decrease, grown with its age",
  rules: ["stale-greedy", "unit", "gradient"],
  async check(lab) {
    const findings: Finding[] = [];
    for (const rho of [0.8, 0.97]) {
      for (const [what, decrease] of [
        ["blocks of different worth", (b: number, k: number) => (b + 1) ** 3 * (1.2 + Math.sin(k))],
        ["blocks that help at times", (b: number, k: number) => Math.cos(k) * (2 + Math.sin(b * k))],
        ["blocks that never help", (b: number, k: number) => -1 - Math.sin(b + k) ** 2],
      ] as const) {
        const { rule, at } = alone(lab, staleGreedy({ staleness: rho }));
        const observed: Observation[] = [];
        let wrong = 0;
        for (let visit = 0; visit < 200; visit++) {
          const block = rule.select(at(visit));
          if (block !== stalest(observed, blockCount, rho)) wrong++;
          observed.push({ block, decrease: decrease(block, visit) });
          rule.observe!(at(visit), block, decrease(block, visit));
        }
        findings.push(
          equal(`${what}, rho ${rho}: choices of 200 that differ from a plain implementation`, wrong, 0, 0),
        );
      }
    }
    const rho = 0.9;
    const { moves } = await course(lab, quadratic(H, c, start, stepping(staleGreedy({ staleness: rho }))), 60);
    const steps = moves.map(([moved]): Observation => ({ block: moved!.number, decrease: moved!.predicted! }));
    const wrong = steps.filter(({ block }, k) => block !== stalest(steps.slice(0, k), blockCount, rho)).length;
    return [...findings, equal("a quadratic: moves of 60 that are not those of its own decreases", wrong, 0, 0)];
  },
};

const H: Matrix = matrix(blockCount, blockCount, (i, j) => (i === j ? 2 + i : Math.cos(i + j) / 2));
const c = [1, -1, 2, 0.5, -2];
const start = [3, -2, 1, 4, -1];

const argmax = (values: readonly number[]) => values.indexOf(Math.max(...values));

export const banditOracle: Oracle = {
  id: "S12",
  title: "the bandit is Gauss-Southwell where it always measures, and else goes by discounted averages of what it saw",
  rules: ["bandit", "gauss-southwell", "unit", "gradient"],
  async check(lab) {
    const greedy = stepping(bandit({ refresh: 1, epsilon: 0 }));
    const { points, moves } = await course(lab, quadratic(H, c, start, greedy), 60);
    const best = points.map((x) => argmax(along(times(H, x), -1, c).map(Math.abs)));
    const wrong = moves.filter(([moved], k) => moved!.number !== best[k]).length;
    return [
      equal("measured at every visit: moves of 60 that are not of the largest gradient", wrong, 0, 0),
      ...estimateFindings(lab),
      explorationFinding(lab),
    ];
  },
};

/** Observations between two measurements of all norms, and after the second. */
function estimateFindings(lab: Lab): Finding[] {
  const discount = 0.7;
  const { rule, at } = alone(lab, bandit({ epsilon: 0, refresh: 100, discount }));
  const estimates = () => range(blockCount).map((b) => rule.score!(at(1), b));
  const observe = (observed: readonly Observation[]) => {
    for (const { block, decrease } of observed) rule.observe!(at(1), block, decrease);
  };
  /** By what was seen since the measurement, of which a decrease is worth so much. */
  const plain = (observed: readonly Observation[], norms: readonly number[], worth: number) =>
    norms.map((norm, b) => {
      const own = range(observed.length).filter((i) => observed[i]!.block === b);
      if (own.length === 0) return norm * worth;
      const ages = own.map((i) => observed.length - 1 - i);
      return discounted(
        ages,
        own.map((i) => observed[i]!.decrease),
        discount,
      );
    });
  const norms = [3, 1, 8, 2, 5];
  const chosen = rule.select(at(0, norms));
  const observed = [chosen, 4, 2, 2, 0, 4, 2].map((block, i): Observation => ({ block, decrease: 2 + Math.sin(i) }));
  observe(observed);
  // the first decrease stands for the largest norm
  const first = plain(observed, norms, observed[0]!.decrease / 8);
  const between = distance(estimates(), first);
  const norms2 = [1, 6, 2, 2, 3];
  rule.select(at(100, norms2));
  const second = plain([], norms2, Math.max(...first) / 6);
  const renewed = distance(estimates(), second);
  return [
    equal("the first choice, by the norms", chosen, 2, 0),
    equal("distance of the estimates from discounted averages", between, 0, 1e-13),
    equal("the same after all norms are measured again, the largest estimate kept", renewed, 0, 1e-13),
  ];
}

function explorationFinding(lab: Lab): Finding {
  const [epsilon, draws] = [0.4, 2000];
  const { rule, at } = alone(lab, bandit({ epsilon, refresh: 1e6 }));
  const norms = [3, 1, 8, 2, 5];
  const drawn = range(draws).map((visit) => rule.select(at(visit, visit === 0 ? norms : undefined)));
  const expected = norms.map((_, b) => draws * (epsilon / blockCount + (b === argmax(norms) ? 1 - epsilon : 0)));
  return chiSquare(`${draws} choices, two in five at random`, countsOf(drawn, blockCount), expected);
}

export const layerSetsOracle: Oracle = {
  id: "S14",
  title: "layerwise importance moves the first layer, the last and a random set of those between, and no other",
  rules: ["layerwise-importance", "layer", "adam", "gradient"],
  async check(lab) {
    const sizes = { generator: [3, 4, 5, 4, 3, 5, 6], discriminator: [6, 4, 1] };
    const select = layerwiseImportance({ active: 2 });
    const plan = lab.plan(smallGan({ sizes, generator: { select } }));
    const player = plan.players.find(({ name }) => name === "generator")!;
    const trainer = await lab.trainer(plan, 1, normals());
    const iterations = 300;
    const sets: string[] = [];
    let [unmoved, touched, offScore] = [0, 0, 0];
    for (let k = 0; k < iterations; k++) {
      const before = k < 30 ? await weightsOf(trainer, plan) : undefined;
      const { block, score } = (await trainer.iterate()).moves.generator![0]!;
      sets.push(block);
      offScore = Math.max(offScore, Math.abs(score! - 1 / 6));
      if (!before) continue;
      const after = await weightsOf(trainer, plan);
      const changed = range(6).filter((i) => {
        const layer = [...before].filter(([name]) => name.startsWith(`generator/dense${i + 1}/`));
        return differing(new Map(layer), after) > 0;
      });
      const isMoved = (i: number) => block.split("+").includes(`generator/dense${i + 1}`);
      touched += changed.filter((i) => !isMoved(i)).length;
      unmoved += [0, 5].filter((i) => !changed.includes(i)).length + Math.abs(changed.length - 4);
    }
    const counts = player.blocks.map(({ name }) => sets.filter((set) => set === name).length);
    return [
      equal("first and last layers that stay, and moves of more or fewer than two between, in 30", unmoved, 0, 0),
      equal("other layers with a weight that changes", touched, 0, 0),
      equal("sets to choose from: 2 of the 4 layers between", player.blocks.length, 6, 0),
      chiSquare(
        `${iterations} draws of a set`,
        counts,
        counts.map(() => iterations / 6),
      ),
      equal("largest distance of a probability from 1/6", offScore, 0, 0),
    ];
  },
};
