import { DivergedError } from "../errors.ts";
import { type Collapsed, type GuardMemory, type GuardOptions, openGuard, type WatchRecord } from "./guard.ts";
import type { NotFinite } from "./play.ts";
import type { Moved } from "./side.ts";
import { noSkips, type Skips, tooMany, withSkip } from "./skips.ts";
import { notFinite, type Snapshot } from "./snapshot.ts";
import type { Iteration, Trainer } from "./trainer.ts";

/** One line of the log. */
export interface LogRecord {
  readonly step: number;
  readonly lossD: number;
  readonly lossG: number;
  /** Mean of the discriminator's sigmoid over the real and over the generated examples of the batch. */
  readonly probabilityReal: number;
  readonly probabilityFake: number;
  /** The block of the generator that moved last, and that of the discriminator. */
  readonly block: string;
  readonly blockD: string;
  /** Of the generator's move: why its block was selected, and how far it went, where there is such a number. */
  readonly score?: number;
  readonly length?: number;
  /** Decrease of the generator's loss on the batch of the move: expected to first order, and found. */
  readonly predicted?: number;
  readonly realised?: number;
  /** The same of the discriminator's. */
  readonly scoreD?: number;
  readonly lengthD?: number;
  readonly predictedD?: number;
  readonly realisedD?: number;
  /** Moves of each block of the generator since the record before, in the order of the blocks; absent where there are more than 256. */
  readonly visits?: readonly number[];
  /** Iterations since the record before with a round that changed nothing, because a number in it was not finite; absent where there is none. */
  readonly skipped?: number;
  /** What the samples are like, in the steps in which they were measured, and how long that took. */
  readonly quality?: Quality;
  readonly probeMs?: number;
  /** What the watchdog saw, in the steps in which it looked. */
  readonly watch?: WatchRecord;
  /** Training examples a second since the record before. */
  readonly imagesPerSecond: number;
  /** Since the training began, earlier sessions included. */
  readonly elapsedMs: number;
}

/** What a probe finds in samples of the generator. */
export interface Quality {
  /** From real examples: the smaller, the better. By it the best checkpoint is chosen. */
  readonly distance: number;
  /** That of as many real examples that were not made. */
  readonly floor?: number;
  /** Modes of the data, such as digits, that the samples show. */
  readonly modes: number;
  /** Share of the samples in each class. */
  readonly histogram: readonly number[];
  /** Mean distance of two samples over that of two real examples. */
  readonly diversity: number;
}

/** Looks at samples every so many iterations. */
export interface Probe {
  readonly every: number;
  /** The same every time. */
  readonly latents: Float32Array;
  measure(samples: Float32Array): Promise<Quality>;
  /** Whether the classes are those of the data, which has about as much of each. */
  readonly hasClasses?: boolean;
}

/** The step whose samples a probe found nearest to real examples. */
export interface Best {
  readonly step: number;
  readonly distance: number;
}

/**
 * What a training knows beside the tensors of its trainer: a checkpoint holds it as JSON, and a training goes on from both as if it had never stopped.
 * Finite numbers, texts, lists and objects only.
 */
export interface LoopState {
  readonly best?: Best;
  /** Where the training has ended so. */
  readonly converged?: Converged;
  readonly skips?: Skips;
  /** The metrics of the last iteration that was not skipped. */
  readonly metrics?: Iteration["metrics"];
  readonly collapsed?: Collapsed;
  readonly guard?: GuardMemory;
}

/** How an ended training can have ended before its last iteration. */
export interface Converged {
  readonly type: "converged";
  readonly step: number;
  /** Relative change of the generator's mean loss from one window of sweeps to the next. */
  readonly change: number;
}

/** Something to log, to look at or to save. */
export type TrainingEvent =
  | { readonly type: "record"; readonly record: LogRecord }
  | { readonly type: "samples"; readonly step: number; readonly samples: Float32Array }
  | Converged
  | ({ readonly type: "skipped"; readonly step: number } & NotFinite)
  | Collapsed
  | {
      readonly type: "checkpoint";
      readonly step: number;
      readonly snapshot: Snapshot;
      readonly state: LoopState;
      /** Whether a probe has found no samples nearer to real examples than those of these weights. */
      readonly isBest: boolean;
    };

