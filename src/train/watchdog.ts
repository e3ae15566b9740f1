/**
 * What a training looks like from outside, and what is wrong with it where something is. Pure: signals in, a diagnosis out. Nothing here depends on the loss:
 * logits count by their order and by their distance over their own spread, samples by how much they differ beside real examples.
 */

/** One look at the players. */
export interface Signals {
  readonly step: number;
  /** Mean logit of D on examples that it learns from, on generated ones, and on examples that it never sees. */
  readonly real: number;
  readonly fake: number;
  readonly heldOut?: number;
  /** Standard deviation of the logits of a kind: the root of the mean variance of those of real and of generated examples. */
  readonly spread: number;
  /** The part of the pairs of a real and a generated example that D ranks right: 1/2 where it cannot tell them apart. */
  readonly separation: number;
  /** The part of the pairs of a learnt and a held-out example in which it prefers the learnt: 1/2 where it knows none by heart. */
  readonly memory?: number;
  /** Mean distance of two samples over that of two real examples. */
  readonly diversity: number;
  /** The part of the pairs of samples that are nearer than all but a hundredth of the pairs of real examples. */
  readonly repeats: number;
  /** Mean slope of the generator's loss, by the logit, at the generated examples: where it is 0, no gradient reaches G. */
  readonly slope: number;
  /** Norm of the generator's gradient over that of the discriminator's, of the blocks that moved last, where the steps report them. */
  readonly gradientRatio?: number;
  /** Classes that the samples show, weighted by their shares, over those of the data: e^entropy / count. Where a probe has looked. */
  readonly classes?: number;
}

/** What a training can look like. */
export type WatchState = "healthy" | "saturated" | "frozen" | "collapsed" | "oscillating" | "memorising";

/** A state in words. */
export interface Diagnosis {
  readonly state: WatchState;
  /** What was seen. */
  readonly why: string;
  /** What to try; empty where nothing is wrong. */
  readonly advice: string;
}

/** How a state is called where people read it. */
export const stateNames: Readonly<Record<WatchState, string>> = {
  healthy: "healthy",
  saturated: "D saturated",
  frozen: "G frozen",
  collapsed: "collapsed onto few samples",
  oscillating: "oscillating",
  memorising: "D memorising",
};

/** How long a state has to last. A healthy training has bad moments - at first D is sure, and the samples are all alike - but they pass. */
const lasting = { iterations: 500, looks: 6 };

/** Chance alone takes a ranking of 64 against 64 off 1/2 by 0.05, against 32 by 0.06: sqrt((m + n + 1) / (12 m n)). This is five times that. */
const learntByHeart = 0.8;

/** Rounding in float32 changes the mean distance of the samples by less than this part of it, a generator that moves by more. */
const still = 1e-5;

/** The losses have slopes of the order of 1 where players match; this is left of one where D gives generated examples a probability of 1 %. */
const flat = 0.01;

/**
 * D ranks nearly every pair right, and its two kinds of logits are so many standard deviations apart. The critics of Wasserstein losses get there while their
 * generator learns, so it counts only where the samples gain too little.
 */
const sure = { separation: 0.98, gap: 4, gain: 0.1 };

/** Samples that gain less diversity than this part of it from one half of the looks to the other are not on the way out of a bad start. */
const gain = 0.05;

/** n answers that come equally often make 1 / n of the pairs repeats: four of them. Of real examples it is 0.01. */
const repeated = 0.25;

/** Samples show fewer than half of the classes. */
const fewClasses = 0.5;

/**
 * The players chase each other: within the latest looks the diversity goes up and down by a factor of 2 so many times in all, or the part of the pairs that D
 * ranks right by half. The latter happens in the beginning too, where D and the averaged weights of G are far apart; then the diversity grows.
 */
const swings = { separation: 0.5, diversity: 1, count: 3 };

/** What is wrong with a training, judged by its latest looks; healthy where they do not reach far enough back. */
export function diagnose(history: readonly Signals[]): Diagnosis {
  const looks = latest(history);
  if (looks.length === 0) return { state: "healthy", why: "there are too few looks to judge by", advice: "" };
  for (const find of findings) {
    const found = find(looks);
    if (found) return found;
  }
  const [separation, diversity] = [meanOf(looks, "separation"), meanOf(looks, "diversity")];
  const why = `D ranks ${percent(separation)} of the pairs right, and samples differ ${times(diversity)} as much as real examples`;
  return { state: "healthy", why, advice: "" };
}

/** The looks that a diagnosis is made by; none where the history does not reach far enough back. */
export function latest(history: readonly Signals[]): readonly Signals[] {
  const until = history.at(-1)?.step ?? 0;
  const since = history.findLastIndex(({ step }) => step <= until - lasting.iterations);
  const first = Math.min(since, history.length - lasting.looks);
  return first < 0 ? [] : history.slice(first);
}

type Finding = (looks: readonly Signals[]) => Diagnosis | undefined;

/** Causes before what they bring about. */
const findings: readonly Finding[] = [memorising, frozen, oscillating, saturated, collapsed];

function memorising(looks: readonly Signals[]): Diagnosis | undefined {
  if (!looks.every(({ memory }) => memory !== undefined && memory >= learntByHeart)) return undefined;
  const { real, heldOut, fake } = looks.at(-1)!;
  const why =
    `D prefers examples that it has learnt to held-out ones in ${percent(meanOf(looks, "memory"))} of the pairs ` +
    `(mean logits ${short(real)} and ${short(heldOut!)}; generated ones get ${short(fake)})`;
  const advice =
    "Train on more examples or for fewer iterations, or hold D back with larger penalties (discriminator.r1 and r2) or fewer units (discriminator.hidden).";
  return { state: "memorising", why, advice };
}

