import type { Player, SelectionContext } from "../plan.ts";
import type { ProgramOutput } from "../program.ts";
import type { Reals } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Collective } from "./collective.ts";
import { type Loaded, type LoadedMove, load, loadMove } from "./loaded.ts";
import { commit, type Memory, scatter } from "./memory.ts";
import { fadeState, fillSlices } from "./pieces.ts";

/** What one move of a player did, and why. */
export interface Moved {
  readonly block: string;
  /** Index among the blocks of the player. */
  readonly number: number;
  /** By what the selection rule chose it, where it chose by something. */
  readonly score?: number | undefined;
  /** Length of the step, where it was searched for. */
  readonly length?: number | undefined;
  /** Decrease of the objective on the batch: expected to first order, and found. */
  readonly predicted?: number | undefined;
  readonly realised?: number | undefined;
  /** Where a window of moves ends with this one: the relative change of the mean objective from the window before. */
  readonly change?: number | undefined;
}

/** A player with its programs loaded. */
export interface Side {
  readonly player: Player;
  /** Selects a block for the move of this number, and makes its index and state ready. */
  begin(move: number): Promise<void>;
  /** One step of the block; what it changes is in place afterwards, or with `isHeld` waits for `accept`. */
  step(isHeld: boolean): Promise<void>;
  /** Puts the weights that a held step reached in place of those that it started from, which stay as `base`. */
  predict(): Promise<void>;
  /** The second half of an extragradient step, from the base along the gradients at the point that `predict` put in place. */
  correct(): Promise<void>;
  /** Puts what a held step changed in place. */
  accept(): Promise<void>;
  /** Tells the selection rule what the step brought; ends the sweep where it was the last one. */
  finish(): Promise<Moved>;
  /** Moves of each block since this was last asked. */
  takeVisits(): number[];
  /** The memory is no longer what it was. */
  forget(): void;
  release(): Promise<void>;
}

/** What a side works with. */
export interface SideOptions {
  readonly runtime: Runtime;
  readonly memory: Memory;
  readonly collective: Collective;
  readonly seed: number;
  /** Where the reported scalars go. */
  readonly metrics: Record<string, number>;
}

