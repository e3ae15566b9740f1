import { sizeOf, type TensorSpec } from "../program.ts";
import { areFinite } from "../runtime/host.ts";

/** The values of every weight and of the state of the update rules, by name. */
export type Snapshot = ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;

/** A snapshot of zeros; `allocate` gives the memory of a tensor. */
export function emptySnapshot(
  specs: readonly TensorSpec[],
  allocate: (sizeBytes: number) => ArrayBufferLike = (sizeBytes) => new ArrayBuffer(sizeBytes),
): Snapshot {
  return new Map(
    specs.map(({ name, shape }) => [name, { shape, values: new Float32Array(allocate(4 * sizeOf(shape))) }]),
  );
}

/** How a snapshot differs from the tensors of a plan, or undefined where it holds exactly those. */
export function snapshotProblem(snapshot: Snapshot, specs: readonly TensorSpec[]): string | undefined {
  for (const { name, shape } of specs) {
    const found = snapshot.get(name)?.shape;
    if (found && String(found) === String(shape)) continue;
    const got = found ? `[${found.join(", ")}]` : "no such tensor";
    return `expected ${name} of shape [${shape.join(", ")}], got ${got}: the checkpoint is of another model.`;
  }
  const names = new Set(specs.map(({ name }) => name));
  const extra = [...snapshot.keys()].find((name) => !names.has(name));
  return extra && `holds ${extra}, which the model does not have: the checkpoint is of another model.`;
}

/** The first tensor that holds a number that is not finite, or undefined. */
export function notFinite(snapshot: Snapshot): string | undefined {
  for (const [name, { values }] of snapshot) if (!areFinite(values)) return name;
  return undefined;
}
