/** Random blocks on a bilinear game: identities that hold on average, found by going through all blocks. */
import { partitions } from "../descent/partition.ts";
import { uniform } from "../descent/selection-sampling.ts";
import { densePlay, meanSquareRadius } from "./games-dense.ts";
import { normals, open, pieces, playersOf, type QuadraticGame, reflection, scattered, zeroSum } from "./games-play.ts";
import {
  determinant,
  diagonal,
  distance,
  dot,
  multiply,
  plus,
  range,
  singularValues,
  spectralRadius,
  sum,
  times,
  transpose,
} from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import type { Matrix } from "./problems.ts";

/** A step of one block of x and then of y, for each block: iteration number b of the cyclic order moves block b. */
async function blockMaps(
  lab: Lab,
  game: QuadraticGame,
  blockSize: number,
  rates: readonly [number, number],
): Promise<Matrix[]> {
  const x = { partition: partitions.unit({ blockSize }), learningRate: rates[0] };
  const play = await open(lab, playersOf(game, x, { learningRate: rates[1] }));
  const maps: Matrix[] = [];
  for (const b of range(game.A.length / blockSize)) maps.push(await play.map(1, b));
  return maps;
}

/** The same by plain arithmetic. */
function denseMaps(game: QuadraticGame, blockSize: number, [eta, tau]: readonly [number, number]): Matrix[] {
  const blocks = pieces(game.A.length, blockSize);
  const play = densePlay(game, { blocks, rate: eta }, { blocks: [range(game.B.length)], rate: tau });
  return blocks.map((_, b) => play.map(1, b));
}

const [n, m, blockSize] = [6, 5, 2];
const D = n / blockSize;
const [eta, tau] = [0.2, 0.15];
const A = scattered(n, m, 1, 0.4);
const game = zeroSum(A);
const start = normals(n + m, 2);

/** The energy that alternating play with all blocks at once and the rate eta / D conserves. */
function energy(z: readonly number[]): number {
  const [x, y] = [z.slice(0, n), z.slice(n)];
  return (dot(x, x) * D) / eta + dot(y, y) / tau - dot(x, times(A, y));
}

/** A mean over several stretches of one training, and its standard error. */
interface Sampled {
  readonly mean: number;
  readonly error: number;
  /** Moves of each block. */
  readonly visits: readonly number[];
}

/** What |z|^2 is after some steps of random blocks. */
async function sampledSquare(lab: Lab, steps: number, stretches: number): Promise<Sampled> {
  const x = { partition: partitions.unit({ blockSize }), select: uniform(), learningRate: eta };
  const play = await open(lab, playersOf(game, x, { learningRate: tau }));
  const squares: number[] = [];
  const visits = range(D).map(() => 0);
  for (const stretch of range(stretches)) {
    play.place(start, stretch * steps);
    await play.play(steps);
    const z = await play.state();
    squares.push(dot(z, z));
    for (const [b, moves] of play.trainer.takeVisits("x").entries()) visits[b]! += moves;
  }
  const mean = sum(squares) / stretches;
  const variance = sum(squares.map((square) => (square - mean) ** 2)) / (stretches - 1);
  return { mean, error: Math.sqrt(variance / stretches), visits };
}

/** E|z|^2 after random steps, by the second moment: S -> mean of M S M'. */
function expectedSquare(maps: readonly Matrix[], steps: number): number {
  let moment = start.map((a) => start.map((b) => a * b));
  for (const _ of range(steps)) {
    const images = maps.map((M) => multiply(multiply(M, moment), transpose(M)));
    moment = images.reduce((total, image) => plus(total, 1, image)).map((row) => row.map((s) => s / maps.length));
  }
  return sum(moment.map((row, i) => row[i]!));
}

