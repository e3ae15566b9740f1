import { type Awaitable, after, firstOf } from "../awaitable.ts";
import type { Fading, Move, Player } from "../plan.ts";
import type { ProgramOutput } from "../program.ts";
import type { Reals } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { batchInputs } from "./batch.ts";
import { searchAlong } from "./line.ts";
import { type Bench, type Loaded, type LoadedMove, load, loadMove, measured } from "./loaded.ts";
import { type Memory, programsOf, scatterOutput } from "./memory.ts";
import { fadeState, place } from "./pieces.ts";
import { type Choice, openSelector } from "./selector.ts";

/** What one move of a player did, and why. */
export interface Moved {
  readonly block: string;
  /** Index among the blocks of the player. */
  readonly number: number;
  /** By what the selection rule chose it, where it chose by something. */
  readonly score?: number | undefined;
  /** Length of the step, where it was searched for; with several steps on a batch, their sum, as below. */
  readonly length?: number | undefined;
  /** Decrease of the objective on the batch: expected to first order, and found. */
  readonly predicted?: number | undefined;
  readonly realised?: number | undefined;
  /** Where a window of moves ends with this one: the relative change of the mean objective from the window before. */
  readonly change?: number | undefined;
}

/** A player with its programs loaded. What may go wrong gives the name of a tensor that is not finite, and then has changed nothing. */
export interface Side {
  readonly player: Player;
  /** Names of the examples and random numbers that the move of this number may read. */
  reads(move: number): ReadonlySet<string>;
  /** Selects a block for the move of this number, and makes its index and state ready. */
  begin(move: number): Awaitable<string | undefined>;
  /** One step of the block; what it changes is in place afterwards until the journal takes it back, or with `isHeld` waits for `accept`. */
  step(isHeld: boolean): Awaitable<string | undefined>;
  /** Puts the weights that a held step reached in place of those that it started from, which stay as `base`. */
  predict(): Promise<void>;
  /** The second half of an extragradient step, from the base along the gradients at the point that `predict` put in place. */
  correct(): Promise<string | undefined>;
  /** Puts the weights back that `predict` replaced. */
  withdraw(): void;
  /** Puts what a held step changed in place. */
  accept(): Promise<void>;
  /** Ends the move: fills in what it did, tells the selection rule what the step brought, unless it was skipped; ends the sweep where it was the last one. */
  finish(moved: MutableMoved, isSkipped: boolean): Awaitable<string | undefined>;
  /** Moves of each block since this was last asked. */
  takeVisits(): number[];
  /** The next move is a new choice of a block. */
  endVisit(): void;
  /** The memory is no longer what it was. */
  forget(): void;
  release(): Promise<void>;
}

/** What is filled in when a move ends. */
export type MutableMoved = { -readonly [K in keyof Moved]: Moved[K] };

/** What a side works with. */
export interface SideOptions extends Bench {
  readonly runtime: Runtime;
  readonly seed: number;
}

