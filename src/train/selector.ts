import { type Awaitable, after } from "../awaitable.ts";
import type { Player, SelectionContext } from "../plan.ts";
import type { Reals } from "../random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { finite } from "./finite.ts";
import { type Bench, type Loaded, load, measured } from "./loaded.ts";
import { place } from "./pieces.ts";

/** What was selected. */
export interface Choice {
  /** Index among the blocks of the player. */
  readonly number: number;
  /** By what it was chosen, where it was chosen by something. */
  readonly score: number | undefined;
  /** What moved before, where a visit begins and somebody has to know. */
  readonly before: number | undefined;
  /** What was measured and is not finite: the choice is then the last one, and the move not to be made. */
  readonly notFinite: string | undefined;
}

/** A selection rule at work: it measures what the rule needs, and remembers what a rule that does not draw from the visit alone has chosen. */
export interface Selector {
  /** The block of a visit, which has just begun (`isFresh`) or is under way. */
  choose(visit: number, isFresh: boolean): Awaitable<Choice>;
  /** The next move is a new choice, whatever was remembered of the visit under way. A rule that draws from the visit alone has nothing else to choose. */
  endVisit(): void;
  /** Tells the rule what a step of a block brought. */
  observe(block: number, decrease: number): void;
  release(): Promise<void>;
}

/** Loads what a player measures with. */
export async function openSelector(player: Player, runtime: Runtime, bench: Bench, seed: number): Promise<Selector> {
  const { memory } = bench;
  const { selection, blocks, lipschitz } = player;
  const norms = player.norms && (await load(player.norms, runtime, bench));
  const curvature: Loaded[] = [];
  for (const program of lipschitz?.programs ?? []) curvature.push(await load(program, runtime, bench));
  const own = await memory.inputs[`${player.name}/selection`]?.read(); // only the runner knows it: these are its numbers, not a copy
  const estimates = lipschitz && memory.inputs[lipschitz.estimates]!;
  const context = contextOf(player, seed, own);
  const hasFading = player.moves.some(({ fading }) => fading.length > 0);

  const measureCurvature = async (number: number, rounds: number, visit: number) => {
    const block = blocks[number]!;
    place(memory, block, player.moves[block.move]!, visit, seed);
    const loaded = curvature[block.move]!;
    let value = 0;
    for (let round = 0; round < rounds; round++) {
      const isSound = await loaded.run();
      value = await measured(bench, `${player.name}/curvature`);
      if (!isSound || !Number.isFinite(value)) return loaded.notFinite();
      await loaded.commit();
    }
    estimates!.write((values) => {
      values[number] = value;
    });
    return undefined;
  };

  /** In the beginning of all blocks, later of one after the other. */
  const measureDueCurvature = async ({ rounds, every }: NonNullable<typeof lipschitz>, visit: number) => {
    const isMeasured = (await estimates!.read()).some((value) => value !== 0);
    if (isMeasured) {
      if (every === 0 || visit === 0 || visit % every !== 0) return undefined;
      return measureCurvature((visit / every) % blocks.length, 1, visit);
    }
    for (const number of blocks.keys()) {
      const notFinite = await measureCurvature(number, rounds, visit);
      if (notFinite === undefined) continue;
      estimates!.write((values) => values.fill(0)); // the next visit measures all of them
      return notFinite;
    }
    return undefined;
  };

  /** Gives the name of what is not finite. */
  const measure = async (visit: number): Promise<string | undefined> => {
    if (norms && (selection.wantsNorms?.(visit, blocks.length) ?? true)) {
      await norms.run();
      const found = await memory.outputs[norms.program.manifest.outputs[0]!.name]!.read();
      if (!found.every(Number.isFinite)) return norms.notFinite();
      context.norms = found;
    }
    if (!lipschitz) return undefined;
    const notFinite = await measureDueCurvature(lipschitz, visit);
    context.lipschitz = await estimates!.read();
    return notFinite;
  };

  /** A decrease beyond float32 is none that a rule can use. */
  const tidy = () => {
    const { memory: kept } = context;
    for (let i = 0; i < kept.length; i++) if (!Number.isFinite(kept[i])) kept[i] = 0;
  };

  const lastChosen = (): number | undefined => {
    const last = Math.abs(own?.[0] ?? 0);
    return last === 0 ? undefined : last - 1;
  };

  const hasEnded = () => own !== undefined && own[0]! <= 0;

  /** What the visit before chose, or in the middle of a visit this one; undefined where nobody has to know. */
  const remembered = (visit: number, isFresh: boolean): number | undefined => {
    if (own) return lastChosen();
    if (!isFresh) return selection.select(context);
    return hasFading && visit > 0 ? selection.select({ ...context, visit: visit - 1 }) : undefined;
  };

  const rememberedScore = (block: number): number | undefined => {
    if (!selection.score) return undefined;
    return own ? own[1]! : selection.score(context, block);
  };

  /** The choice of a visit that begins, after what was measured. */
  const chosen = (before: number | undefined, notFinite: string | undefined): Choice => {
    const number = notFinite === undefined ? selection.select(context) : (lastChosen() ?? 0);
    const score = notFinite === undefined ? selection.score?.(context, number) : selection.score && 0;
    if (!own) return { number, score, before, notFinite };
    own[0] = number + 1;
    own[1] = finite(score ?? 0);
    tidy(); // a rule may compute with what it remembers when it selects
    // as it is remembered, in the precision of that: the log of a resumed visit must not tell the difference
    return { number, score: score === undefined ? undefined : own[1]!, before, notFinite };
  };

  return {
    choose(visit, isFirst) {
      context.visit = visit;
      const isFresh = isFirst || hasEnded();
      const before = remembered(visit, isFresh);
      if (!isFresh)
        return { number: before!, score: rememberedScore(before!), before: undefined, notFinite: undefined };
      context.norms = undefined;
      if (!norms && !lipschitz) return chosen(before, undefined);
      return after(measure(visit), (notFinite) => chosen(before, notFinite));
    },
    endVisit() {
      if (own) own[0] = 0 - Math.abs(own[0]!);
    },
    observe(block, decrease) {
      selection.observe?.(context, block, decrease);
      tidy();
    },
    async release() {
      for (const each of [norms, ...curvature]) await each?.release();
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
