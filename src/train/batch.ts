import type { Dataset } from "../data/dataset.ts";
import { ShapeError } from "../errors.ts";
import type { Program } from "../program.ts";
import { fillNormal, stream } from "../random.ts";
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

/** Draws the examples and latents of an iteration: this replica's rows of a batch that is the same whatever the number of replicas and shards. */
export function drawBatch(batch: readonly ShardInput[], memory: Memory, step: number, source: BatchSource): void {
  const { data, seed, collective: { replica, replicas } = alone } = source;
  for (const { name, of, role, shard, shards } of batch) {
    const part = replica * shards + shard;
    memory.inputs[name]!.write((values) => {
      if (role === "batch") data!.fill(seed, step, values, part, replicas * shards);
      else fillNormal(stream(seed, of), step, values, part * values.length);
    });
  }
}
