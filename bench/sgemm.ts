// Matrix products alone, by the library that trains, told over standard input: `products BATCH RUNS` is answered with the milliseconds of those of an iteration,
// `sgemm SIDE RUNS` with those of a product of two square matrices. Usage: node build/bench/sgemm.js THREADS
import { createInterface } from "node:readline";
import type { ProgramInput } from "../src/program.ts";
import { fillUniform, stream } from "../src/random.ts";
import { openRuntime } from "../src/runtime/open.ts";
import { productProgram, productsOf } from "./products.ts";

const runtime = await openRuntime("cpu", { threads: Number(process.argv[2]) });
const runs = new Map<string, () => Promise<void> | undefined>();

async function open(task: string, size: number): Promise<() => Promise<void> | undefined> {
  const program = productProgram(task === "sgemm" ? [[size, size, size]] : productsOf(size));
  const { inputs, outputs } = program.manifest;
  const allocate = (ports: readonly Pick<ProgramInput, "name" | "shape">[]) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, runtime.allocate(shape)]));
  const [from, to] = [allocate(inputs), allocate(outputs)];
  for (const [name, tensor] of Object.entries(from)) {
    tensor.write((values) => fillUniform(stream(1, name), 0, values, -0.5, 0.5));
  }
  const session = await runtime.load(program);
  return () => session.run(from, to);
}

console.log(`products by ${runtime.name}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [task, size, count] = line.split(" ") as [string, string, string];
  const key = `${task} ${size}`;
  const run = runs.get(key) ?? (await open(task, Number(size)));
  runs.set(key, run);
  const begun = performance.now();
  for (let i = 0; i < Number(count); i++) await run();
  console.log((performance.now() - begun) / Number(count));
}
process.exit(0);