/** What is trained, how long, and how often it is looked at. */
export interface TrainingOptions {
  readonly trainer: Trainer;
  /** Iterations in all; those that the trainer has made count. */
  readonly steps: number;
  readonly batch: number;
  readonly logEvery?: number;
  readonly sampleEvery?: number;
  readonly checkpointEvery?: number;
  /** Ends the training when the generator's mean loss changes by at most this part of it from one window of sweeps to the next; 0: never. */
  readonly tolerance?: number;
  /** The latents that every sample event shows. */
  readonly latents: Float32Array;
  readonly probe?: Probe | undefined;
  readonly watch?: GuardOptions | undefined;
  /** What earlier sessions of the training knew at its present step. */
  readonly state?: LoopState | undefined;
  /** Time that earlier sessions of the training took. */
  readonly elapsedMs?: number;
  /** Gives the memory for the next checkpoint, once it is free; without it each has its own. */
  readonly snapshotMemory?: () => Promise<Snapshot>;
  /** Asked before every iteration: whether to make a checkpoint and end. */
  readonly isStopped?: () => boolean;
}

/**
 * Iterates a trainer, and yields what there is to log, to look at and to save; it stores nothing itself. A new
 * training begins with a checkpoint, and every one ends with one. A checkpoint is the last event of its step: who has stored it, has stored what came before
 * it, and goes on from there without a gap. Throws
 * DivergedError where too many iterations are skipped because a number is not finite, or such a number is to be saved.
 */
export async function* train(options: TrainingOptions): AsyncGenerator<TrainingEvent, void, void> {
  const { trainer, steps, batch, latents, probe, isStopped = () => false } = options;
  const { logEvery = 50, sampleEvery = 500, checkpointEvery = 1000 } = options;
  const begun = performance.now() - (options.elapsedMs ?? 0);
  const isDue = (every: number) => trainer.step % every === 0 || trainer.step === steps;
  let logged = { step: trainer.step, at: performance.now() };
  let savedAt = -1;
  const { metrics: earlier, ...before }: LoopState = options.state ?? {};
  let state: LoopState = before;
  let taken: Iteration | undefined; // once one was not skipped
  const metricsNow = () => taken?.metrics ?? earlier;
  const save = (isBest = false) => {
    const metrics = metricsNow();
    return checkpoint(options, { ...state, ...(metrics && { metrics }) }, isBest);
  };
  const guard = options.watch && (await openGuard(trainer, steps, options.watch, state.guard));
  if (trainer.step === 0) {
    yield await save();
    savedAt = 0;
  }
  while (trainer.step < steps && !state.converged && !state.collapsed && !isStopped()) {
    const iterated = trainer.iterate();
    const iteration = iterated instanceof Promise ? await iterated : iterated;
    if (iteration.skipped) {
      yield { type: "skipped", step: iteration.step, ...iteration.skipped };
      state = { ...state, skips: countSkip(state.skips ?? noSkips, iteration.step, iteration.skipped) };
    } else taken = iteration;
    const converged = convergedAt(iteration, options.tolerance ?? 0);
    const found = probe && steps >= probe.every && isDue(probe.every) ? await look(trainer, probe) : undefined;
    const isBest = found !== undefined && found.quality.distance < (state.best?.distance ?? Number.POSITIVE_INFINITY);
    if (isBest) state = { ...state, best: { step: trainer.step, distance: found.quality.distance } };
    if (converged) state = { ...state, converged };
    const isWatched = guard !== undefined && isDue(options.watch!.every);
    const metrics = isDue(logEvery) || converged || found || isWatched ? metricsNow() : undefined;
    const probed = found && { classes: classesOf(found.quality, probe!), isBest };
    const seen = isWatched && metrics ? await guard.look({ ...iteration, metrics }, probed) : undefined;
    if (metrics && (isDue(logEvery) || converged || found || seen)) {
      const now = performance.now();
      const imagesPerSecond = (1000 * batch * (iteration.step - logged.step)) / (now - logged.at);
      yield {
        type: "record",
        record: recordOf({ ...iteration, metrics }, trainer.takeVisits("generator"), {
          ...(state.skips && state.skips.unlogged > 0 && { skipped: state.skips.unlogged }),
          ...found,
          ...(seen && { watch: seen.record }),
          imagesPerSecond: Math.round(imagesPerSecond),
          elapsedMs: Math.round(now - begun),
        }),
      };
      logged = { step: iteration.step, at: now };
      if (state.skips) state = { ...state, skips: { ...state.skips, unlogged: 0 } };
    }
    const ending = converged ?? seen?.collapsed;
    if (isDue(sampleEvery) || ending) {
      yield { type: "samples", step: trainer.step, samples: await trainer.sample(latents) };
    }
    if (ending) yield ending;
    if (isBest) await guard?.keep();
    const rollback = seen?.record.rollback;
    if (rollback) await guard!.goBack(rollback);
    if (seen) state = { ...state, guard: guard!.memory, ...(seen.collapsed && { collapsed: seen.collapsed }) };
    if (isDue(checkpointEvery) || isBest || ending || rollback) {
      yield await save(isBest);
      savedAt = trainer.step;
    }
  }
  if (savedAt !== trainer.step) yield await save();
}

