import type { Program } from "../src/program.ts";
import { fillUniform, stream } from "../src/random.ts";
import { nodeRuntime } from "../src/runtime/node.ts";

const runs = 60;

/** Milliseconds of one run of a program on small random inputs, on average over some, each time it is called. */
export async function timerOf(program: Program, threads: number): Promise<() => Promise<number>> {
  const runtime = nodeRuntime({ threads });
  const session = await runtime.load(program);
  const allocate = (ports: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, runtime.allocate(shape)]));
  const [inputs, outputs] = [allocate(program.manifest.inputs), allocate(program.manifest.outputs)];
  for (const [name, tensor] of Object.entries(inputs)) {
    tensor.write((values) => fillUniform(stream(1, name), 0, values, name.endsWith("/v") ? 0.01 : -0.05, 0.05));
  }
  return async () => {
    const start = performance.now();
    for (let run = 0; run < runs; run++) await session.run(inputs, outputs);
    return (performance.now() - start) / runs;
  };
}

/** Times of several programs, in turn, so that a machine whose speed drifts slows all of them. */
export async function interleaved(programs: readonly Program[], threads: number, rounds = 15): Promise<number[][]> {
  const timers: (() => Promise<number>)[] = [];
  for (const program of programs) timers.push(await timerOf(program, threads));
  for (const time of timers) await time();
  const times = timers.map((): number[] => []);
  for (let round = 0; round < rounds; round++) for (const [i, time] of timers.entries()) times[i]!.push(await time());
  return times;
}
