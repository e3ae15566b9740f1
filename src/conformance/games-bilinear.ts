/** Bilinear games: what theory knows of them exactly. */
import { partitions } from "../descent/partition.ts";
import { cyclic, permutation } from "../descent/selection-order.ts";
import { uniform } from "../descent/selection-sampling.ts";
import { jacobi, layerwiseImportance } from "../descent/selection-sets.ts";
import { gradientStep } from "../optim/gradient.ts";
import { momentum } from "../optim/momentum.ts";
import { optimistic } from "../optim/optimistic.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import type { Order } from "../plan.ts";
import { type Moving, normals, open, playersOf, scattered, zeroSum } from "./games-play.ts";
import {
  determinant,
  distance,
  dot,
  identity,
  matrix,
  multiply,
  plus,
  spectralRadius,
  times,
  transpose,
} from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { valueName } from "./problems.ts";

/** The spectral radius of an iteration on f = sigma x y with sqrt(eta tau) sigma = s; only this product matters. */
async function radiusAt(lab: Lab, s: number, order: Order, more: Partial<Moving> = {}): Promise<number> {
  const [sigma, ratio] = [1.3, 2];
  const x = { ...more, learningRate: (s / sigma) * ratio };
  const y = { ...more, learningRate: s / sigma / ratio };
  const play = await open(lab, playersOf(zeroSum([[sigma]]), x, y), order);
  return spectralRadius(await play.map(1));
}

/** Past s = 2 the two eigenvalues of alternating play are real. */
const alternatingRadius = (s: number) => (s <= 2 ? 1 : (s * s - 2 + s * Math.sqrt(s * s - 4)) / 2);

/** Roots of z^2 - (1 - 2is) z - is. */
const optimisticRadius = (s: number) =>
  s <= 0.5
    ? Math.sqrt((1 + Math.sqrt(1 - 4 * s * s)) / 2)
    : Math.sqrt((1 + (2 * s + Math.sqrt(4 * s * s - 1)) ** 2) / 4);

/** The largest root of (z - 1)^2 (z - beta)^2 + s^2 z^3, by the companion matrix of the polynomial. */
function momentumRadius(s: number, beta: number): number {
  const linear = -(1 + beta);
  const coefficients = [beta * beta, 2 * linear * beta, linear * linear + 2 * beta, 2 * linear + s * s];
  return spectralRadius(matrix(4, 4, (i, j) => (i === 3 ? -coefficients[j]! : j === i + 1 ? 1 : 0)));
}

const radii: Oracle = {
  id: "T19",
  title: "the spectral radius of an iteration on f = sigma x y is the closed formula of its order and rule",
  rules: ["alternating", "simultaneous", "extragradient", "gradient", "optimistic", "momentum", "all"],
  async check(lab) {
    const findings: Finding[] = [];
    const add = async (what: string, s: number, expected: number, order: Order, update?: UpdateRule) => {
      const measured = await radiusAt(lab, s, order, update && { update });
      findings.push({ what: `radius, ${what}, s = ${s.toFixed(3)}`, expected, measured, tolerance: 1e-11 });
    };
    for (const s of [0.1, 0.65, 2.08]) await add("simultaneous", s, Math.sqrt(1 + s * s), "simultaneous");
    for (const s of [0.1, 0.65, 1.9, 2.08]) await add("alternating", s, alternatingRadius(s), "alternating");
    for (const s of [0.1, 0.65, 1.1]) {
      await add("extragradient", s, Math.sqrt(1 - s ** 2 + s ** 4), "extragradient");
    }
    const hopeful = optimistic(gradientStep());
    for (const s of [0.1, 0.3, 1 / Math.sqrt(3), 0.65]) {
      await add("optimistic and simultaneous", s, optimisticRadius(s), "simultaneous", hopeful);
    }
    for (const s of [0.1, 0.65, 1.2]) {
      await add(
        "momentum -0.5 and alternating",
        s,
        momentumRadius(s, -0.5),
        "alternating",
        momentum({ momentum: -0.5 }),
      );
    }
    return findings;
  },
};

const [n, m] = [6, 5];
const A = scattered(n, m, 1, 0.4);
const [eta, tau] = [0.2, 0.15];
const slices = (blockSize: number) => partitions.unit({ blockSize });
const start = normals(n + m, 2);

const energy: Oracle = {
  id: "T20",
  title: "alternating gradient steps on x'Ay conserve |x|^2/eta + |y|^2/tau - x'Ay",
  rules: ["alternating", "gradient", "all", "unit", "cyclic"],
  async check(lab) {
    const E = (z: readonly number[]) => {
      const [x, y] = [z.slice(0, n), z.slice(n)];
      return dot(x, x) / eta + dot(y, y) / tau - dot(x, times(A, y));
    };
    const drift = async (x: Partial<Moving>) => {
      const moving = { ...x, learningRate: eta };
      const play = await open(lab, playersOf(zeroSum(A), moving, { learningRate: tau }));
      play.place(start);
      let largest = 0;
      for (let i = 0; i < 20; i++) {
        await play.play(50);
        largest = Math.max(largest, Math.abs(E(await play.state()) / E(start) - 1));
      }
      return largest;
    };
    const finding = (what: string, measured: number) => ({
      what: `largest relative change of the energy in 1000 iterations, ${what}`,
      expected: 0,
      measured,
      tolerance: 1e-12,
    });
    return [
      finding("x at once", await drift({})),
      finding("a sweep of x", await drift({ partition: slices(2), steps: "sweep" })),
    ];
  },
};

