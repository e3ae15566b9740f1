/** Quadratic games as the product plays them, and the matrices of what it does. */
import type { Dataset } from "../data/dataset.ts";
import type { Descent, PlayerSpec } from "../descent/descent.ts";
import { whole } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { weightInput } from "../descent/step.ts";
import { constant, type Tensor } from "../graph/tensor.ts";
import type { Weights } from "../nn/layer.ts";
import type { Network } from "../nn/network.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { concat } from "../ops/layout.ts";
import { gradientStep } from "../optim/gradient.ts";
import type { Order } from "../plan.ts";
import { fillNormal, stream } from "../random.ts";
import type { Trainer } from "../train/trainer.ts";
import { diagonal, identity, matrix, plus, range, transpose } from "./linear-algebra.ts";
import type { Lab } from "./oracle.ts";
import { form, type Matrix, variables } from "./problems.ts";

/** A game of two vectors: x minimises 1/2 x'Px + x'Ay, and y minimises 1/2 y'Qy + y'Bx. */
export interface QuadraticGame {
  readonly A: Matrix;
  readonly B: Matrix;
  readonly P?: Matrix;
  readonly Q?: Matrix;
}

/** f(x, y) = x'Ay - ridge / 2 |y|^2, which x minimises and y maximises. */
export function zeroSum(A: Matrix, ridge = 0): QuadraticGame {
  const B = transpose(A).map((row) => row.map((a) => -a));
  return ridge === 0 ? { A, B } : { A, B, Q: diagonal(B.map(() => ridge)) };
}

/** How one side moves; by default all at once, by gradient descent. Its vector is one tensor, or several of these lengths. */
export interface Moving extends Partial<Descent> {
  readonly learningRate: number;
  readonly tensors?: readonly number[];
}

/** The players x and y of a game, in this order. */
export function playersOf({ A, B, P, Q }: QuadraticGame, x: Moving, y: Moving): PlayerSpec[] {
  const [ofX, ofY] = [vectorOf("x", x.tensors ?? [A.length]), vectorOf("y", y.tensors ?? [B.length])];
  return [player(ofX, ofY, A, P, x), player(ofY, ofX, B, Q, y)];
}

function vectorOf(name: string, lengths: readonly number[]): Network {
  const start = { kind: "constant", value: 0 } as const;
  return variables(name, Object.fromEntries(lengths.map((n, i) => [`part${i + 1}`, { shape: [n], start }])));
}

function player(
  network: Network,
  other: Network,
  cross: Matrix,
  own: Matrix | undefined,
  { tensors: _, ...descent }: Moving,
): PlayerSpec {
  const opposite = joined(other, (name) => weightInput(other.parameters.find((spec) => spec.name === name)!));
  return {
    network,
    descent: { partition: whole, select: cyclic(), update: gradientStep(), ...descent },
    objective(weights) {
      const v = joined(network, weights);
      const coupling = form(v, cross, opposite);
      const value = own ? add(coupling, mul(constant(0.5), form(v, own, v))) : coupling;
      return { value, metrics: { [`${network.name}/objective`]: value } };
    },
  };
}

const joined = ({ parameters }: Network, weights: Weights): Tensor =>
  concat(
    parameters.map(({ name }) => weights(name)),
    0,
  );

/** A game under way, seen as one vector: x, y, and what their update rules remember of each. */
export interface Play {
  readonly trainer: Trainer;
  state(): Promise<number[]>;
  /** Puts it somewhere at the beginning of an iteration. Without memories in the vector it is as if nothing had moved yet. */
  place(state: readonly number[], iteration?: number): void;
  /** Plays so many iterations on. */
  play(iterations: number): Promise<void>;
  /** The linear map of so many iterations, column by column from unit vectors; memories count as made already. */
  map(iterations: number, from?: number): Promise<Matrix>;
}

/** Compiles a game, which then stands at its start. */
export async function open(lab: Lab, players: readonly PlayerSpec[], order?: Order, data?: Dataset): Promise<Play> {
  const trainer = await lab.trainer(lab.plan(players, { order }), 1, data);
  const start = await trainer.snapshot();
  const weights = players.flatMap(({ network }) => network.parameters.map(({ name }) => name));
  const names = [...start.keys()];
  const isFlag = (name: string) => name.endsWith("optimistic/seen");
  const memories = weights.flatMap((weight) => names.filter((name) => name.startsWith(`${weight}/`) && !isFlag(name)));
  const vector = [...weights, ...memories];
  const size = vector.reduce((total, name) => total + start.get(name)!.values.length, 0);

  const state = async () => {
    const parts: number[][] = [];
    for (const name of vector) parts.push([...(await trainer.read(name))]);
    return parts.flat();
  };
  const place = (values: readonly number[], iteration = 0) => {
    const hasMemories = values.length === size;
    const rest = [...values];
    const filled = (name: string, old: Float32Array) => {
      if (isFlag(name) && hasMemories) return new Float32Array(old.length).fill(1);
      return old.map((initial) => (vector.includes(name) ? (rest.shift() ?? initial) : initial));
    };
    const inOrder = [...vector, ...names.filter((name) => !vector.includes(name))];
    const placed = inOrder.map((name) => {
      const { shape, values: old } = start.get(name)!;
      return [name, { shape, values: filled(name, old) }] as const;
    });
    trainer.restore(new Map(placed), iteration);
  };
  const play = async (iterations: number) => {
    for (let i = 0; i < iterations; i++) await trainer.iterate();
  };
  return {
    trainer,
    state,
    place,
    play,
    async map(iterations, from = 0) {
      const columns: number[][] = [];
      for (const unit of identity(size)) {
        place(unit, from);
        await play(iterations);
        columns.push(await state());
      }
      return transpose(columns);
    },
  };
}

/** Standard normal numbers that float32 holds exactly, so that a snapshot does. */
export function normals(count: number, seed: number): number[] {
  const values = new Float32Array(count);
  fillNormal(stream(seed, "conformance"), 0, values);
  return [...values];
}

/** A matrix of standard normal numbers times a factor. */
export function scattered(rows: number, columns: number, seed: number, factor = 1): Matrix {
  const values = normals(rows * columns, seed);
  return matrix(rows, columns, (i, j) => factor * values[i * columns + j]!);
}

/** The reflection I - 2 vv'/|v|^2 at a random plane: orthogonal. */
export function reflection(n: number, seed: number): Matrix {
  const v = normals(n, seed);
  const square = v.reduce((sum, a) => sum + a * a, 0);
  return plus(
    identity(n),
    -2 / square,
    matrix(n, n, (i, j) => v[i]! * v[j]!),
  );
}

/** The numbers 0 to n - 1 in pieces of one size. */
export const pieces = (n: number, size: number): number[][] =>
  range(n / size).map((piece) => range(size).map((i) => piece * size + i));