/** Loads the programs of a player. */
export async function openSide(player: Player, options: SideOptions): Promise<Side> {
  const { memory, collective, seed, metrics, runtime } = options;
  const moves: LoadedMove[] = [];
  for (const move of player.moves) moves.push(await loadMove(move, runtime, memory));
  const norms = player.norms && (await load(player.norms, runtime, memory));
  const curvature: Loaded[] = [];
  for (const program of player.lipschitz?.programs ?? []) curvature.push(await load(program, runtime, memory));
  const afterSweep = player.afterSweep && (await load(player.afterSweep, runtime, memory));
  const own = memory.inputs[`${player.name}/selection`];
  const visits = await memory.inputs[`${player.name}/visits`]!.read();
  const progress = await memory.inputs[`${player.name}/progress`]!.read();
  const estimates = player.lipschitz && memory.inputs[player.lipschitz.estimates]!;
  const rate = memory.inputs[player.learningRate.input]; // searches do without
  const numbers: Mutable<SelectionContext> = contextOf(player, seed, own ? await own.read() : undefined);

  let current = { block: player.blocks[0]!, number: 0, loaded: moves[0]! };
  let shownRate = Number.NaN;
  let visit = -1;
  let isLastOfSweep = false;
  let outcome: { -readonly [K in keyof Moved]?: Moved[K] } = {};

  const run = async ({ session, exchanged, metrics: names }: Loaded) => {
    await session.run(memory.inputs, memory.outputs);
    if (exchanged.length > 0) await collective.sum(exchanged);
    for (const name of names) metrics[name] = (await memory.outputs[name]!.read())[0]!;
  };
  const measured = async (name: string) => (await memory.outputs[name]!.read())[0]!;
  const commitAll = async ({ replacing }: Loaded) => {
    for (const output of replacing) await commit(memory, output);
  };

  const select = async (): Promise<number> => {
    const { selection, blocks } = player;
    if (norms && (selection.wantsNorms?.(visit, blocks.length) ?? true)) {
      await run(norms);
      numbers.norms = await memory.outputs[norms.program.manifest.outputs[0]!.name]!.read();
    } else numbers.norms = undefined;
    if (estimates) numbers.lipschitz = await estimates.read();
    const chosen = selection.select(numbers);
    outcome.score = selection.score?.(numbers, chosen);
    return chosen;
  };

  const hasFading = player.moves.some(({ fading }) => fading.length > 0);

  /** The block of the visit before, or in the middle of a visit of this one: remembered, or where nobody remembers selected again. */
  const blockBefore = async (isFresh: boolean): Promise<number | undefined> => {
    if (own) {
      const last = (await own.read())[0]!;
      return last === 0 ? undefined : last - 1;
    }
    if (!hasFading || visit === 0) return undefined;
    const at = isFresh ? visit - 1 : visit;
    return player.selection.select({ ...numbers, visit: at });
  };

  /** Block `number` becomes the one that moves: its slices, and its state if another moved before. */
  const enter = async (number: number, isBack: boolean) => {
    const block = player.blocks[number]!;
    current = { block, number, loaded: moves[block.move]! };
    if (block.slices) memory.inputs[block.slices.input]!.write((values) => fillSlices(values, block, visit, seed));
    const { numberInput, fading } = current.loaded.move;
    if (numberInput !== undefined) memory.inputs[numberInput]?.write((values) => values.fill(block.number));
    if (isBack) for (const fade of fading) await fadeState(memory, fade);
  };

  const measureCurvature = async (number: number, rounds: number) => {
    await enter(number, false);
    const loaded = curvature[current.block.move]!;
    for (let round = 0; round < rounds; round++) {
      await run(loaded);
      await commitAll(loaded);
    }
    const value = await measured(`${player.name}/curvature`);
    estimates!.write((values) => {
      values[number] = value;
    });
  };

  const measureDue = async () => {
    const { lipschitz, blocks } = player;
    if (!lipschitz) return;
    const isMeasured = (await estimates!.read()).some((value) => value !== 0);
    if (!isMeasured) for (const number of blocks.keys()) await measureCurvature(number, lipschitz.rounds);
    else if (lipschitz.every > 0 && visit > 0 && visit % lipschitz.every === 0) {
      await measureCurvature((visit / lipschitz.every) % blocks.length, 1);
    }
  };

  const search = async ({ move, trial }: LoadedMove) => {
    const { rule, length, value, slope, reached, memory: kept } = move.search!;
    const memorised = memory.inputs[kept]!;
    const { number } = current.block;
    const start = {
      value: await measured(value),
      slope: await measured(slope),
      learningRate: shownRate,
      memory: (await memorised.read())[number]!,
    };
    const attempt = async (at: number) => {
      memory.inputs[length]!.write((values) => values.fill(at));
      await run(trial!);
      return measured(reached);
    };
    const steps = rule(start);
    let last = { at: Number.NaN, value: start.value };
    let next = steps.next();
    while (!next.done) {
      last = { at: next.value, value: await attempt(next.value) };
      next = steps.next(last.value);
    }
    const result = next.value;
    if (result.length !== 0 && result.length !== last.at)
      last = { at: result.length, value: await attempt(result.length) };
    if (result.length !== 0) await commitAll(trial!);
    memorised.write((values) => {
      values[number] = result.memory;
    });
    outcome.length = result.length;
    outcome.predicted = -result.length * start.slope;
    outcome.realised = (outcome.realised ?? 0) + (result.length === 0 ? 0 : start.value - last.value);
  };

  const singleStep = async (isHeld: boolean) => {
    const { loaded } = current;
    for (const program of loaded.programs) {
      await run(program);
      if (!isHeld && !loaded.move.search) await commitAll(program);
    }
    if (loaded.move.search) await search(loaded);
  };

  return {
    player,
    async begin(move) {
      outcome = {};
      const at = player.learningRate.at(move);
      if (at !== shownRate) rate?.write((values) => values.fill(at));
      shownRate = at;
      isLastOfSweep = (move + 1) % (player.blocks.length * player.hold) === 0;
      const isNew = visit !== Math.floor(move / player.hold);
      visit = Math.floor(move / player.hold);
      if (!isNew) return;
      numbers.visit = visit;
      await measureDue();
      const isFresh = move % player.hold === 0;
      const before = await blockBefore(isFresh);
      const number = isFresh || !own ? await select() : before!;
      own?.write((values) => {
        values[0] = number + 1;
      });
      await enter(number, isFresh && before !== undefined && before !== number);
    },
    async step(isHeld) {
      if (current.loaded.prefix) await run(current.loaded.prefix);
      for (let k = 0; k < player.innerSteps; k++) await singleStep(isHeld);
    },
    async predict() {
      for (const { replacing } of current.loaded.programs) {
        for (const output of replacing) if (output.role === "parameter") await moveTo(memory, output);
      }
    },
    async correct() {
      for (const program of current.loaded.corrector) await run(program);
    },
    async accept() {
      const { programs, corrector } = current.loaded;
      for (const loaded of corrector)
        for (const { role, replaces } of loaded.replacing) if (role === "parameter") restoreBase(memory, replaces!);
      for (const loaded of corrector.length > 0 ? corrector : programs) await commitAll(loaded);
    },
    async finish() {
      const { block, number, loaded } = current;
      const { selection } = player;
      const decrease = `${loaded.move.name}/search/decrease`;
      if (memory.outputs[decrease]) outcome.predicted = await measured(decrease);
      const brought = outcome.realised ?? outcome.predicted;
      if (selection.observe && brought !== undefined) selection.observe(numbers, number, brought);
      if (afterSweep && isLastOfSweep) {
        await run(afterSweep);
        await commitAll(afterSweep);
      }
      visits[number]!++;
      outcome.change = advance(progress, metrics[player.objective]!, player.window);
      return { block: block.name, number, ...outcome };
    },
    takeVisits() {
      const taken = [...visits];
      visits.fill(0);
      return taken;
    },
    forget() {
      visit = -1;
      shownRate = Number.NaN;
    },
    async release() {
      const loaded = moves.flatMap(({ programs, prefix, trial, corrector }) => [
        ...programs,
        prefix,
        trial,
        ...corrector,
      ]);
      for (const each of [...loaded, norms, afterSweep, ...curvature]) await each?.session.release();
    },
  };
}

/** Averages the objective over windows of moves: [mean so far, moves so far, mean of the window before]. Gives the relative change where a window ends. */
function advance(progress: Reals, objective: number, window: number): number | undefined {
  const count = progress[1]! + 1;
  progress[0]! += (objective - progress[0]!) / count;
  progress[1] = count % window;
  if (count < window) return undefined;
  const [mean, , before] = progress as unknown as [number, number, number];
  progress.set([0, 0, mean]);
  return before === 0 ? undefined : Math.abs(mean - before) / Math.abs(before);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function contextOf(player: Player, seed: number, own: Reals | undefined): Mutable<SelectionContext> {
  const { blocks, moves, name } = player;
  const macs = moves.map(({ programs }) => programs.reduce((sum, { manifest }) => sum + manifest.cost.macs, 0));
  return {
    visit: 0,
    blockCount: blocks.length,
    seed,
    player: name,
    macs: blocks.map(({ move }) => macs[move]!),
    sizes: blocks.map(({ size }) => size),
    norms: undefined,
    lipschitz: undefined,
    memory: own?.subarray(1) ?? new Float32Array(0),
  };
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
    await scatter(memory, spare, name, slices);
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