const byTensors = { tensors: [1, 3, 2], partition: partitions.tensor() };
const byList = {
  tensors: [1, 3, 2],
  partition: partitions.list({
    blocks: [[valueName("x", "part3")], [valueName("x", "part1"), valueName("x", "part2")]],
  }),
};

/** How x and y may move: all plain gradient steps, each at the present point. */
const plainSchedules: Readonly<Record<string, { x: Partial<Moving>; y?: Partial<Moving> }>> = {
  "x at once, y at once": { x: {} },
  "single coordinates, ascending": { x: { partition: slices(1) } },
  "pairs, descending, and single coordinates of y": {
    x: { partition: slices(2), select: cyclic({ order: "descending" }) },
    y: { partition: slices(1) },
  },
  "triples, permuted, two steps, and y three times": {
    x: { partition: slices(3), select: permutation(), steps: 2 },
    y: { steps: 3 },
  },
  "dealt pairs, uniform, each for two moves": {
    x: { partition: partitions.averaged({ blockSize: 2 }), select: uniform(), hold: 2 },
  },
  "sorted pairs in a custom order, two steps on a batch": {
    x: { partition: partitions.sorted({ blockSize: 2 }), select: cyclic({ order: [2, 0, 1] }), innerSteps: 2 },
  },
  "drawn coordinates, a sweep of y": {
    x: { partition: partitions.coordinates({ blockSize: 4 }) },
    y: { partition: slices(1), select: permutation(), steps: "sweep" },
  },
  "tensors, uniform": {
    x: { ...byTensors, select: uniform() },
    y: { tensors: [2, 3], partition: partitions.tensor() },
  },
  "a list, a sweep": { x: { ...byList, steps: "sweep" } },
  "layers, all from one point": { x: { ...byTensors, partition: partitions.layer(), select: jacobi() } },
  "layers, the outer ones always": {
    x: { tensors: [1, 2, 2, 1], partition: partitions.layer(), select: layerwiseImportance({ active: 1 }) },
  },
};

const areas: Oracle = {
  id: "T21",
  title: "any sequence of plain block steps on a bilinear game, each at the present point, has determinant 1",
  rules: [
    ...["alternating", "gradient"],
    ...["all", "unit", "sorted", "averaged", "coordinates", "tensor", "layer", "list"],
  ],
  async check(lab) {
    const findings: Finding[] = [];
    for (const [what, { x, y }] of Object.entries(plainSchedules)) {
      const players = playersOf(zeroSum(A), { ...x, learningRate: 0.3 }, { ...y, learningRate: 0.4 });
      const play = await open(lab, players);
      const measured = determinant(await play.map(5, 1));
      findings.push({ what: `determinant of iterations 2 to 6, ${what}`, expected: 1, measured, tolerance: 1e-10 });
    }
    const stale = await open(lab, playersOf(zeroSum(A), { learningRate: eta }, { learningRate: tau }), "simultaneous");
    findings.push({
      what: "determinant of an iteration with stale reads, det(I + eta tau AA')",
      expected: determinant(plus(identity(n), eta * tau, multiply(A, transpose(A)))),
      measured: determinant(await stale.map(1)),
      tolerance: 1e-12,
    });
    return findings;
  },
};

const sweeps: Oracle = {
  id: "T22",
  title: "all blocks of x, then y: alternating descent with x as one block",
  rules: ["alternating", "gradient", "cyclic", "permutation", "unit", "tensor", "list", "all"],
  async check(lab) {
    const after = async (x: Partial<Moving>) => {
      const play = await open(lab, playersOf(zeroSum(A), { ...x, learningRate: eta }, { learningRate: tau }));
      play.place(start);
      await play.play(40);
      return play.state();
    };
    const expected = await after({});
    const ways: Record<string, Partial<Moving>> = {
      "single coordinates": { partition: slices(1) },
      "triples, descending": { partition: slices(3), select: cyclic({ order: "descending" }) },
      "pairs, permuted": { partition: slices(2), select: permutation() },
      tensors: byTensors,
      "a list": byList,
    };
    const findings: Finding[] = [];
    for (const [what, x] of Object.entries(ways)) {
      findings.push({
        what: `distance after 40 iterations, ${what}`,
        expected: 0,
        measured: distance(await after({ ...x, steps: "sweep" }), expected),
        tolerance: 1e-13,
      });
    }
    return findings;
  },
};

export const bilinearOracles: readonly Oracle[] = [radii, energy, areas, sweeps];
