import { totalmem } from "node:os";
import { ConfigError } from "../errors.ts";
import type { Plan } from "../plan.ts";
import { sizeOf } from "../program.ts";
import { programsOf } from "../train/memory.ts";
import { inputsOf, outputsOf } from "../train/shards.ts";

/** Bytes that a training takes, by what for. */
export interface MemoryNeed {
  /** Weights, states and their next values, batches, gradients. */
  readonly tensors: number;
  /** A checkpoint, as it is handed over and as it is written. */
  readonly checkpoints: number;
  /** What the programs hold between forward and backward pass, and the room they work in. */
  readonly programs: number;
  /** Node, ONNX Runtime, the data and everything else: as measured with small networks. */
  readonly rest: number;
}

/** Resident memory of trainings with small networks on 60,000 images. */
const restBytes = 200e6;

/** Room of a program over what it holds for its backward pass, as measured. */
const workingRoom = 2;

/** What a training of a plan takes, by the shapes of its tensors. */
export function memoryNeed(plan: Plan): MemoryNeed {
  const programs = programsOf(plan);
  const ports = new Map(
    [...plan.tensors, ...programs.flatMap((program) => [...inputsOf(program), ...outputsOf(program)])].map((p) => [
      p.name,
      p.shape,
    ]),
  );
  const bytes = (shapes: Iterable<readonly number[]>) => [...shapes].reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
  return {
    tensors: bytes(ports.values()),
    checkpoints: 2 * bytes(plan.tensors.map(({ shape }) => shape)),
    programs: programs.reduce((sum, { manifest }) => sum + workingRoom * manifest.cost.bytesHeld, 0),
    rest: restBytes,
  };
}

/** Throws ConfigError where a training needs more memory than the machine has, or the process may have of it. */
export function checkMemory(need: MemoryNeed, limit = memoryLimit()): void {
  const { tensors, checkpoints, programs, rest } = need;
  const total = tensors + checkpoints + programs + rest;
  if (total <= limit) return;
  const mb = (bytes: number) => `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;
  throw new ConfigError(
    `memory: expected at most ${mb(limit)}, which this process may have, got a training of about ${mb(total)}: tensors ${mb(tensors)}, programs ${mb(programs)}, checkpoints ${mb(checkpoints)}, everything else ${mb(rest)}. Use a smaller batch or smaller networks.`,
  );
}

/**
 * What the machine has, or the limit of the process where it has one. Not what is free at the moment: caches of files count as taken in a container and on
 * some systems, and give way.
 */
function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
