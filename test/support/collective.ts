import { sizeOf } from "../../src/program.ts";
import type { DeviceTensor } from "../../src/runtime/runtime.ts";
import type { Collective } from "../../src/train/collective.ts";

/** Collectives of replicas in one process: a sum waits for every replica, then adds in their order. */
export function inProcess(replicas: number): Collective[] {
  const parts = new Map<number, readonly DeviceTensor[]>();
  const waiting: (() => void)[] = [];
  return Array.from({ length: replicas }, (_, replica) => ({
    replica,
    replicas,
    async sum(tensors: readonly DeviceTensor[]) {
      parts.set(replica, tensors);
      if (parts.size < replicas) return new Promise<void>((resolve) => waiting.push(resolve));
      await addUp(Array.from({ length: replicas }, (_, i) => parts.get(i)!));
      parts.clear();
      for (const release of waiting.splice(0)) release();
    },
  }));
}

async function addUp(parts: readonly (readonly DeviceTensor[])[]): Promise<void> {
  for (const [index, { shape }] of parts[0]!.entries()) {
    const total = new Float64Array(sizeOf(shape));
    for (const part of parts) {
      const values = await part[index]!.read();
      for (const i of total.keys()) total[i]! += values[i]!;
    }
    for (const part of parts) part[index]!.write((values) => values.set(total));
  }
}
