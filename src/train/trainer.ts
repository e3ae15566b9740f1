import { type Awaitable, after, firstOf } from "../awaitable.ts";
import type { Dataset } from "../data/dataset.ts";
import { CheckpointError, ShapeError } from "../errors.ts";
import type { Plan } from "../plan.ts";
import type { Reals } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { batchInputs, checkData, openDraws } from "./batch.ts";
import { alone, type Collective } from "./collective.ts";
import { openJournal } from "./journal.ts";
import { allocateMemory, initialise, type Memory, programsOf } from "./memory.ts";
import { foundBy, type NotFinite, roundsInOrder } from "./play.ts";
import { type Critic, loadByRows, type Sampler } from "./sampler.ts";
import { openScalars } from "./scalars.ts";
import { type Moved, type MutableMoved, openSide, type Side } from "./side.ts";
import { emptySnapshot, type Snapshot, snapshotProblem } from "./snapshot.ts";

/** What happened in one iteration. */
export interface Iteration {
  /** Iterations made so far, this one included. */
  readonly step: number;
  /** The moves of each player, in their order. */
  readonly moves: Readonly<Record<string, readonly Moved[]>>;
  /** The scalars that the programs report, such as `lossD`: of the last iteration that was not skipped. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Where a number was not finite: the first such tensor, and whose. The rounds in which that happened changed nothing. */
  readonly skipped?: NotFinite | undefined;
}

/** A training under way. Its future is a function of its snapshot, its step, its seed and its data. */
export interface Trainer {
  /** Iterations made so far. */
  readonly step: number;
  /** Moves of each block of a player since this was last asked. */
  takeVisits(player: string): number[];
  /**
   * Makes the next iteration. What it gives tells of the latest one whenever it is asked: moves and metrics are made when they are read, and are then the
   * reader's to keep. A promise only where something has to be waited for, such as a runtime that computes elsewhere.
   */
  iterate(): Awaitable<Iteration>;
  /** The present values of a weight or state, in the precision of the runtime. Throws ShapeError where there is none of that name. */
  read(name: string): Promise<Reals>;
  /** Samples of the generator as it is. Throws ShapeError where the plan has no sampler. */
  readonly sample: Sampler;
  /** What the discriminator as it is says of examples. Throws ShapeError where the plan has no critic. */
  readonly judge: Critic;
  /** The weights and states as they are, in new memory or in that of `target`. */
  snapshot(target?: Snapshot): Promise<Snapshot>;
  /** Throws CheckpointError, and changes nothing, where the snapshot is not of this plan. */
  restore(snapshot: Snapshot, step: number): void;
  /** Every player chooses a block anew in its next move, after weights of another step took the place of those that it chose by. It is part of the snapshot. */
  endVisits(): void;
  /** Multiplies the learning rates of all players, as their schedules give them, with this from now on; 1 at the start. It is part of the snapshot. */
  setPace(pace: number): void;
  release(): Promise<void>;
}

/** What a trainer needs. */
export interface TrainerOptions {
  readonly plan: Plan;
  readonly runtime: Runtime;
  /** Absent where the plan reads no examples. */
  readonly data?: Dataset;
  readonly seed: number;
  readonly collective?: Collective;
}

