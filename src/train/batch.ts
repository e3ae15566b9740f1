import type { Dataset } from "../data/dataset.ts";
import { ShapeError } from "../errors.ts";
import type { Program } from "../program.ts";
import { fillNormal, type Reals, stream } from "../random.ts";
import { alone, type Collective } from "./collective.ts";
import type { Memory } from "./memory.ts";
import { inputsOf, type ShardInput } from "./shards.ts";

/** The inputs of some programs that are new in every iteration. */
export function batchInputs(programs: readonly Program[]): ShardInput[] {
  const inputs = programs.flatMap(inputsOf);
  const byName = new Map(inputs.map((port) => [port.name, port]));
  return [...byName.values()].filter(({ role }) => role === "batch" || role === "noise");
}

/** Throws ShapeError where the data are not what the programs read. */
export function checkData(batch: readonly ShardInput[], data: Dataset | undefined): void {
  for (const port of batch.filter(({ role }) => role === "batch")) {
    const [, ...wanted] = port.shape;
    if (data && String(wanted) === String(data.shape)) continue;
    const got = data ? `${data.name} with [${data.shape}]` : "no data";
    throw new ShapeError(`createTrainer: the plan is for examples of shape [${wanted}], got ${got}.`);
  }
}

/** Where examples and random numbers come from. */
export interface BatchSource {
  readonly data?: Dataset | undefined;
  readonly seed: number;
  readonly collective?: Collective | undefined;
}

/** Something that is drawn anew for every batch. */
export interface Draw {
  /** Of the input that it is for. */
  readonly name: string;
  /** Puts it in its place in memory. */
  at(step: number): void;
}

/** The examples and latents of a batch: this replica's rows of one that is the same whatever the number of replicas and shards. */
export function openDraws(batch: readonly ShardInput[], memory: Memory, source: BatchSource): Draw[] {
  const { data, seed, collective: { replica, replicas } = alone } = source;
  return batch.map(({ name, of, role, shard, shards }) => {
    const part = replica * shards + shard;
    const numbers = stream(seed, of);
    let step = 0;
    const fill = (values: Reals) =>
      role === "batch"
        ? data!.fill(seed, step, values, part, replicas * shards)
        : fillNormal(numbers, step, values, part * values.length);
    const at = (next: number) => {
      step = next;
      memory.inputs[name]!.write(fill);
    };
    return { name, at };
  });
}
