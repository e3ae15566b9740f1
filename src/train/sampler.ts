import { ShapeError } from "../errors.ts";
import { type Program, sizeOf } from "../program.ts";
import type { DeviceTensor, Runtime } from "../runtime/runtime.ts";
import type { Snapshot } from "./snapshot.ts";

/** Makes samples [n, ...shape] from latents [n, latent size], for any n. Throws ShapeError for a part of a latent. */
export type Sampler = (latents: Float32Array) => Promise<Float32Array>;

/** The logit of each of the examples [n, ...shape], and the slope of the generator's loss there: [n, 2], for any n. Throws ShapeError for a part of an example. */
export type Critic = (examples: Float32Array) => Promise<Float32Array>;

/** The sampler or the critic of a plan, with the weights in `inputs` at the time of each call. */
export async function loadByRows(
  program: Program,
  runtime: Runtime,
  inputs: Record<string, DeviceTensor>,
): Promise<(Sampler | Critic) & { release(): Promise<void> }> {
  const session = await runtime.load(program);
  const { name, shape } = program.manifest.inputs.find(({ role }) => role === "noise" || role === "batch")!;
  const { name: resultName, shape: resultShape } = program.manifest.outputs[0]!;
  const outputs = { [resultName]: runtime.allocate(resultShape) };
  inputs[name] ??= runtime.allocate(shape);
  const [rows, width, resultWidth] = [shape[0]!, sizeOf(shape.slice(1)), sizeOf(resultShape.slice(1))];
  const ofRows = async (values: Float32Array) => {
    const count = values.length / width;
    if (!Number.isInteger(count)) {
      const { name: of } = program.manifest;
      throw new ShapeError(`${of}: expected whole ${name} of ${width} numbers, got ${values.length} numbers.`);
    }
    const results = new Float32Array(count * resultWidth);
    for (let first = 0; first < count; first += rows) {
      const part = values.subarray(first * width, (first + rows) * width);
      inputs[name]!.write((target) => target.set(part));
      await session.run(inputs, outputs);
      await runtime.rest?.();
      const made = await outputs[resultName]!.read();
      results.set(made.subarray(0, Math.min(rows, count - first) * resultWidth), first * resultWidth);
    }
    return results;
  };
  return Object.assign(ofRows, { release: () => session.release() });
}

/** The sampler of a plan with the weights of a snapshot. */
export function samplerOf(program: Program, runtime: Runtime, snapshot: Snapshot) {
  const inputs: Record<string, DeviceTensor> = {};
  for (const { name, shape, role } of program.manifest.inputs) {
    if (role !== "parameter" && role !== "state") continue;
    inputs[name] = runtime.allocate(shape);
    inputs[name].write((values) => values.set(snapshot.get(name)!.values));
  }
  return loadByRows(program, runtime, inputs);
}