/** Loads the programs of a player. */
export async function openSide(player: Player, options: SideOptions): Promise<Side> {
  const { memory, seed, scalars, runtime } = options;
  const moves: LoadedMove[] = [];
  for (const move of player.moves) moves.push(await loadMove(move, runtime, options));
  const lightMoves: LoadedMove[] = [];
  for (const move of player.light?.moves ?? []) lightMoves.push(await loadMove(move, runtime, options));
  const afterSweep = player.afterSweep && (await load(player.afterSweep, runtime, options));
  const selector = await openSelector(player, runtime, options, seed);
  const visits = await memory.inputs[`${player.name}/visits`]!.read();
  const progress = await memory.inputs[`${player.name}/progress`]!.read();
  const pace = await memory.inputs[`${player.name}/pace`]!.read();
  const rate = memory.inputs[player.learningRate.input]; // searches do without
  const setRate = (values: Reals) => values.fill(shownRate);
  const innerSteps = Array.from({ length: player.innerSteps });

  const isLight = (move: number) => player.light?.isDue(move) ?? false;
  const objective = scalars.placeOf(player.objective);
  const read = { whole: readBy(player, player.moves), light: readBy(player, player.light?.moves ?? []) };

  let chosen: Choice = { number: 0, score: undefined, before: undefined, notFinite: undefined };
  let ready = moves;
  let shownRate = Number.NaN;
  let visit = -1;
  let isLastOfSweep = false;
  let outcome: Outcome | undefined;

  const block = () => player.blocks[chosen.number]!;
  const loaded = () => ready[block().move]!;

  const choose = (choice: Choice): Awaitable<string | undefined> => {
    chosen = choice;
    place(memory, block(), loaded().move, visit, seed);
    return choice.before === undefined ? choice.notFinite : fade(choice.before, choice);
  };

  const fade = (before: number, { number, notFinite }: Choice) => {
    const faded = firstOf(fadingAt(player, before, number), (fading) => fadeState(memory, fading));
    return after(faded, () => notFinite);
  };

  const singleStep = (isHeld: boolean): Awaitable<string | undefined> => {
    const { programs, move } = loaded();
    const stepped = firstOf(programs, isHeld || move.search ? attempt : advance);
    if (!move.search && move.decrease === undefined) return stepped;
    return after(stepped, (notFinite) => notFinite ?? account());
  };

  /** Searches, where the move does, and keeps account of what the step brings. */
  const account = async (): Promise<string | undefined> => {
    const { move, trial } = loaded();
    const { decrease } = move;
    outcome ??= {};
    if (decrease !== undefined) outcome.predicted = (outcome.predicted ?? 0) + (await measured(options, decrease));
    if (!move.search) return undefined;
    const found = await searchAlong(loaded(), block().number, shownRate, options);
    if (!found) return trial!.notFinite();
    outcome.length = (outcome.length ?? 0) + found.length;
    outcome.predicted = (outcome.predicted ?? 0) + found.predicted;
    outcome.realised = (outcome.realised ?? 0) + found.realised;
    return undefined;
  };

  const freeStep = () => singleStep(false);
  const heldStep = () => singleStep(true);
  const freeSteps = () => firstOf(innerSteps, freeStep);
  const heldSteps = () => firstOf(innerSteps, heldStep);

  const endSweep = async (program: Loaded): Promise<string | undefined> => {
    if (!(await program.run())) return program.notFinite();
    return program.commit();
  };

  const fillIn = (moved: MutableMoved, isSkipped: boolean): void => {
    const brought = isSkipped ? undefined : outcome;
    moved.block = block().name;
    moved.number = chosen.number;
    moved.score = chosen.score;
    moved.length = brought?.length;
    moved.predicted = brought?.predicted;
    moved.realised = brought?.realised;
    moved.change = isSkipped ? undefined : advanceProgress(progress, scalars.values[objective]!, player.window);
  };

  const restoreBases = () => {
    const reached = loaded().corrector.flatMap(movedBy);
    for (const { replaces } of reached) restoreBase(memory, replaces!);
  };

  return {
    player,
    reads: (move) => (isLight(move) ? read.light : read.whole),
    begin(move) {
      outcome = undefined;
      const at = player.learningRate.at(move) * pace[0]!;
      if (at !== shownRate) {
        shownRate = at;
        rate?.write(setRate);
      }
      isLastOfSweep = (move + 1) % (player.blocks.length * player.hold) === 0;
      ready = isLight(move) ? lightMoves : moves;
      if (visit === Math.floor(move / player.hold)) return undefined;
      visit = Math.floor(move / player.hold);
      return after(selector.choose(visit, move % player.hold === 0), choose);
    },
    step: (isHeld) => after(loaded().prefix?.run(), isHeld ? heldSteps : freeSteps),
    async predict() {
      for (const output of loaded().programs.flatMap(movedBy)) await moveTo(memory, output);
    },
    async correct() {
      return firstOf(loaded().corrector, attempt);
    },
    withdraw: restoreBases,
    async accept() {
      const { programs, corrector } = loaded();
      restoreBases();
      for (const loaded of corrector.length > 0 ? corrector : programs) await loaded.commit();
    },
    finish(moved, isSkipped) {
      const brought = outcome?.realised ?? outcome?.predicted;
      if (!isSkipped && brought !== undefined) selector.observe(chosen.number, brought);
      visits[chosen.number]!++;
      fillIn(moved, isSkipped);
      return afterSweep && isLastOfSweep ? endSweep(afterSweep) : undefined;
    },
    takeVisits() {
      const taken = [...visits];
      visits.fill(0);
      return taken;
    },
    endVisit: selector.endVisit,
    forget() {
      visit = -1;
      shownRate = Number.NaN;
    },
    async release() {
      for (const { programs, prefix, trial, corrector } of [...moves, ...lightMoves]) {
        for (const each of [...programs, prefix, trial, ...corrector]) await each?.release();
      }
      await afterSweep?.release();
      await selector.release();
    },
  };
}

