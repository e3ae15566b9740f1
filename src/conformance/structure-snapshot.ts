import type { Plan } from "../plan.ts";
import { sizeOf } from "../program.ts";
import type { Snapshot } from "../train/snapshot.ts";
import type { Trainer } from "../train/trainer.ts";

/** A snapshot that loses nothing: checkpoints are float32, and a float64 training that goes on from one is another training. */
export function exactSnapshot(trainer: Trainer, plan: Plan): Promise<Snapshot> {
  const target = new Map(
    plan.tensors.map(({ name, shape }) => [
      name,
      { shape, values: new Float64Array(sizeOf(shape)) as unknown as Float32Array },
    ]),
  );
  return trainer.snapshot(target);
}

/** Values of tensors by name. */
export type Values = ReadonlyMap<string, readonly number[]>;

/** The present values of the tensors of a plan of some names. */
export async function valuesOf(trainer: Trainer, plan: Plan, isWanted: (name: string) => boolean): Promise<Values> {
  const values = new Map<string, readonly number[]>();
  for (const { name } of plan.tensors) if (isWanted(name)) values.set(name, [...(await trainer.read(name))]);
  return values;
}

/** The values of all weights. */
export function weightsOf(trainer: Trainer, plan: Plan): Promise<Values> {
  const weights = new Set(plan.tensors.filter(({ role }) => role === "parameter").map(({ name }) => name));
  return valuesOf(trainer, plan, (name) => weights.has(name));
}

/** Elements that are not the same, to the bit but for the sign of 0, of the tensors of `a`; those that `b` does not have are not. */
export function differing(a: Values, b: Values): number {
  let count = 0;
  for (const [name, values] of a) count += values.filter((value, i) => value !== b.get(name)?.[i]).length;
  return count;
}
