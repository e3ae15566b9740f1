/** Whatever the schedule: the product does what a plain implementation of the same rules does, at the rate that its matrix has. */
import { partitions } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { jacobi } from "../descent/selection-sets.ts";
import { gradientStep } from "../optim/gradient.ts";
import { momentum } from "../optim/momentum.ts";
import { optimistic } from "../optim/optimistic.ts";
import type { Order } from "../plan.ts";
import { type DenseSide, densePlay, dominantCoordinates, meanSquareRadius } from "./games-dense.ts";
import { type Moving, normals, open, pieces, playersOf, type QuadraticGame, scattered, zeroSum } from "./games-play.ts";
import { distance, multiply, norm, plus, range, spectralRadius, times, transpose } from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { type Matrix, valueName } from "./problems.ts";

/** A schedule, as the product is told and as the plain implementation is. */
interface Schedule {
  readonly order?: Order;
  readonly x: readonly [Moving, DenseSide];
  readonly y: readonly [Moving, DenseSide];
  /** Iterations until the schedule repeats. */
  readonly period: number;
}

const hopeful = optimistic(gradientStep());
const slices = (blockSize: number) => partitions.unit({ blockSize });

/** A game with curvature on both sides, and not of zero sum: x in R^6, y in R^4. */
const general: QuadraticGame = (() => {
  const [P, Q] = [scattered(6, 6, 11, 0.3), scattered(4, 4, 12, 0.3)];
  const A = scattered(6, 4, 13, 0.5);
  return {
    A,
    B: plus(scattered(4, 6, 14, 0.1), -1, transpose(A)),
    P: multiply(P, transpose(P)),
    Q: multiply(Q, transpose(Q)),
  };
})();

const [eta, tau] = [0.2, 0.25];
const allOf = (count: number, rate: number, more: Partial<DenseSide> = {}): DenseSide => ({
  blocks: [range(count)],
  rate,
  ...more,
});

