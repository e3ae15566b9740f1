import type { Move } from "../plan.ts";
import type { Program, ProgramOutput } from "../program.ts";
import type { DeviceTensor, Run, Runtime, Session } from "../runtime/runtime.ts";
import type { Collective } from "./collective.ts";
import type { Journal } from "./journal.ts";
import { commit, type Memory } from "./memory.ts";
import { outputsOf, runsOf } from "./shards.ts";

/** What programs run with. */
export interface Bench {
  readonly memory: Memory;
  readonly collective: Collective;
  readonly journal: Journal;
  /** Where the reported scalars go. */
  readonly metrics: Record<string, number>;
}

/** Runs a program; what it changes waits in its outputs. Gives whether all of that, and every scalar for the log, is finite. */
export async function run(loaded: Loaded, bench: Bench): Promise<boolean> {
  const { session, runs, exchanged, metrics: names, check } = loaded;
  const { memory, collective, metrics } = bench;
  if (runs.length > 1 && session.runAll) await session.runAll(runs);
  else for (const { inputs, outputs } of runs) await session.run(inputs, outputs);
  if (exchanged.length > 0) await collective.sum(exchanged);
  let isSound = check === undefined ? areSound(loaded, memory) : Number.isFinite(await measured(bench, check));
  for (const name of names) {
    let value = 0;
    for (const { outputs } of runs) value += (await outputs[name]!.read())[0]!;
    metrics[name] = value;
    isSound &&= Number.isFinite(value);
  }
  return isSound;
}

/** Whether everything that a program changes is finite. */
function areSound({ replacing }: Loaded, { outputs }: Memory): boolean {
  for (const { name } of replacing) if (!outputs[name]!.isFinite()) return false;
  return true;
}

/** The first tensor with a number that is not finite of those that a program reads, then of those that it wrote. */
export async function notFiniteIn({ program: { manifest }, runs }: Loaded): Promise<string> {
  for (const { inputs } of runs) {
    for (const { name } of manifest.inputs) if (!inputs[name]!.isFinite()) return name;
  }
  for (const { outputs } of runs) {
    for (const { name, replaces = name } of manifest.outputs) if (!outputs[name]!.isFinite()) return replaces;
  }
  return manifest.name;
}

/** Puts everything that a program changed in place, to stay or until the journal takes it back. */
export async function put({ replacing }: Loaded, { journal }: Bench): Promise<void> {
  for (const output of replacing) {
    const scattered = journal.put(output);
    if (scattered) await scattered; // no promise where nothing has to be waited for: this is in every step
  }
}

/** Puts everything that a program changed in place for good. */
export async function commitAll({ replacing }: Loaded, { memory }: Bench): Promise<void> {
  for (const output of replacing) {
    const scattered = commit(memory, output);
    if (scattered) await scattered;
  }
}

/** A scalar that a program measured. */
export async function measured({ memory }: Bench, name: string): Promise<number> {
  return (await memory.outputs[name]!.read())[0]!;
}

/** A program that can run, and what is to be done with its results. */
export interface Loaded {
  readonly program: Program;
  readonly session: Session;
  /** One for each shard of a batch. */
  readonly runs: readonly Run[];
  readonly exchanged: readonly DeviceTensor[];
  readonly replacing: readonly ProgramOutput[];
  readonly metrics: readonly string[];
  /** Name of the scalar that is finite where what is replacing is, where the program has one. */
  readonly check: string | undefined;
}

/** A move that can be made. */
export interface LoadedMove {
  readonly move: Move;
  readonly programs: readonly Loaded[];
  readonly prefix: Loaded | undefined;
  readonly trial: Loaded | undefined;
  readonly corrector: readonly Loaded[];
}

/** Loads every program of a move. */
export async function loadMove(move: Move, runtime: Runtime, memory: Memory): Promise<LoadedMove> {
  const loadAll = async (programs: readonly Program[]) => {
    const loaded: Loaded[] = [];
    for (const program of programs) loaded.push(await load(program, runtime, memory));
    return loaded;
  };
  return {
    move,
    programs: await loadAll(move.programs),
    prefix: move.prefix && (await load(move.prefix, runtime, memory)),
    trial: move.search && (await load(move.search.trial, runtime, memory)),
    corrector: await loadAll(move.corrector ?? []),
  };
}

/** Loads a program. */
export async function load(program: Program, runtime: Runtime, memory: Memory): Promise<Loaded> {
  const { outputs } = program.manifest;
  const isExchanged = ({ role }: ProgramOutput) => role === "gradient" || role === "metric";
  return {
    program,
    session: await runtime.load(program),
    runs: runsOf(program, memory),
    exchanged: outputsOf(program)
      .filter(isExchanged)
      .map(({ name }) => memory.outputs[name]!),
    replacing: outputs.filter(({ replaces }) => replaces !== undefined),
    metrics: outputs.filter(({ role }) => role === "metric").map(({ name }) => name),
    check: outputs.find(({ role }) => role === "check")?.name,
  };
}
