import { type Awaitable, after } from "../awaitable.ts";
import type { Plan } from "../plan.ts";
import { type Program, type ProgramOutput, type Slices, sizeOf, type TensorSpec } from "../program.ts";
import { fillUniform, type Reals, stream } from "../random.ts";
import { hostTensor } from "../runtime/host.ts";
import type { DeviceTensor, Runtime } from "../runtime/runtime.ts";
import { inputsOf, outputsOf } from "./shards.ts";

/**
 * The tensors of a training, by name. A weight or state exists twice, as the input of that name and as the output that replaces it, and the two change
 * places after a step: a runtime may not read and write one tensor in the same run.
 */
export interface Memory {
  readonly inputs: Record<string, DeviceTensor>;
  readonly outputs: Record<string, DeviceTensor>;
  /** A third one of what a round replaces more than once: what was there before the round is kept in it. */
  readonly spares: Record<string, DeviceTensor>;
}

/** Every program of some players. */
export function programsOf({ players }: Pick<Plan, "players">): Program[] {
  return players.flatMap(({ moves, light, norms, lipschitz, afterSweep }) => [
    ...[...moves, ...(light?.moves ?? [])].flatMap(({ programs, prefix, corrector = [], search }) => [
      ...programs,
      ...(prefix ? [prefix] : []),
      ...corrector,
      ...(search ? [search.trial] : []),
    ]),
    ...(norms ? [norms] : []),
    ...(lipschitz?.programs ?? []),
    ...(afterSweep ? [afterSweep] : []),
  ]);
}

/** Memory for everything that the programs of a plan read and write. What only the runner reads is float32 everywhere, as in a snapshot. */
export function allocateMemory(plan: Plan, runtime: Runtime): Memory {
  const programs = programsOf(plan);
  const read = new Set(
    [...programs, ...[plan.sampler, plan.critic].flatMap((program) => program ?? [])].flatMap((program) =>
      inputsOf(program).map(({ name }) => name),
    ),
  );
  const [ofRunner, ofPrograms] = [
    plan.tensors.filter(({ name }) => !read.has(name)),
    plan.tensors.filter(({ name }) => read.has(name)),
  ];
  const written = unique(programs.flatMap(outputsOf));
  const handedOn = written.filter(({ role }) => role === "gradient" || role === "cache");
  const known = new Set([...plan.tensors, ...handedOn].map(({ name }) => name));
  const supplied = unique(programs.flatMap(inputsOf)).filter(({ name }) => !known.has(name));
  const repeated = unique(repeatedlyReplaced(plan));
  const shapes = [...ofPrograms, ...supplied, ...written, ...repeated].map(({ shape }) => shape);
  const allocate = runtime.arena?.(shapes) ?? runtime.allocate;
  const memory: Memory = { inputs: {}, outputs: {}, spares: {} };
  for (const { name, shape } of ofRunner) memory.inputs[name] = hostTensor(shape, new Float32Array(sizeOf(shape)));
  for (const { name, shape } of [...ofPrograms, ...supplied]) memory.inputs[name] = allocate(shape);
  for (const { name, shape } of written) memory.outputs[name] = allocate(shape);
  for (const { name, shape } of repeated) memory.spares[name] = allocate(shape);
  for (const { name } of handedOn) memory.inputs[name] = memory.outputs[name]!;
  return memory;
}

/** Results that replace something whole, several times in a round. */
function repeatedlyReplaced({ players }: Plan): ProgramOutput[] {
  const repeating = players.filter(({ innerSteps }) => innerSteps > 1);
  const moves = repeating.flatMap((player) => [...player.moves, ...(player.light?.moves ?? [])]);
  return moves
    .flatMap(({ programs, search }) => [...programs, ...(search ? [search.trial] : [])])
    .flatMap(({ manifest }) => manifest.outputs)
    .filter(({ replaces, slices }) => replaces !== undefined && !slices);
}

/** One of each name. */
function unique<T extends { readonly name: string }>(list: readonly T[]): T[] {
  return [...new Map(list.map((each) => [each.name, each])).values()];
}

/** Sets every weight and state to its start. */
export async function initialise(memory: Memory, specs: readonly TensorSpec[], seed: number): Promise<void> {
  const copies: { to: DeviceTensor; from: string }[] = [];
  for (const { name, initialiser } of specs) {
    const tensor = memory.inputs[name]!;
    if (initialiser.kind === "copy") copies.push({ to: tensor, from: initialiser.of });
    else if (initialiser.kind === "values") tensor.write((values) => values.set(initialiser.values));
    else if (initialiser.kind === "constant") tensor.write((values) => values.fill(initialiser.value));
    else
      tensor.write((values) =>
        fillUniform(stream(seed, `initial/${name}`), 0, values, initialiser.low, initialiser.high),
      );
  }
  for (const { to, from } of copies) {
    const values = await memory.inputs[from]!.read();
    to.write((target) => target.set(values));
  }
}

/** Puts the result of a program in the place of what it replaces: by a change of places, at once, or slice by slice. */
export function commit(memory: Memory, { name, replaces, slices }: ProgramOutput): Awaitable<undefined> {
  if (replaces === undefined) return undefined;
  if (slices) return scatterOutput(memory, memory.inputs[replaces]!, name, slices);
  const { inputs, outputs } = memory;
  const old = inputs[replaces]!;
  inputs[replaces] = outputs[name]!;
  outputs[name] = old;
  return undefined;
}

/** Writes a result into slices of a tensor. */
export function scatterOutput(
  memory: Memory,
  target: DeviceTensor,
  output: string,
  slices: Slices,
): Awaitable<undefined> {
  return after(memory.outputs[output]!.read(), (part) => scatter(memory, target, part, slices));
}

/** Writes the numbers of a part into slices of a tensor. */
export function scatter(memory: Memory, target: DeviceTensor, part: Reals, slices: Slices): Awaitable<undefined> {
  return after(memory.inputs[slices.index]!.read(), (index) => {
    target.write((values) => {
      forEachRun(slices, index, (from, at) => {
        for (let k = 0; k < slices.inner; k++) values[at + k] = part[from + k]!;
      });
    });
    return undefined;
  });
}

/** Runs of `inner` neighbouring elements: where they are in the part, and where in the whole. */
export function forEachRun(
  { outer, count, inner }: Slices,
  index: Reals,
  visit: (from: number, at: number) => void,
): void {
  let from = 0;
  for (let o = 0; o < outer; o++) {
    for (let j = 0; j < index.length; j++, from += inner) visit(from, (o * count + index[j]!) * inner);
  }
}