const attempt = (program: Loaded) => program.attempt();
const advance = (program: Loaded) => program.advance();

type Outcome = { -readonly [K in "length" | "predicted" | "realised"]?: number };

/** Names of what is drawn for some of a player's moves. */
function readBy(player: Player, moves: readonly Move[]): ReadonlySet<string> {
  const { light: _, ...rest } = player;
  return new Set(batchInputs(programsOf({ players: [{ ...rest, moves }] })).map(({ name }) => name));
}

/** The weights that a program changes. */
const movedBy = ({ program }: Loaded) =>
  program.manifest.outputs.filter(({ role, replaces }) => role === "parameter" && replaces !== undefined);

/** The states that fade when a block moves after another: not those of what moved before too, but where elements are drawn they are others every time. */
function fadingAt({ blocks, moves }: Player, before: number, now: number): readonly Fading[] {
  const [last, block] = [blocks[before]!, blocks[now]!];
  const { fading } = moves[block.move]!;
  if (block.slices?.kind === "drawn") return fading;
  if (last.number !== block.number) return fading;
  const moved = new Set(moves[last.move]!.fading.map(({ name }) => name));
  return fading.filter(({ name }) => !moved.has(name));
}

/** Averages the objective over windows of moves: [mean so far, moves so far, mean of the window before]. Gives the relative change where a window ends. */
function advanceProgress(progress: Reals, objective: number, window: number): number | undefined {
  const count = progress[1]! + 1;
  progress[0]! += (objective - progress[0]!) / count;
  progress[1] = count % window;
  if (count < window) return undefined;
  const [mean, , before] = progress as unknown as [number, number, number];
  progress.set([0, 0, mean]);
  return before === 0 ? undefined : Math.abs(mean - before) / Math.abs(before);
}

/** The weight that a held step reached takes the weight's place; the old one becomes the base. */
async function moveTo(memory: Memory, { name, replaces, slices }: ProgramOutput): Promise<void> {
  const { inputs, outputs } = memory;
  const old = inputs[replaces!]!;
  const base = `${replaces}/base`;
  const spare = inputs[base]!;
  if (slices) {
    const values = await old.read();
    spare.write((target) => target.set(values));
    await scatterOutput(memory, spare, name, slices);
    inputs[replaces!] = spare;
  } else {
    inputs[replaces!] = outputs[name]!;
    outputs[name] = spare;
  }
  inputs[base] = old;
}

/** The base becomes the weight again, and the point that was reached its spare memory. */
function restoreBase({ inputs }: Memory, weight: string): void {
  const reached = inputs[weight]!;
  inputs[weight] = inputs[`${weight}/base`]!;
  inputs[`${weight}/base`] = reached;
}