const schedules: Readonly<Record<string, Schedule>> = {
  "pairs of x, y at once": {
    x: [
      { learningRate: eta, partition: slices(2) },
      { rate: eta, blocks: pieces(6, 2) },
    ],
    y: [{ learningRate: tau }, allOf(4, tau)],
    period: 3,
  },
  "pairs of x, three steps on a batch, two of y": {
    x: [
      { learningRate: eta, partition: slices(2), innerSteps: 3 },
      { rate: eta, blocks: pieces(6, 2), innerSteps: 3 },
    ],
    y: [{ learningRate: tau, innerSteps: 2 }, allOf(4, tau, { innerSteps: 2 })],
    period: 3,
  },
  "pairs of x dealt by estimates there and back, pairs of y sorted by estimates": {
    x: [
      { learningRate: eta, partition: partitions.averaged({ blockSize: 2, unitLipschitz: () => [3, 1, 6, 2, 5, 4] }) },
      {
        rate: eta,
        blocks: [
          [2, 1],
          [4, 3],
          [5, 0],
        ],
      },
    ],
    y: [
      { learningRate: tau, partition: partitions.sorted({ blockSize: 2, unitLipschitz: () => [2, 7, 1, 3] }) },
      {
        rate: tau,
        blocks: [
          [1, 3],
          [0, 2],
        ],
      },
    ],
    period: 6,
  },
  "layers of x all from one point, y in turns": {
    x: [{ learningRate: eta, tensors: [1, 3, 2], partition: partitions.layer(), select: jacobi() }, allOf(6, eta)],
    y: [
      { learningRate: tau, partition: slices(2) },
      { rate: tau, blocks: pieces(4, 2) },
    ],
    period: 2,
  },
  "simultaneous, triples of x, single coordinates of y descending": {
    order: "simultaneous",
    x: [
      { learningRate: eta, partition: slices(3) },
      { rate: eta, blocks: pieces(6, 3) },
    ],
    y: [
      { learningRate: tau, partition: slices(1), select: cyclic({ order: "descending" }) },
      { rate: tau, blocks: pieces(4, 1).reverse() },
    ],
    period: 4,
  },
  "two steps of x in a custom order, three of y, each block for two moves": {
    x: [
      { learningRate: eta, partition: slices(2), select: cyclic({ order: [1, 2, 0] }), steps: 2 },
      {
        rate: eta,
        blocks: [
          [2, 3],
          [4, 5],
          [0, 1],
        ],
        steps: 2,
      },
    ],
    y: [
      { learningRate: tau, partition: slices(2), steps: 3, hold: 2 },
      { rate: tau, blocks: pieces(4, 2), steps: 3, at: (move) => Math.floor(move / 2) % 2 },
    ],
    period: 12,
  },
  "a sweep over a list of tensors of x, tensors of y": {
    x: [
      {
        learningRate: eta,
        tensors: [1, 2, 3],
        partition: partitions.list({
          blocks: [[valueName("x", "part3")], [valueName("x", "part1"), valueName("x", "part2")]],
        }),
        steps: "sweep",
      },
      {
        rate: eta,
        blocks: [
          [3, 4, 5],
          [0, 1, 2],
        ],
        steps: 2,
      },
    ],
    y: [
      { learningRate: tau, tensors: [3, 1], partition: partitions.tensor() },
      { rate: tau, blocks: [[0, 1, 2], [3]] },
    ],
    period: 2,
  },
  "optimistic blocks of both": {
    x: [
      { learningRate: eta, partition: slices(2), update: hopeful },
      { rate: eta, blocks: pieces(6, 2), rule: "optimistic" },
    ],
    y: [
      { learningRate: tau, tensors: [1, 3], partition: partitions.tensor(), update: hopeful },
      { rate: tau, blocks: [[0], [1, 2, 3]], rule: "optimistic" },
    ],
    period: 6,
  },
  "optimistic and simultaneous, blocks of both": {
    order: "simultaneous",
    x: [
      { learningRate: eta, partition: slices(3), update: hopeful },
      { rate: eta, blocks: pieces(6, 3), rule: "optimistic" },
    ],
    y: [
      { learningRate: tau, partition: slices(2), update: hopeful },
      { rate: tau, blocks: pieces(4, 2), rule: "optimistic" },
    ],
    period: 2,
  },
  "optimism of y only": {
    x: [
      { learningRate: eta, partition: slices(1) },
      { rate: eta, blocks: pieces(6, 1) },
    ],
    y: [{ learningRate: tau, update: hopeful }, allOf(4, tau, { rule: "optimistic" })],
    period: 6,
  },
  "extragradient, pairs of x, tensors of y": {
    order: "extragradient",
    x: [
      { learningRate: eta, partition: slices(2) },
      { rate: eta, blocks: pieces(6, 2) },
    ],
    y: [
      { learningRate: tau, tensors: [2, 2], partition: partitions.layer(), steps: 2 },
      { rate: tau, blocks: pieces(4, 2), steps: 2 },
    ],
    period: 3,
  },
  "momentum -0.5 of both": {
    x: [
      { learningRate: eta, partition: slices(3), update: momentum({ momentum: -0.5 }) },
      { rate: eta, blocks: pieces(6, 3), rule: { momentum: -0.5 } },
    ],
    y: [
      { learningRate: tau, partition: slices(2), update: momentum({ momentum: -0.5 }) },
      { rate: tau, blocks: pieces(4, 2), rule: { momentum: -0.5 } },
    ],
    period: 2,
  },
};

const start = normals(10, 15);
const sweepsPlayed = 40;

/** Iterates, matrix, and rate in the long run of one schedule. */
async function compare(lab: Lab, what: string, { order, x, y, period }: Schedule): Promise<Finding[]> {
  const play = await open(lab, playersOf(general, x[0], y[0]), order);
  const dense = densePlay(general, x[1], y[1], order);
  play.place(start);
  let apart = 0;
  let expected: number[] = [];
  for (let i = 1; i <= 3; i++) {
    await play.play(20);
    expected = dense.from(start, 20 * i);
    apart = Math.max(apart, distance(await play.state(), expected) / norm(expected));
  }
  const sweep = dense.map(period);
  const leading = dominantCoordinates(sweep);
  const size = async () => Math.log(norm(times(leading, await play.state())));
  play.place(normals(sweep.length, 16));
  const before = await size();
  await play.play(sweepsPlayed * period);
  const slope = ((await size()) - before) / sweepsPlayed;
  return [
    { what: `relative distance within 60 iterations, ${what}`, expected: 0, measured: apart, tolerance: 1e-10 },
    {
      what: `distance of the matrices of ${period} iterations, ${what}`,
      expected: 0,
      measured: distance((await play.map(period)).flat(), sweep.flat()),
      tolerance: 1e-12,
    },
    {
      what: `slope of the logarithm in the long run, log of the radius, ${what}`,
      expected: Math.log(spectralRadius(sweep)),
      measured: slope,
      tolerance: 1e-9,
    },
  ];
}

