import type { Player, SelectionContext } from "../plan.ts";
import type { Reals } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Bench, commitAll, type Loaded, load, measured, run } from "./loaded.ts";
import { place } from "./pieces.ts";

/** What was selected. */
export interface Choice {
  /** Index among the blocks of the player. */
  readonly number: number;
  /** By what it was chosen, where it was chosen by something. */
  readonly score: number | undefined;
  /** What moved before, where a visit begins and somebody has to know. */
  readonly before: number | undefined;
}

/** A selection rule at work: it measures what the rule needs, and remembers what a rule that does not draw from the visit alone has chosen. */
export interface Selector {
  /** The block of a visit, which has just begun (`isFresh`) or is under way. */
  choose(visit: number, isFresh: boolean): Promise<Choice>;
  /** Tells the rule what a step of a block brought. */
  observe(block: number, decrease: number): void;
  release(): Promise<void>;
}

/** Loads what a player measures with. */
export async function openSelector(player: Player, runtime: Runtime, bench: Bench, seed: number): Promise<Selector> {
  const { memory } = bench;
  const { selection, blocks, lipschitz } = player;
  const norms = player.norms && (await load(player.norms, runtime, memory));
  const curvature: Loaded[] = [];
  for (const program of lipschitz?.programs ?? []) curvature.push(await load(program, runtime, memory));
  const own = memory.inputs[`${player.name}/selection`];
  const estimates = lipschitz && memory.inputs[lipschitz.estimates]!;
  const context = contextOf(player, seed, own ? await own.read() : undefined);
  const hasFading = player.moves.some(({ fading }) => fading.length > 0);

  const measureCurvature = async (number: number, rounds: number, visit: number) => {
    const block = blocks[number]!;
    place(memory, block, player.moves[block.move]!, visit, seed);
    const loaded = curvature[block.move]!;
    for (let round = 0; round < rounds; round++) {
      await run(loaded, bench);
      await commitAll(loaded, bench);
    }
    const value = await measured(bench, `${player.name}/curvature`);
    estimates!.write((values) => {
      values[number] = value;
    });
  };

  /** In the beginning of all blocks, later of one after the other. */
  const measureDueCurvature = async ({ rounds, every }: NonNullable<typeof lipschitz>, visit: number) => {
    const isMeasured = (await estimates!.read()).some((value) => value !== 0);
    if (!isMeasured) for (const number of blocks.keys()) await measureCurvature(number, rounds, visit);
    else if (every > 0 && visit > 0 && visit % every === 0) {
      await measureCurvature((visit / every) % blocks.length, 1, visit);
    }
  };

  const measure = async (visit: number) => {
    context.norms = undefined;
    if (norms && (selection.wantsNorms?.(visit, blocks.length) ?? true)) {
      await run(norms, bench);
      context.norms = await memory.outputs[norms.program.manifest.outputs[0]!.name]!.read();
    }
    if (lipschitz) {
      await measureDueCurvature(lipschitz, visit);
      context.lipschitz = await estimates!.read();
    }
  };

  /** What the visit before chose, or in the middle of a visit this one; undefined where nobody has to know. */
  const remembered = async (visit: number, isFresh: boolean): Promise<number | undefined> => {
    if (own) {
      const last = (await own.read())[0]!;
      return last === 0 ? undefined : last - 1;
    }
    if (!isFresh) return selection.select(context);
    return hasFading && visit > 0 ? selection.select({ ...context, visit: visit - 1 }) : undefined;
  };

  const rememberedScore = async (block: number): Promise<number | undefined> => {
    if (!selection.score) return undefined;
    return own ? (await own.read())[1]! : selection.score(context, block);
  };

  return {
    async choose(visit, isFresh) {
      context.visit = visit;
      const before = await remembered(visit, isFresh);
      if (!isFresh) return { number: before!, score: await rememberedScore(before!), before: undefined };
      await measure(visit);
      const number = selection.select(context);
      const score = selection.score?.(context, number);
      own?.write((values) => {
        values[0] = number + 1;
        values[1] = score ?? 0;
      });
      // as it is remembered, in the precision of that: the log of a resumed visit must not tell the difference
      return { number, score: score !== undefined && own ? (await own.read())[1] : score, before };
    },
    observe: (block, decrease) => selection.observe?.(context, block, decrease),
    async release() {
      for (const each of [norms, ...curvature]) await each?.session.release();
    },
  };
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
    memory: own?.subarray(2) ?? new Float32Array(0),
  };
}
