import type { Dataset } from "../data/dataset.ts";
import { CheckpointError, ShapeError } from "../errors.ts";
import type { Move, Plan, Program, ProgramInput, ProgramOutput, TensorSpec } from "../program.ts";
import { fillNormal, fillUniform, stream } from "../random.ts";
import type { DeviceTensor, Runtime, Session } from "../runtime/runtime.ts";
import { alone, type Collective } from "./collective.ts";
import { loadSampler, type Sampler } from "./sampler.ts";
import { emptySnapshot, type Snapshot, snapshotProblem } from "./snapshot.ts";

/** What happened in one iteration. */
export interface Iteration {
  /** Iterations made so far, this one included. */
  readonly step: number;
  /** The block that each player moved. */
  readonly blocks: Readonly<Record<string, string>>;
  /** The scalars that the programs report, such as `lossD`. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A training under way. Its future is a function of its snapshot, its step, its seed and its data. */
export interface Trainer {
  /** Iterations made so far. */
  readonly step: number;
  iterate(): Promise<Iteration>;
  /** Samples of the generator as it is. */
  readonly sample: Sampler;
  /** The weights and states as they are, in new memory or in that of `target`. */
  snapshot(target?: Snapshot): Promise<Snapshot>;
  /** Throws CheckpointError, and changes nothing, where the snapshot is not of this plan. */
  restore(snapshot: Snapshot, step: number): void;
  release(): Promise<void>;
}

/** What a trainer needs. */
export interface TrainerOptions {
  readonly plan: Plan;
  readonly runtime: Runtime;
  readonly data: Dataset;
  readonly seed: number;
  readonly collective?: Collective;
}

interface LoadedProgram {
  readonly program: Program;
  readonly session: Session;
  readonly exchanged: readonly DeviceTensor[];
}

/** Loads the programs of a plan and sets the weights and states to their start. Throws ShapeError where the data are not what the plan wants. */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { plan, runtime, seed, data } = options;
  const batch = batchInputs(plan);
  checkData(batch, data);
  const memory = allocateMemory(plan, runtime);
  for (const spec of plan.tensors) initialise(memory.inputs[spec.name]!, spec, seed);
  for (const [name, value] of Object.entries(plan.hyper)) memory.inputs[name]!.write((values) => values.fill(value));
  const moves = new Map<Move, LoadedProgram[]>();
  for (const move of plan.players.flatMap((player) => player.moves)) {
    moves.set(move, await Promise.all(move.programs.map((program) => loadProgram(program, runtime, memory))));
  }
  const sample = await loadSampler(plan.sampler, runtime, memory.inputs);
  let step = 0;
  return {
    get step() {
      return step;
    },
    async iterate() {
      drawBatch(batch, memory, step, options);
      const blocks: Record<string, string> = {};
      const metrics: Record<string, number> = {};
      for (const player of plan.players) {
        const move = player.moves[player.select(step, seed)]!;
        blocks[player.name] = move.block;
        for (const loaded of moves.get(move)!) await runProgram(loaded, memory, options, metrics);
      }
      step += 1;
      return { step, blocks, metrics };
    },
    sample,
    snapshot: (target = emptySnapshot(plan.tensors)) => fillSnapshot(target, memory),
    restore(saved, at) {
      const problem = snapshotProblem(saved, plan.tensors);
      if (problem) throw new CheckpointError("restore", problem);
      for (const { name } of plan.tensors) memory.inputs[name]!.write((values) => values.set(saved.get(name)!.values));
      step = at;
    },
    async release() {
      await sample.release();
      for (const { session } of [...moves.values()].flat()) await session.release();
    },
  };
}

/**
 * The tensors of a training, by name. A state tensor exists twice, as the input of that name and as the output that replaces it, and the two change
 * places after a step: a runtime may not read and write one tensor in the same run.
 */
interface Memory {
  readonly inputs: Record<string, DeviceTensor>;
  readonly outputs: Record<string, DeviceTensor>;
}

function allocateMemory(plan: Plan, runtime: Runtime): Memory {
  const memory: Memory = { inputs: {}, outputs: {} };
  for (const { name, shape } of plan.tensors) memory.inputs[name] = runtime.allocate(shape);
  const programs = plan.players.flatMap(({ moves }) => moves.flatMap((move) => move.programs));
  for (const { manifest } of programs) {
    for (const { name, shape, role } of manifest.outputs) {
      memory.outputs[name] ??= runtime.allocate(shape);
      if (role === "gradient") memory.inputs[name] = memory.outputs[name];
    }
    for (const { name, shape } of manifest.inputs) memory.inputs[name] ??= runtime.allocate(shape);
  }
  return memory;
}

function initialise(tensor: DeviceTensor, { name, initialiser }: TensorSpec, seed: number): void {
  tensor.write((values) => {
    if (initialiser.kind === "constant") values.fill(initialiser.value);
    else fillUniform(stream(seed, `initial/${name}`), 0, values, initialiser.low, initialiser.high);
  });
}

async function loadProgram(program: Program, runtime: Runtime, memory: Memory): Promise<LoadedProgram> {
  const isExchanged = ({ role }: ProgramOutput) => role === "gradient" || role === "metric";
  const exchanged = program.manifest.outputs.filter(isExchanged).map(({ name }) => memory.outputs[name]!);
  return { program, session: await runtime.load(program), exchanged };
}

/** The inputs that are new in every iteration. */
function batchInputs(plan: Plan): ProgramInput[] {
  const inputs = plan.players.flatMap(({ moves }) =>
    moves.flatMap(({ programs }) => programs.flatMap(({ manifest }) => manifest.inputs)),
  );
  const byName = new Map(inputs.map((port) => [port.name, port]));
  return [...byName.values()].filter(({ role }) => role === "batch" || role === "noise");
}

function checkData(batch: readonly ProgramInput[], { name, shape }: Dataset): void {
  for (const port of batch.filter(({ role }) => role === "batch")) {
    const [, ...wanted] = port.shape;
    if (String(wanted) === String(shape)) continue;
    throw new ShapeError(`createTrainer: the plan is for examples of shape [${wanted}], got ${name} with [${shape}].`);
  }
}

/** Draws the examples and latents of an iteration: this replica's rows of a batch that is the same whatever the number of replicas. */
function drawBatch(batch: readonly ProgramInput[], memory: Memory, step: number, options: TrainerOptions): void {
  const { data, seed, collective: { replica, replicas } = alone } = options;
  for (const { name, role } of batch) {
    memory.inputs[name]!.write((values) => {
      if (role === "batch") data.fill(seed, step, values, replica, replicas);
      else fillNormal(stream(seed, name), step, values, replica * values.length);
    });
  }
}

async function runProgram(
  { program, session, exchanged }: LoadedProgram,
  memory: Memory,
  { collective = alone }: TrainerOptions,
  metrics: Record<string, number>,
): Promise<void> {
  await session.run(memory.inputs, memory.outputs);
  if (exchanged.length > 0) await collective.sum(exchanged);
  for (const { name, role, replaces } of program.manifest.outputs) {
    if (role === "metric") metrics[name] = (await memory.outputs[name]!.read())[0]!;
    if (replaces !== undefined) swap(memory, replaces, name);
  }
}

function swap({ inputs, outputs }: Memory, input: string, output: string): void {
  const old = inputs[input]!;
  inputs[input] = outputs[output]!;
  outputs[output] = old;
}

async function fillSnapshot(target: Snapshot, memory: Memory): Promise<Snapshot> {
  for (const [name, { values }] of target) values.set(await memory.inputs[name]!.read());
  return target;
}