/** x'Ay with singular values 1, 0.8, 0.6, 0.5 between random rotations: that of `check_oracles2.py` in the source document. */
const tabled: Matrix = [
  [0.6516965466436662, 0.13598186002457235, 0.17419906884335512, 0.002133368967993097],
  [0.12259519936115036, -0.015013899202939543, 0.5470699537324176, -0.36146897226311314],
  [-0.2663556908140569, 0.9255921535318314, 0.19884796858527454, 0.16854025242697399],
  [-0.04326606303226386, 0.08291002722532283, -0.29939189091071666, -0.4870895980733307],
];

interface Tabled {
  readonly x?: "optimistic" | { readonly momentum: number };
  readonly y?: "optimistic" | { readonly momentum: number };
  readonly order?: Order;
  /** Radius per step: x at once, two cyclic blocks, two random blocks in mean square. */
  readonly radii: readonly [number, number, number];
}

const negative = { momentum: -0.5 };

const table: Readonly<Record<string, Tabled>> = {
  alternating: { radii: [1, 1, 1.0114] },
  simultaneous: { order: "simultaneous", radii: [1.04403, 1.02178, 1.03305] },
  extragradient: { order: "extragradient", radii: [0.98894, 0.99447, 0.99683] },
  "optimistic, simultaneous": {
    order: "simultaneous",
    x: "optimistic",
    y: "optimistic",
    radii: [0.98842, 0.98861, 0.99039],
  },
  "optimistic, alternating": { x: "optimistic", y: "optimistic", radii: [0.97751, 0.98273, 0.98441] },
  "optimistic in y only, alternating": { y: "optimistic", radii: [0.98869, 0.99431, 0.9967] },
  "momentum -0.5, alternating": { x: negative, y: negative, radii: [0.99666, 0.99749, 0.9985] },
};

/** Radii of one row of the table at eta = tau = 0.3. */
async function compareRow(lab: Lab, what: string, { x, y, order, radii }: Tabled): Promise<Finding[]> {
  const update = (rule: Tabled["x"]) =>
    rule === undefined ? gradientStep() : rule === "optimistic" ? hopeful : momentum(rule);
  const maps = async (partition: Partial<Moving>, blocks: number) => {
    const moving = { learningRate: 0.3, update: update(x), ...partition };
    const play = await open(lab, playersOf(zeroSum(tabled), moving, { learningRate: 0.3, update: update(y) }), order);
    const list: Matrix[] = [];
    for (let b = 0; b < blocks; b++) list.push(await play.map(1, b));
    return list;
  };
  const [whole] = await maps({}, 1);
  const [first, second] = await maps({ partition: slices(2) }, 2);
  const measured = [
    spectralRadius(whole!),
    Math.sqrt(spectralRadius(multiply(second!, first!))),
    Math.sqrt(meanSquareRadius([first!, second!])),
  ];
  const columns = ["x at once", "two cyclic blocks", "two random blocks, in mean square"];
  return columns.map((column, i) => ({
    what: `radius per step, ${what}, ${column}`,
    expected: radii[i]!,
    measured: measured[i]!,
    tolerance: 6e-6, // of the five decimals of the table
  }));
}

const anySchedule: Oracle = {
  id: "T25",
  title: "any deterministic schedule on a quadratic game follows its matrix",
  rules: [
    ...["alternating", "simultaneous", "extragradient", "gradient", "optimistic", "momentum", "cyclic", "jacobi"],
    ...["all", "unit", "sorted", "averaged", "tensor", "layer", "list"],
  ],
  async check(lab) {
    const findings: Finding[] = [];
    for (const [what, schedule] of Object.entries(schedules)) findings.push(...(await compare(lab, what, schedule)));
    for (const [what, row] of Object.entries(table)) findings.push(...(await compareRow(lab, what, row)));
    return findings;
  },
};

export const scheduleOracles: readonly Oracle[] = [anySchedule];