/** Loads the programs of a plan and sets the weights and states to their start. Throws ShapeError where the data are not what the plan wants. */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const { plan, runtime, seed, data, collective = alone } = options;
  const programs = programsOf(plan);
  const batch = batchInputs(programs);
  checkData(batch, data);
  const memory = allocateMemory(plan, runtime);
  await initialise(memory, plan.tensors, seed);
  const scalars = openScalars(programs);
  const journal = openJournal(memory);
  const sides: Side[] = [];
  for (const player of plan.players) {
    sides.push(await openSide(player, { runtime, memory, collective, seed, scalars, journal }));
  }
  const sampler = plan.sampler && (await loadByRows(plan.sampler, runtime, memory.inputs));
  const critic = plan.critic && (await loadByRows(plan.critic, runtime, memory.inputs));
  const draws = openDraws(batch, memory, options);
  const rounds = roundsOf(plan, sides);
  const turns = new Map(sides.map((side) => [side, openTurn(side)]));
  let step = 0;
  let skipped: NotFinite | undefined;
  let movers: readonly Side[] = [];
  let refused: NotFinite | undefined;

  const next = (side: Side) => step * side.player.steps + turns.get(side)!.made;
  const playRound = roundsInOrder[plan.order](sides, (side) => side.begin(next(side)));
  const isRead = (name: string) => {
    for (const side of movers) if (side.reads(next(side)).has(name)) return true;
    return false;
  };
  const play = (round: Round) => {
    movers = round.movers;
    draws.at(step * rounds.length + round.number, isRead);
    return after(after(playRound(movers), takeBack), endRound);
  };
  const takeBack = (found: NotFinite | undefined) => {
    refused = found;
    return found && journal.takeBack();
  };
  const endRound = () => {
    journal.close();
    skipped ??= refused;
    return firstOf(movers, endMove);
  };
  const notes = new Map(
    sides.map((side) => {
      const note = (tensor: string | undefined) => {
        skipped ??= foundBy(side, tensor);
      };
      return [side, note];
    }),
  );
  const endMove = (side: Side) => {
    const turn = turns.get(side)!;
    return after(side.finish(turn.moves[turn.made++]!, refused !== undefined), notes.get(side)!);
  };
  const end = () => after(runtime.rest?.(), iterated);
  const iterated = () => {
    step += 1;
    if (skipped) scalars.takeBack();
    else scalars.keep();
    return iteration;
  };
  const iteration: Iteration = {
    get step() {
      return step;
    },
    get moves() {
      return Object.fromEntries([...turns].map(([{ player }, { moves }]) => [player.name, moves.map(copyOf)]));
    },
    get metrics() {
      return scalars.kept();
    },
    get skipped() {
      return skipped;
    },
  };

  return {
    get step() {
      return step;
    },
    takeVisits: (player) => sides.find((side) => side.player.name === player)!.takeVisits(),
    iterate() {
      for (const turn of turns.values()) turn.made = 0;
      skipped = undefined;
      return after(firstOf(rounds, play), end);
    },
    async read(name) {
      if (!plan.tensors.some((spec) => spec.name === name))
        throw new ShapeError(`read: the plan has no tensor ${name}.`);
      return (await memory.inputs[name]!.read()).slice();
    },
    sample: sampler ?? missing("sample", "sampler"),
    judge: critic ?? missing("judge", "critic"),
    snapshot: (target = emptySnapshot(plan.tensors)) => fillSnapshot(target, memory),
    restore(saved, at) {
      const problem = snapshotProblem(saved, plan.tensors);
      if (problem) throw new CheckpointError("restore", problem);
      for (const { name } of plan.tensors) memory.inputs[name]!.write((values) => values.set(saved.get(name)!.values));
      for (const side of sides) side.forget();
      step = at;
    },
    endVisits() {
      for (const side of sides) side.endVisit();
    },
    setPace(pace) {
      for (const { name } of plan.players) memory.inputs[`${name}/pace`]!.write((values) => values.fill(pace));
    },
    async release() {
      draws.release();
      await sampler?.release();
      await critic?.release();
      for (const side of sides) await side.release();
    },
  };
}

/** The moves of a player in an iteration, of which so many are made. */
const openTurn = ({ player }: Side) => ({
  moves: Array.from({ length: player.steps }, (): MutableMoved => ({ block: "", number: 0 })),
  made: 0,
});

const copyOf = (moved: Moved): Moved => ({ ...moved });

const missing = (what: string, program: string) => () =>
  Promise.reject(new ShapeError(`${what}: the plan has no ${program}.`));

/** A round of an iteration, and who moves in it. */
interface Round {
  readonly number: number;
  readonly movers: readonly Side[];
}

function roundsOf(plan: Plan, sides: readonly Side[]): Round[] {
  const count = Math.max(...plan.players.map(({ steps }) => steps));
  return Array.from({ length: count }, (_, number) => ({
    number,
    movers: sides.filter(({ player }, i) => movesIn(number, player.steps, count, i === 0)),
  }));
}

/** The first player moves in the first rounds of an iteration, the others in the last ones: D, then G and G; D and D, then G. */
function movesIn(round: number, steps: number, rounds: number, isFirst: boolean): boolean {
  return isFirst ? round < steps : round >= rounds - steps;
}

async function fillSnapshot(target: Snapshot, memory: Memory): Promise<Snapshot> {
  for (const [name, { values }] of target) values.set(await memory.inputs[name]!.read());
  return target;
}
