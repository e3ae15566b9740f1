import { availableParallelism } from "node:os";
import { ConfigError } from "../errors.ts";
import type { Device } from "./runtime.ts";

/** Beyond this, more threads do not help matrices of this size. */
const most = 4;

/**
 * Threads: the wish, or for 0 as many as the machine has cores, at most 4. WebAssembly has one in Node, where onnxruntime-web starts
 * no threads from a worker. Throws ConfigError where the wish cannot be met.
 */
export function chooseThreads(wish: number, device: Device): number {
  if (device === "wasm") {
    if (wish > 1)
      throw new ConfigError(
        `threads: WebAssembly runs on one thread in Node, got ${wish}. Leave the option out.`,
        "threads",
      );
    return 1;
  }
  return wish > 0 ? wish : Math.min(most, availableParallelism());
}

/** Fewer rows of a batch than these are not worth a thread of their own: what it saves goes into the sum of the gradients. */
const leastRows = 16;

/** Parts into which a batch is divided for so many threads, each of which computes one: the most that are equal and not too small. */
export function chooseShards(batch: number, threads: number): number {
  for (let shards = Math.min(threads, Math.floor(batch / leastRows)); shards > 1; shards--) {
    if (batch % shards === 0) return shards;
  }
  return 1;
}
