import {
  type InputRole,
  type OutputRole,
  type Program,
  type ProgramInput,
  type ProgramOutput,
  shardName,
} from "../program.ts";
import type { Bindings, Run } from "../runtime/runtime.ts";

/** An input in memory: one of some that differ from shard to shard, or one for all. */
export interface ShardInput extends ProgramInput {
  /** Its name in the program, and that of the stream of random numbers where it is noise. */
  readonly of: string;
  readonly shard: number;
  readonly shards: number;
}

const isRead: readonly InputRole[] = ["batch", "noise", "cache"];
const isWritten: readonly OutputRole[] = ["metric", "cache"];

const everyShard = (shards: number) => Array.from({ length: shards }, (_, shard) => shard);

/** The inputs of a program as they are in memory. */
export function inputsOf({ manifest: { inputs, shards } }: Program): ShardInput[] {
  return inputs.flatMap((port): ShardInput[] =>
    isRead.includes(port.role)
      ? everyShard(shards).map((shard) => ({
          ...port,
          name: shardName(port.name, shard, shards),
          of: port.name,
          shard,
          shards,
        }))
      : [{ ...port, of: port.name, shard: 0, shards: 1 }],
  );
}

/** The outputs of a program as they are in memory. Every shard has one of its own; of those that are alike the first counts. */
export function outputsOf({ manifest: { outputs, shards } }: Program): ProgramOutput[] {
  return outputs.flatMap(({ name, shape, role, ...place }) =>
    everyShard(shards).map((shard) =>
      shard === 0 && !isWritten.includes(role)
        ? { name, shape, role, ...place }
        : { name: shardName(name, shard, shards), shape, role },
    ),
  );
}

/** The runs of a program on a batch, one for each shard: views of the memory, which follow what changes places in it. */
export function runsOf({ manifest: { inputs, outputs, shards } }: Program, memory: Run): Run[] {
  if (shards === 1) return [memory];
  const view = (tensors: Bindings, names: readonly string[], shard: number) =>
    Object.create(
      tensors,
      Object.fromEntries(names.map((name) => [name, { value: tensors[shardName(name, shard, shards)] }])),
    ) as Bindings;
  const read = inputs.filter(({ role }) => isRead.includes(role)).map(({ name }) => name);
  return everyShard(shards).map((shard) => {
    const written = outputs.filter(({ role }) => shard > 0 || isWritten.includes(role)).map(({ name }) => name);
    return { inputs: view(memory.inputs, read, shard), outputs: view(memory.outputs, written, shard) };
  });
}