/** How many of the classes samples show, weighted by their shares: e^entropy over the number of classes. */
function classesOf({ histogram }: Quality, { hasClasses }: Probe): number | undefined {
  if (!hasClasses) return undefined;
  const entropy = histogram.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
  return Math.exp(entropy) / histogram.length;
}

async function look(trainer: Trainer, { latents, measure }: Probe) {
  const begun = performance.now();
  const samples = await trainer.sample(latents);
  if (!samples.every(Number.isFinite)) throw new DivergedError(trainer.step, "samples are not finite.");
  const quality = await measure(samples);
  return { quality, probeMs: Math.round(performance.now() - begun) };
}

async function checkpoint({ trainer, snapshotMemory }: TrainingOptions, state: LoopState, isBest: boolean) {
  const snapshot = await trainer.snapshot(await snapshotMemory?.());
  const name = notFinite(snapshot);
  if (name !== undefined) throw new DivergedError(trainer.step, `${name} holds numbers that are not finite.`);
  return { type: "checkpoint", step: trainer.step, snapshot, state, isBest } as const;
}

function convergedAt(iteration: Iteration, tolerance: number): Converged | undefined {
  if (tolerance === 0) return undefined;
  const { step, moves } = iteration;
  const change = moves.generator!.findLast((move) => move.change !== undefined)?.change;
  return change !== undefined && change <= tolerance ? { type: "converged", step, change } : undefined;
}

function countSkip(before: Skips, step: number, { tensor }: NotFinite): Skips {
  const skips = withSkip(before, step);
  const problem = tooMany(skips);
  if (problem === undefined) return skips;
  const advice = "Lower the learning rates, or look at the data; the last checkpoint is from before.";
  throw new DivergedError(step, `${tensor} is not finite; ${problem} had to be skipped. ${advice}`);
}

function recordOf(
  { step, moves, metrics }: Iteration,
  visits: readonly number[],
  rest: Pick<LogRecord, "skipped" | "quality" | "probeMs" | "watch" | "imagesPerSecond" | "elapsedMs">,
): LogRecord {
  const { lossD, lossG, probabilityReal, probabilityFake } = metrics as Record<string, number>;
  const [ofG, ofD] = [moves.generator!.at(-1)!, moves.discriminator!.at(-1)!];
  const named = (suffix: string, { score, length, predicted, realised }: Moved) =>
    Object.entries({ score, length, predicted, realised }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key + suffix, value]],
    );
  return {
    step,
    lossD: lossD!,
    lossG: lossG!,
    probabilityReal: probabilityReal!,
    probabilityFake: probabilityFake!,
    block: ofG.block,
    blockD: ofD.block,
    ...Object.fromEntries([...named("", ofG), ...named("D", ofD)]),
    ...(visits.length <= 256 && { visits }),
    ...rest,
  };
}
