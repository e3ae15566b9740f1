import { type Awaitable, after, firstOf } from "../awaitable.ts";
import type { Move } from "../plan.ts";
import type { Program, ProgramOutput } from "../program.ts";
import type { Reals } from "../random.ts";
import type { DeviceTensor, Run, Runtime } from "../runtime/runtime.ts";
import type { Collective } from "./collective.ts";
import type { Journal } from "./journal.ts";
import { commit, type Memory } from "./memory.ts";
import type { Scalars } from "./scalars.ts";
import { outputsOf, runsOf } from "./shards.ts";

/** What programs run with. */
export interface Bench {
  readonly memory: Memory;
  readonly collective: Collective;
  readonly journal: Journal;
  /** Where the reported scalars go. */
  readonly scalars: Scalars;
}

/** A program that can run. Its methods make nothing anew: they are called in every step. */
export interface Loaded {
  readonly program: Program;
  /** Runs the program; what it changes waits in its outputs. Gives whether all of that, and every scalar for the log, is finite. */
  run(): Awaitable<boolean>;
  /** Puts everything that the program changed in place, to stay or until the journal takes it back. */
  put(): Awaitable<undefined>;
  /** Puts everything that the program changed in place for good. */
  commit(): Awaitable<undefined>;
  /** The first tensor with a number that is not finite of those that the program reads, then of those that it wrote. */
  notFinite(): string;
  /** Runs the program, and gives the first tensor that is not finite where there is one. */
  attempt(): Awaitable<string | undefined>;
  /** An attempt whose changes are put in place where it is sound. */
  advance(): Awaitable<string | undefined>;
  release(): Promise<void>;
}

/** A scalar that a program measured. */
export function measured({ memory }: Bench, name: string): Awaitable<number> {
  return after(memory.outputs[name]!.read(), first);
}

const first = (values: Reals) => values[0]!;

/** Loads a program. */
export async function load(program: Program, runtime: Runtime, bench: Bench): Promise<Loaded> {
  const { memory, collective, journal } = bench;
  const { manifest } = program;
  const session = await runtime.load(program);
  const runs = runsOf(program, memory);
  const exchanged = outputsOf(program)
    .filter(({ role }) => role === "gradient" || role === "metric")
    .map(({ name }) => memory.outputs[name]!);
  const replacing = manifest.outputs.filter(({ replaces }) => replaces !== undefined);
  const report = openReport(program, runs, bench.scalars);

  const compute = () => {
    if (runs.length === 1) return session.run(runs[0]!.inputs, runs[0]!.outputs);
    if (session.runAll) return session.runAll(runs);
    return firstOf(runs, ({ inputs, outputs }) => session.run(inputs, outputs));
  };
  const exchange = () => collective.sum(exchanged);
  const areSound = () => {
    for (const { name } of replacing) if (!memory.outputs[name]!.isFinite()) return false;
    return true;
  };
  const isSound = () => report.areFinite() && (report.hasCheck || areSound());

  const run = () => after(after(after(compute(), exchange), report.read), isSound);
  const put = () => firstOf(replacing, journal.put);
  const commitOne = (output: ProgramOutput) => commit(memory, output);
  const notFinite = () => {
    for (const { inputs } of runs) {
      for (const { name } of manifest.inputs) if (!inputs[name]!.isFinite()) return name;
    }
    for (const { outputs } of runs) {
      for (const { name, replaces = name } of manifest.outputs) if (!outputs[name]!.isFinite()) return replaces;
    }
    return manifest.name;
  };
  const refuse = (isSound: boolean) => (isSound ? undefined : notFinite());
  const accept = (isSound: boolean) => (isSound ? put() : notFinite());
  return {
    program,
    run,
    put,
    commit: () => firstOf(replacing, commitOne),
    notFinite,
    attempt: () => after(run(), refuse),
    advance: () => after(run(), accept),
    release: () => session.release(),
  };
}

/** A scalar of a program, and what is to be done with it. */
interface Reader {
  readonly tensor: DeviceTensor;
  readonly take: (values: Reals) => void;
}

const readOne = ({ tensor, take }: Reader): Awaitable<undefined> => after(tensor.read(), take) as Awaitable<undefined>;

/**
 * What a program says in scalars: those for the log, the means over its runs, and the one that is finite where everything is that the program changes
 * (`hasCheck`). `read` takes them out of its memory.
 */
function openReport({ manifest: { outputs } }: Program, runs: readonly Run[], { values, placeOf }: Scalars) {
  const metrics = outputs.filter(({ role }) => role === "metric").map(({ name }) => ({ name, place: placeOf(name) }));
  const check = outputs.find(({ role }) => role === "check")?.name;
  const checked = new Float64Array(1);
  const readers = metrics.flatMap(({ name, place }) =>
    runs.map(({ outputs }, i): Reader => {
      const take = (read: Reals) => {
        values[place] = (i === 0 ? 0 : values[place]!) + read[0]! / runs.length;
      };
      return { tensor: outputs[name]!, take };
    }),
  );
  if (check !== undefined) {
    const take = (read: Reals) => {
      checked[0] = read[0]!;
    };
    readers.push({ tensor: runs[0]!.outputs[check]!, take });
  }
  return {
    hasCheck: check !== undefined,
    read: () => firstOf(readers, readOne),
    areFinite() {
      for (const { place } of metrics) if (!Number.isFinite(values[place])) return false;
      return Number.isFinite(checked[0]);
    },
  };
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
export async function loadMove(move: Move, runtime: Runtime, bench: Bench): Promise<LoadedMove> {
  const loadAll = async (programs: readonly Program[]) => {
    const loaded: Loaded[] = [];
    for (const program of programs) loaded.push(await load(program, runtime, bench));
    return loaded;
  };
  return {
    move,
    programs: await loadAll(move.programs),
    prefix: move.prefix && (await load(move.prefix, runtime, bench)),
    trial: move.search && (await load(move.search.trial, runtime, bench)),
    corrector: await loadAll(move.corrector ?? []),
  };
}