function frozen(looks: readonly Signals[]): Diagnosis | undefined {
  const values = valuesOf(looks, "diversity");
  const most = Math.max(...values);
  if (most === 0 || most - Math.min(...values) > still * most) return undefined; // samples that are all one may well move
  const unchanged = `the samples have not changed for ${spanOf(looks)} iterations`;
  if (looks.every(({ slope }) => slope < flat)) {
    const why = `${unchanged}: D is so sure (${sureness(looks)}) that the loss is flat for G`;
    return { state: "saturated", why, advice: slowerD };
  }
  const advice =
    "Raise descent.learningRate, and see by descent.select and the blocks of the report whether every block of G moves.";
  return { state: "frozen", why: unchanged, advice };
}

const slowerD =
  "Choose the loss non-saturating or relativistic, penalise D (discriminator.r1 and r2), or lower discriminator.descent.learningRate or its steps.";

function saturated(looks: readonly Signals[]): Diagnosis | undefined {
  const isSure = looks.every((look) => look.separation >= sure.separation && gapOf(look) >= sure.gap);
  if (!isSure || gainOf(looks) > sure.gain) return undefined;
  const why = `D tells real from generated examples without effort (${sureness(looks)}), and the samples gain nothing (diversity ${short(looks.at(-1)!.diversity)})`;
  return { state: "saturated", why, advice: slowerD };
}

function collapsed(looks: readonly Signals[]): Diagnosis | undefined {
  const probed = looks.flatMap(({ classes }) => classes ?? []);
  const hasFewClasses = probed.length > 0 && probed.every((share) => share < fewClasses);
  const isRepeating = looks.every(({ repeats }) => repeats >= repeated);
  if ((!isRepeating && !hasFewClasses) || gainOf(looks) > gain) return undefined;
  const { repeats, diversity } = looks.at(-1)!;
  const why = isRepeating
    ? `${percent(repeats)} of the pairs of samples are repeats, where of real examples 1 % are, and samples differ ${times(diversity)} as much as those`
    : `the samples show ${percent(probed.at(-1)!)} of the classes`;
  const advice =
    "Go back to the best checkpoint and lower both learning rates, penalise D (discriminator.r1 and r2), or take the loss relativistic.";
  return { state: "collapsed", why, advice };
}

function oscillating(looks: readonly Signals[]): Diagnosis | undefined {
  const [verdicts, spreads] = [valuesOf(looks, "separation"), valuesOf(looks, "diversity")];
  const ofD = gainOf(looks) > gain ? 0 : turns(verdicts, swings.separation);
  const octaves = spreads.map((diversity) => Math.log2(Math.max(diversity, 1e-3)));
  const ofG = turns(octaves, swings.diversity);
  if (Math.max(ofD, ofG) < swings.count) return undefined;
  const [what, values] =
    ofG >= ofD ? ["the diversity of the samples", spreads] : ["the part of the pairs that D ranks right", verdicts];
  const range = `between ${short(Math.min(...values))} and ${short(Math.max(...values))}`;
  const why = `the players chase each other: within ${spanOf(looks)} iterations ${what} went up or down ${Math.max(ofD, ofG)} times ${range}`;
  const advice =
    "Lower both learning rates or their beta1, penalise D (discriminator.r1 and r2), average the weights of G (descent.average), or play game.order extragradient.";
  return { state: "oscillating", why, advice };
}

/** How often a sequence goes up or down, in turn, by a step or more. */
function turns(values: readonly number[], step: number): number {
  let [count, direction, extreme] = [0, 0, values[0]!];
  for (const value of values) {
    const change = value - extreme;
    if (Math.sign(change) === direction)
      extreme = value; // further on the same way
    else if (Math.abs(change) >= step) [count, direction, extreme] = [count + 1, Math.sign(change), value];
  }
  return count;
}

const spanOf = (looks: readonly Signals[]) => (looks.at(-1)!.step - looks[0]!.step).toLocaleString("en-US");

/** Standard deviations between the logits of real and of generated examples. */
function gapOf({ real, fake, spread }: Signals): number {
  return (real - fake) / spread;
}

/** How much more diverse the samples are in the second half of the looks than in the first, as a part of that. */
function gainOf(looks: readonly Signals[]): number {
  const half = Math.floor(looks.length / 2);
  return meanOf(looks.slice(half), "diversity") / meanOf(looks.slice(0, half), "diversity") - 1;
}

function sureness(looks: readonly Signals[]): string {
  const gap = looks.reduce((sum, look) => sum + gapOf(look), 0) / looks.length;
  return `it ranks ${percent(meanOf(looks, "separation"))} of the pairs right, ${short(gap)} standard deviations apart`;
}

type Key = "separation" | "memory" | "diversity";

function valuesOf(looks: readonly Signals[], key: Key): number[] {
  return looks.map((look) => look[key]!);
}

function meanOf(looks: readonly Signals[], key: Key): number {
  return valuesOf(looks, key).reduce((sum, value) => sum + value, 0) / looks.length;
}

const percent = (share: number) => `${(100 * share).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;
const times = (factor: number) => `${factor.toFixed(2)} times`;
const short = (value: number) => String(Number(value.toPrecision(3)));
