import type { Program, TensorSpec } from "../program.ts";
import { type BatchSource, batchInputs, checkData, openDraws } from "./batch.ts";
import { initialise, type Memory } from "./memory.ts";

/** What is averaged, and over how many batches. */
export interface AverageOptions extends BatchSource {
  readonly program: Program;
  /** The weights that the program reads, and how they start. */
  readonly tensors: readonly TensorSpec[];
  readonly batches: number;
}

/** The measures of a program, averaged over the first batches of a training with its first weights. Throws ShapeError where the data do not fit. */
export async function averageMeasures(options: AverageOptions): Promise<Map<string, number[]>> {
  const { program, tensors, runtime, seed, batches } = options;
  const { inputs, outputs } = program.manifest;
  const batch = batchInputs([program]);
  checkData(batch, options.data);
  const memory: Memory = { inputs: {}, outputs: {}, spares: {} };
  for (const { name, shape } of inputs) memory.inputs[name] = runtime.allocate(shape);
  for (const { name, shape } of outputs) memory.outputs[name] = runtime.allocate(shape);
  await initialise(
    memory,
    tensors.filter(({ name }) => memory.inputs[name]),
    seed,
  );
  const session = await runtime.load(program);
  const draws = openDraws(batch, memory, options);
  const totals = new Map(outputs.map(({ name, shape }) => [name, new Array<number>(shape[0] ?? 1).fill(0)]));
  for (let step = 0; step < batches; step++) {
    draws.at(step, () => true);
    await session.run(memory.inputs, memory.outputs);
    for (const [name, total] of totals) {
      const values = await memory.outputs[name]!.read();
      for (const i of total.keys()) total[i]! += values[i]! / batches;
    }
  }
  draws.release();
  await session.release();
  return totals;
}
