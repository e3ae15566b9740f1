import type { Dataset } from "../data/dataset.ts";
import { ShapeError } from "../errors.ts";
import { type Program, sizeOf } from "../program.ts";
import { fillNormal, type Reals, stream } from "../random.ts";
import type { NormalDraw, Runtime } from "../runtime/runtime.ts";
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
  readonly runtime: Runtime;
}

/** What is drawn anew for every batch: this replica's rows of one that is the same whatever the number of replicas, shards and threads. */
export interface Draws {
  /** Puts what is read in its place in memory. */
  at(step: number, isRead: (name: string) => boolean): void;
  release(): void;
}

/** Opens the draws for some inputs, when the programs are loaded. Latents are drawn by another thread, where there is one, while this one fetches examples. */
export function openDraws(batch: readonly ShardInput[], memory: Memory, source: BatchSource): Draws {
  const draws = batch.map((port) => openDraw(port, memory, source));
  const [most] = batch.filter(({ role }) => role === "noise").sort((a, b) => sizeOf(b.shape) - sizeOf(a.shape));
  const far = draws.filter(({ of, shards, normals }) => normals && of === most!.of && shards === most!.shards);
  const near = draws.filter((draw) => !far.includes(draw));
  const helper = most && source.runtime.normalsBeside?.(far.map(({ normals }) => normals!));
  const draw = (list: readonly Draw[], step: number, isRead: (name: string) => boolean) => {
    for (const { name, at } of list) if (isRead(name)) at(step);
  };
  return {
    at(step, isRead) {
      if (!helper || !isRead(most.name)) return draw(draws, step, isRead);
      helper.start(step, 0);
      try {
        draw(near, step, isRead);
      } finally {
        helper.finish();
      }
    },
    release: () => helper?.release(),
  };
}

/** What is drawn for one input. */
interface Draw extends ShardInput {
  readonly normals: NormalDraw | undefined;
  at(step: number): void;
}

function openDraw(port: ShardInput, memory: Memory, source: BatchSource): Draw {
  const { data, seed, collective: { replica, replicas } = alone } = source;
  const { name, of, role, shape, shard, shards } = port;
  const [part, parts] = [replica * shards + shard, replicas * shards];
  const numbers = stream(seed, of);
  const first = part * sizeOf(shape);
  const tensor = memory.inputs[name]!;
  let step = 0;
  const fill =
    role === "batch"
      ? (values: Reals) => data!.fill(seed, step, values, part, parts)
      : (values: Reals) => fillNormal(numbers, step, values, first);
  return {
    ...port,
    normals: role === "noise" ? { tensor, source: numbers, first } : undefined,
    at(next) {
      step = next;
      tensor.write(fill);
    },
  };
}
