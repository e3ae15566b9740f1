import { ShapeError } from "../errors.ts";
import { type Program, sizeOf } from "../program.ts";
import type { DeviceTensor, Runtime } from "../runtime/runtime.ts";
import type { Snapshot } from "./snapshot.ts";

/** Makes samples [n, ...shape] from latents [n, latent size], for any n. Throws ShapeError for a part of a latent. */
export type Sampler = (latents: Float32Array) => Promise<Float32Array>;

/** The sampler of a plan with the weights in `inputs` at the time of each call. */
export async function loadSampler(
  program: Program,
  runtime: Runtime,
  inputs: Record<string, DeviceTensor>,
): Promise<Sampler & { release(): Promise<void> }> {
  const session = await runtime.load(program);
  const { name: latentName, shape: latentShape } = program.manifest.inputs.find(({ role }) => role === "noise")!;
  const { name: sampleName, shape } = program.manifest.outputs[0]!;
  const outputs = { [sampleName]: runtime.allocate(shape) };
  inputs[latentName] ??= runtime.allocate(latentShape);
  const [rows, latentSize, sampleSize] = [latentShape[0]!, sizeOf(latentShape.slice(1)), sizeOf(shape.slice(1))];
  const sample: Sampler = async (latents) => {
    const count = latents.length / latentSize;
    if (!Number.isInteger(count)) {
      throw new ShapeError(`sample: expected whole latents of ${latentSize} numbers, got ${latents.length} numbers.`);
    }
    const samples = new Float32Array(count * sampleSize);
    for (let first = 0; first < count; first += rows) {
      const part = latents.subarray(first * latentSize, (first + rows) * latentSize);
      inputs[latentName]!.write((values) => values.set(part));
      await session.run(inputs, outputs);
      const made = await outputs[sampleName]!.read();
      samples.set(made.subarray(0, Math.min(rows, count - first) * sampleSize), first * sampleSize);
    }
    return samples;
  };
  return Object.assign(sample, { release: () => session.release() });
}

/** The sampler of a plan with the weights of a snapshot. */
export function samplerOf(program: Program, runtime: Runtime, snapshot: Snapshot) {
  const inputs: Record<string, DeviceTensor> = {};
  for (const { name, shape, role } of program.manifest.inputs) {
    if (role !== "parameter" && role !== "state") continue;
    inputs[name] = runtime.allocate(shape);
    inputs[name].write((values) => values.set(snapshot.get(name)!.values));
  }
  return loadSampler(program, runtime, inputs);
}
