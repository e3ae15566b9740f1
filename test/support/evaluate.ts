import type { Tensor } from "../../src/graph/tensor.ts";
import { compile } from "../../src/onnx/compile.ts";
import { fillUniform, stream } from "../../src/random.ts";
import { referenceRuntime } from "../../src/runtime/reference.ts";
import type { DeviceTensor, Runtime } from "../../src/runtime/runtime.ts";

export type Values = Readonly<Record<string, readonly number[]>>;

/** A function of named input values that runs a graph: compiled once, called often. */
export async function evaluator(tensors: readonly Tensor[], runtime: Runtime = referenceRuntime()) {
  const precision = runtime.name.includes("float64") ? "float64" : "float32";
  const results = tensors.map((tensor, i) => ({ name: `result${i}`, tensor, role: "sample" as const }));
  const program = compile("test", results, { precision });
  const session = await runtime.load(program);
  const allocate = (ports: readonly { name: string; shape: readonly number[] }[]): Record<string, DeviceTensor> =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, runtime.allocate(shape)]));
  const inputs = allocate(program.manifest.inputs);
  const outputs = allocate(program.manifest.outputs);
  return async (values: Values): Promise<number[][]> => {
    for (const [name, tensor] of Object.entries(inputs)) tensor.write((memory) => memory.set(values[name]!));
    await session.run(inputs, outputs);
    return Promise.all(results.map(async ({ name }) => [...(await outputs[name]!.read())]));
  };
}

/** Reproducible numbers in (low, high). */
export function numbers(count: number, name: string, low = -1, high = 1): number[] {
  const values = new Float64Array(count);
  fillUniform(stream(1, name), 0, values, low, high);
  return [...values];
}

/** Central differences of a scalar function of named values with respect to one of them. */
export async function centralDifferences(
  f: (values: Values) => Promise<number>,
  values: Values,
  name: string,
  step = 1e-5,
): Promise<number[]> {
  const slopes: number[] = [];
  for (const [i, x] of values[name]!.entries()) {
    const at = (moved: number) => f({ ...values, [name]: values[name]!.with(i, moved) });
    slopes.push(((await at(x + step)) - (await at(x - step))) / (2 * step));
  }
  return slopes;
}

/** The largest difference of two lists, relative to the larger of 1 and the size of the second; NaN if there is one. */
export function largestError(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return actual.reduce((worst, x, i) => {
    const error = Object.is(x, expected[i]) ? 0 : Math.abs(x - expected[i]!) / Math.max(1, Math.abs(expected[i]!));
    return Math.max(worst, error);
  }, 0);
}