const randomBlocks: Oracle = {
  id: "T23",
  title: "random blocks on a bilinear game gain energy on average, and diverge in mean square",
  rules: ["uniform", "cyclic", "unit", "gradient", "alternating"],
  async check(lab) {
    const maps = await blockMaps(lab, game, blockSize, [eta, tau]);
    const dense = denseMaps(game, blockSize, [eta, tau]);
    const gains = maps.map((M) => energy(times(M, start)) - energy(start));
    const Ay = times(A, start.slice(n));
    const sampled = await sampledSquare(lab, 12, 200);
    const moves = 12 * 200;
    return [
      {
        what: "mean gain of energy over the blocks, eta (1 - 1/D) |Ay|^2 with the energy of the rate eta / D",
        expected: eta * (1 - 1 / D) * dot(Ay, Ay),
        measured: sum(gains) / D,
        tolerance: 1e-12,
      },
      {
        what: "largest difference of a block's map from the dense one",
        expected: 0,
        measured: Math.max(...maps.map((M, b) => distance(M.flat(), dense[b]!.flat()))),
        tolerance: 1e-14,
      },
      {
        what: "radius of a cyclic sweep",
        expected: 1,
        measured: spectralRadius(maps.reduce((product, M) => multiply(M, product))),
        tolerance: 1e-10,
      },
      {
        what: "mean-square radius, of the mean of M kron M",
        expected: meanSquareRadius(dense),
        measured: meanSquareRadius(maps),
        tolerance: 1e-10,
      },
      {
        what: "mean of |z|^2 after 12 uniform steps, over 200 stretches, within 3 standard errors",
        expected: expectedSquare(dense, 12),
        measured: sampled.mean,
        tolerance: 3 * sampled.error,
      },
      ...sampled.visits.map((visits, b) => ({
        what: `share of block ${b + 1} of ${moves} uniform moves, within 3 standard deviations`,
        expected: 1 / D,
        measured: visits / moves,
        tolerance: 3 * Math.sqrt((1 / D) * (1 - 1 / D) * (1 / moves)),
      })),
    ];
  },
};

/** Singular values from 0.5 to 1. */
const ridgeMatrix = multiply(multiply(reflection(8, 3), diagonal(range(8).map((i) => 0.5 + i / 14))), reflection(8, 4));

/** Radius of alternating play with x at once: per singular value, the roots of z^2 - (2 - tau gamma - eta tau sigma^2) z + 1 - tau gamma. */
function ridgeRadius(M: Matrix, [rateX, rateY]: readonly [number, number], ridge: number): number {
  const moduli = singularValues(M).map((sigma) => {
    const [trace, area] = [2 - rateY * ridge - rateX * rateY * sigma ** 2, 1 - rateY * ridge];
    const discriminant = trace ** 2 - 4 * area;
    return discriminant <= 0 ? Math.sqrt(area) : (Math.abs(trace) + Math.sqrt(discriminant)) / 2;
  });
  return Math.max(...moduli);
}

const damped: Oracle = {
  id: "T24",
  title: "with a ridge on y, any number of cyclic blocks contracts by sqrt(1 - tau gamma) a step, random blocks less",
  rules: ["cyclic", "uniform", "unit", "all", "gradient", "alternating"],
  async check(lab) {
    const findings: Finding[] = [];
    const [rates, ridge] = [[0.1, 0.1] as const, 0.3];
    const damping = 1 - rates[1] * ridge;
    for (const blocks of [1, 2, 4, 8]) {
      const size = 8 / blocks;
      const maps = await blockMaps(lab, zeroSum(ridgeMatrix, ridge), size, rates);
      const sweep = maps.reduce((product, M) => multiply(M, product));
      const dense = denseMaps(zeroSum(ridgeMatrix, ridge), size, rates);
      findings.push(
        {
          what: `radius per step, ${blocks} cyclic blocks, sqrt(1 - tau gamma)`,
          expected: Math.sqrt(damping),
          measured: spectralRadius(sweep) ** (1 / blocks),
          tolerance: 1e-10,
        },
        {
          what: `mean-square radius per step, ${blocks} random blocks`,
          expected: Math.sqrt(meanSquareRadius(dense)),
          measured: Math.sqrt(meanSquareRadius(maps)),
          tolerance: 1e-10,
        },
        {
          what: `determinant of each of ${blocks} steps, (1 - tau gamma)^8`,
          expected: 0,
          measured: Math.max(...maps.map((M) => Math.abs(determinant(M) - damping ** 8))),
          tolerance: 1e-12,
        },
      );
    }
    const over = await open(
      lab,
      playersOf(zeroSum(ridgeMatrix, 1), { learningRate: rates[0] }, { learningRate: rates[1] }),
    );
    findings.push({
      what: "radius, x at once, overdamped",
      expected: ridgeRadius(ridgeMatrix, rates, 1),
      measured: spectralRadius(await over.map(1)),
      tolerance: 1e-10,
    });
    return findings;
  },
};

export const randomOracles: readonly Oracle[] = [randomBlocks, damped];
