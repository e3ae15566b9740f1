import type { Descent, PlayerSpec } from "../descent/descent.ts";
import type { Moved } from "../train/side.ts";
import { range, transpose } from "./linear-algebra.ts";
import type { Lab } from "./oracle.ts";
import { type Matrix, quadratic, valueName } from "./problems.ts";

/** The vector that `quadratic` is a function of. */
export const vector = valueName("min", "x");

/** A training step by step. */
export interface Course {
  /** The vector at the start, and after every iteration. */
  readonly points: readonly (readonly number[])[];
  /** The moves of every iteration. */
  readonly moves: readonly (readonly Moved[])[];
  /** Scalars that the programs reported in every iteration, taken before its last move. */
  readonly metrics: readonly Readonly<Record<string, number>>[];
  /** Another tensor of the plan at the end. */
  read(name: string): Promise<number[]>;
}

/** How a course is run. */
export interface CourseOptions {
  readonly seed?: number;
  /** Where it starts instead of where the plan says. */
  readonly start?: readonly number[];
  /** The vector that is watched. */
  readonly watch?: string;
}

/** Trains for some iterations. */
export async function course(
  lab: Lab,
  spec: PlayerSpec | Plan,
  iterations: number,
  { seed, start, watch = vector }: CourseOptions = {},
): Promise<Course> {
  const plan = "players" in spec ? spec : lab.plan([spec]);
  const trainer = await lab.trainer(start ? startingAt(plan, watch, start) : plan, seed);
  const read = async (name: string) => Array.from(await trainer.read(name));
  const points = [await read(watch)];
  const [moves, metrics]: [Moved[][], Record<string, number>[]] = [[], []];
  const [player] = plan.players;
  for (let k = 0; k < iterations; k++) {
    const iteration = await trainer.iterate();
    points.push(await read(watch));
    moves.push([...iteration.moves[player!.name]!]);
    metrics.push(iteration.metrics);
  }
  return { points, moves, metrics, read };
}

type Plan = ReturnType<Lab["plan"]>;

/** The plan with another start of one tensor: a plan is data, and need not be compiled again. */
export function startingAt(plan: Plan, name: string, values: readonly number[]): Plan {
  const initialiser = { kind: "values", values } as const;
  return { ...plan, tensors: plan.tensors.map((spec) => (spec.name === name ? { ...spec, initialiser } : spec)) };
}

/** What the descent does to a vector in one iteration on f(x) = 1/2 x'Hx: column j is where it takes the j-th unit vector. */
export async function mapOf(lab: Lab, H: Matrix, descent: Descent): Promise<Matrix> {
  const n = H.length;
  const plan = lab.plan([quadratic(H, new Array<number>(n).fill(0), new Array<number>(n).fill(0), descent)]);
  const columns: (readonly number[])[] = [];
  for (const j of range(n)) {
    const start = range(n).map((i) => (i === j ? 1 : 0));
    columns.push((await course(lab, plan, 1, { start })).points[1]!);
  }
  return transpose(columns);
}

/** 1/2 x'Hx - c'x. */
export function valueAt(H: Matrix, c: readonly number[], x: readonly number[]): number {
  return H.reduce((total, row, i) => total + x[i]! * (row.reduce((rest, h, j) => rest + h * x[j]!, 0) / 2 - c[i]!), 0);
}
