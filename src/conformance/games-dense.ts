/** A second implementation of play on quadratic games: plain vectors, no graph, no compiler. What the product is compared with. */
import { Matrix as Dense, EigenvalueDecomposition } from "ml-matrix";
import type { Order } from "../plan.ts";
import type { QuadraticGame } from "./games-play.ts";
import { identity, inverse, matrix, plus, range, spectralRadius, times, transpose } from "./linear-algebra.ts";
import type { Matrix } from "./problems.ts";

/** How one side moves. */
export interface DenseSide {
  /** Coordinates of each block within the vector of the side. */
  readonly blocks: readonly (readonly number[])[];
  readonly rate: number;
  /** Gradient descent by default. */
  readonly rule?: "optimistic" | { readonly momentum: number };
  /** The block of each move, counted from the first of the training; by default one after the other. */
  readonly at?: (move: number) => number;
  /** Moves of an iteration. */
  readonly steps?: number;
  /** Steps of a move; more than one in alternating play only. */
  readonly innerSteps?: number;
}

/** The point z = (x, y), and for each coordinate what its side's rule remembers: the last gradient, or the velocity. */
interface DenseState {
  readonly z: number[];
  readonly memory: number[];
  /** Whether a coordinate has moved before. */
  readonly seen: boolean[];
}

/** A game under a schedule. */
export interface DensePlay {
  /** The vector x, y and memories after some iterations, from x and y. */
  from(start: readonly number[], iterations: number): number[];
  /** The matrix of some iterations on x, y and memories. */
  map(iterations: number, first?: number): Matrix;
}

/** The iterations of a game of x and y. */
export function densePlay(game: QuadraticGame, x: DenseSide, y: DenseSide, order: Order = "alternating"): DensePlay {
  const field = fieldOf(game);
  const n = game.A.length;
  const sides = [x, { ...y, blocks: y.blocks.map((block) => block.map((i) => n + i)) }];
  const remembered = sides.flatMap(({ rule, blocks }) => (rule ? blocks.flat().sort((a, b) => a - b) : []));
  const vectorOf = ({ z, memory }: DenseState) => [...z, ...remembered.map((i) => memory[i]!)];
  const run = (state: DenseState, iterations: number, first: number) => {
    for (let i = first; i < first + iterations; i++) iterate(field, sides, order, state, i);
    return vectorOf(state);
  };
  const size = field.length;
  return {
    from: (start, iterations) =>
      run({ z: [...start], memory: start.map(() => 0), seen: start.map(() => false) }, iterations, 0),
    map(iterations, first = 0) {
      const columns = identity(size + remembered.length).map((unit) => {
        const memory = range(size).map((i) => (remembered.includes(i) ? unit[size + remembered.indexOf(i)]! : 0));
        return run({ z: unit.slice(0, size), memory, seen: range(size).map(() => true) }, iterations, first);
      });
      return transpose(columns);
    },
  };
}

/** The matrix of z to the gradients of both sides. */
function fieldOf({ A, B, P, Q }: QuadraticGame): Matrix {
  const [n, m] = [A.length, B.length];
  const nothing = (size: number) => matrix(size, size, () => 0);
  const [ofX, ofY] = [P ?? nothing(n), Q ?? nothing(m)];
  return [...ofX.map((row, i) => [...row, ...A[i]!]), ...ofY.map((row, i) => [...B[i]!, ...row])];
}

/** The first side moves in the first rounds, the second in the last. */
function iterate(field: Matrix, sides: readonly DenseSide[], order: Order, state: DenseState, iteration: number): void {
  const counts = sides.map(({ steps = 1 }) => steps);
  const rounds = Math.max(...counts);
  const made = [0, 0];
  for (const round of range(rounds)) {
    const isIn = [round < counts[0]!, round >= rounds - counts[1]!];
    const moves = sides.flatMap((side, i) => {
      if (!isIn[i]) return [];
      const move = iteration * counts[i]! + made[i]!++;
      return [{ side, block: side.blocks[side.at?.(move) ?? move % side.blocks.length]! }];
    });
    playRound[order](field, moves, state);
  }
}

interface DenseMove {
  readonly side: DenseSide;
  readonly block: readonly number[];
}

type DenseRound = (field: Matrix, moves: readonly DenseMove[], state: DenseState) => void;

const playRound: Readonly<Record<Order, DenseRound>> = {
  alternating(field, moves, state) {
    for (const { side, block } of moves) {
      for (const _ of range(side.innerSteps ?? 1)) move(side, block, times(field, state.z), state);
    }
  },
  simultaneous(field, moves, state) {
    const gradient = times(field, state.z);
    for (const { side, block } of moves) move(side, block, gradient, state);
  },
  extragradient(field, moves, state) {
    const gradient = times(field, state.z);
    const ahead = [...state.z];
    for (const { side, block } of moves) for (const i of block) ahead[i]! -= side.rate * gradient[i]!;
    const there = times(field, ahead);
    for (const { side, block } of moves) for (const i of block) state.z[i]! -= side.rate * there[i]!;
  },
};

function move({ rate, rule }: DenseSide, block: readonly number[], gradient: readonly number[], state: DenseState) {
  const { z, memory, seen } = state;
  for (const i of block) {
    const [g, last] = [gradient[i]!, memory[i]!];
    let direction = g;
    if (rule === "optimistic") direction = seen[i] ? 2 * g - last : g;
    else if (rule) direction = rule.momentum * last + g;
    memory[i] = rule === "optimistic" ? g : direction;
    seen[i] = true;
    z[i]! -= rate * direction;
  }
}

/**
 * The radius of the second moment of random products: that of E[M kron M], on symmetric matrices, where it is attained because the operator X -> E[M X M']
 * keeps the positive semidefinite cone (Krein and Rutman 1948).
 */
export function meanSquareRadius(maps: readonly Matrix[]): number {
  const n = maps[0]!.length;
  const pairs = range(n).flatMap((i) => range(i + 1).map((j) => [i, j] as const));
  const images = maps.map((M) =>
    matrix(pairs.length, pairs.length, (row, column) => {
      const [[k, l], [i, j]] = [pairs[row]!, pairs[column]!];
      const image = M[k]![i]! * M[l]![j]!;
      return i === j ? image : image + M[k]![j]! * M[l]![i]!;
    }),
  );
  const sum = images.reduce((total, image) => plus(total, 1, image));
  return spectralRadius(sum) / maps.length;
}

/** Linear forms whose length grows by exactly the spectral radius in each application of a diagonalisable map: of the largest eigenvalue, or of its pair. */
export function dominantCoordinates(M: Matrix): Matrix {
  const { realEigenvalues, imaginaryEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    new Dense(M.map((row) => [...row])),
  );
  const moduli = realEigenvalues.map((re, i) => Math.hypot(re, imaginaryEigenvalues[i]!));
  const first = moduli.indexOf(Math.max(...moduli));
  const forms = inverse(eigenvectorMatrix.to2DArray());
  // of a pair, the one with the positive imaginary part comes first
  const im = imaginaryEigenvalues[first]!;
  if (im === 0) return [forms[first]!];
  return im > 0 ? [forms[first]!, forms[first + 1]!] : [forms[first - 1]!, forms[first]!];
}
