import type { TensorSpec } from "../program.ts";
import type { StateSpec } from "./update-rule.ts";

type Memory = StateSpec["memory"];

/** State of the shape of a weight, `WEIGHT/SUFFIX`, that starts at 0. */
export function weightState({ name, shape }: TensorSpec, suffix: string, memory: Memory): StateSpec {
  return { name: `${name}/${suffix}`, shape, role: "state", initialiser: constantly(0), like: name, memory };
}

/** One number of a block, `BLOCK/SUFFIX`: at the start 0, or 1 if it is a power of a decay rate. */
export function blockState(block: string, suffix: string, memory: Memory, start: 0 | 1): StateSpec {
  return { name: `${block}/${suffix}`, shape: [], role: "state", initialiser: constantly(start), memory };
}

const constantly = (value: number) => ({ kind: "constant", value }) as const;
