import { totalmem } from "node:os";
import { ownImagesBytes } from "../data/own-images.ts";
import { ConfigError } from "../errors.ts";
import type { Plan } from "../plan.ts";
import { sizeOf } from "../program.ts";
import { arenaBytes, checkArena } from "../runtime/arena.ts";
import { hostTensor } from "../runtime/host.ts";
import { allocateMemory, programsOf } from "../train/memory.ts";
import { type DataName, dataSets } from "./data-source.ts";

/** Bytes that a training takes, by what for. */
export interface MemoryNeed {
  /** Weights, states and their next values, batches, gradients. */
  readonly tensors: number;
  /** Those of them in the one memory in which kernels compute; 0 where there are no kernels. */
  readonly arena: number;
  /** A checkpoint, as it is handed over and as it is written. */
  readonly checkpoints: number;
  /** What the programs hold between forward and backward pass, and the room they work in. */
  readonly programs: number;
  /** Images of the user, while they are read. */
  readonly data: number;
  /** Node, ONNX Runtime, the probe, data with a name and everything else: as measured with small networks. */
  readonly rest: number;
}

/** Resident memory of trainings with small networks on 50,000 images, with probes, pictures and the report. */
const restBytes = 250e6;

/**
 * Room of a program over what it holds for its backward pass: 3.5 to 6 times as much was measured. ONNX Runtime rounds the memory of every session up, and
 * slopes, patches of convolutions and packed weights are in none of the numbers that a program knows of itself.
 */
const workingRoom = 6;

/** What a training of a plan takes, by the shapes of its tensors, beside `data` bytes of images of the user. */
export function memoryNeed(plan: Plan, data = 0): MemoryNeed {
  const programs = programsOf(plan);
  const { tensors, arena } = tensorBytes(plan);
  return {
    tensors,
    arena: programs.some(({ kernel }) => kernel) ? arena : 0,
    checkpoints: 2 * plan.tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0),
    programs: programs.reduce((sum, { manifest }) => sum + workingRoom * manifest.cost.bytesHeld, 0),
    data,
    rest: restBytes,
  };
}

/** Bytes of the tensors of a plan, as the trainer allocates them: here none is made that programs read. */
function tensorBytes(plan: Plan): Pick<MemoryNeed, "tensors" | "arena"> {
  let arena = 0;
  const nothing = hostTensor([0], new Float32Array(0));
  const memory = allocateMemory(plan, {
    name: "none",
    allocate: () => nothing,
    arena(shapes) {
      arena = arenaBytes(shapes);
      return () => nothing;
    },
    load: () => Promise.reject(new Error("internal: nothing runs here")),
  });
  const ofRunner = Object.values(memory.inputs).reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  return { tensors: arena + ofRunner, arena };
}

/** Throws ConfigError where a training needs more memory than the machine has, or the process may have of it, or than kernels can address. */
export function checkMemory(need: MemoryNeed, limit = memoryLimit()): void {
  const { tensors, arena, checkpoints, programs, data, rest } = need;
  checkArena(arena);
  const total = tensors + checkpoints + programs + data + rest;
  if (total <= limit) return;
  const mb = (bytes: number) => `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
  const ofData = data > 0 ? `data ${mb(data)}, ` : "";
  throw new ConfigError(
    `memory: expected at most ${mb(limit)}, which this process may have, got a training of about ${mb(total)}: tensors ${mb(tensors)}, programs ${mb(programs)}, checkpoints ${mb(checkpoints)}, ${ofData}everything else ${mb(rest)}. Use a smaller batch or smaller networks${data > 0 ? ", or fewer images" : ""}.`,
  );
}

/** Bytes that data take while they are read, by the beginnings of their files; of those with a name the rest of every training knows. Throws what `readOwnImages` throws of a header. */
export function dataBytes(name: DataName): number {
  return Object.hasOwn(dataSets, name) ? 0 : ownImagesBytes(name);
}

/**
 * What the machine has, or the limit of the process where it has one. Not what is free at the moment: caches of files count as taken in a container and on
 * some systems, and give way.
 */
function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
