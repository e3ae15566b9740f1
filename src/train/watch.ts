import { sizeOf } from "../program.ts";
import type { Iteration, Trainer } from "./trainer.ts";
import { type Diagnosis, diagnose, latest, type Signals, type WatchState } from "./watchdog.ts";

/** What the signals are measured with, the same at every look. */
export interface Watch {
  /** [n, latent size] */
  readonly latents: Float32Array;
  /** Examples that the discriminator learns from [n, ...shape]. */
  readonly real: Float32Array;
  /** Examples that it never sees; absent where the data never repeat an example, so that none can be learnt by heart. */
  readonly heldOut?: Float32Array | undefined;
  /** Shape of one example. */
  readonly shape: readonly number[];
  /** What earlier sessions of the training remember. */
  readonly memory?: WatchMemory | undefined;
}

/** What has to be remembered from look to look, as JSON can hold it. */
export interface WatchMemory {
  /** The latest, since the weights became others. */
  readonly looks: readonly Signals[];
  readonly state: WatchState;
}

/** What one look saw, and what it means. */
export interface Seen extends Diagnosis {
  readonly signals: Omit<Signals, "step">;
  /** Whether the state is another than at the look before. */
  readonly isNew: boolean;
}

/** Looks at the players, and remembers what it saw. */
export interface Watcher {
  /** Undefined, and not remembered, where a signal is not finite: logits can be too large for float32 while every weight is finite. */
  look(iteration: Pick<Iteration, "step" | "metrics">, classes: number | undefined): Promise<Seen | undefined>;
  readonly memory: WatchMemory;
  /** After the weights have become others. */
  forget(): void;
}

/** Prepares looks: two or three batches through D, one through G, and the distances between the samples. */
export function openWatcher({ judge, sample }: Pick<Trainer, "judge" | "sample">, watch: Watch): Watcher {
  const { latents, real, heldOut, shape } = watch;
  const width = sizeOf(shape);
  const truth = pairs(real, width);
  const near = truth.toSorted()[Math.floor(nearShare * truth.length)]!;
  const between = mean(truth);
  let { looks, state } = watch.memory ?? { looks: [], state: "healthy" };
  return {
    async look({ step, metrics }, classes) {
      const samples = await sample(latents);
      const ofReal = column(await judge(real), 0);
      const verdicts = await judge(samples);
      const ofFake = column(verdicts, 0);
      const ofHeldOut = heldOut && column(await judge(heldOut), 0);
      const distances = pairs(samples, width);
      const { gradientD, gradientG } = metrics;
      const signals = {
        real: mean(ofReal),
        fake: mean(ofFake),
        ...(ofHeldOut && { heldOut: mean(ofHeldOut) }),
        spread: Math.sqrt((variance(ofReal) + variance(ofFake)) / 2),
        separation: above(ofReal, ofFake),
        ...(ofHeldOut && { memory: above(ofReal, ofHeldOut) }),
        diversity: mean(distances) / (between || 1),
        repeats: distances.filter((distance) => distance < near).length / distances.length,
        slope: mean(column(verdicts, 1).map(Math.abs)),
        ...(gradientG !== undefined && gradientD && { gradientRatio: gradientG / gradientD }),
        ...(classes !== undefined && { classes }),
      };
      if (!Object.values(signals).every(Number.isFinite)) return undefined;
      const all = [...looks, { step, ...signals }];
      const diagnosis = diagnose(all);
      const read = latest(all);
      looks = read.length > 0 ? read : all;
      const isNew = diagnosis.state !== state;
      state = diagnosis.state;
      return { ...diagnosis, signals, isNew };
    },
    get memory() {
      return { looks, state };
    },
    forget() {
      looks = [];
    },
  };
}

/** This part of the pairs of real examples is nearer than what counts as a repeat. */
const nearShare = 0.01;

/** A column of [n, 2]. */
function column(pairs: Float32Array, at: 0 | 1): Float32Array {
  return Float32Array.from({ length: pairs.length / 2 }, (_, i) => pairs[2 * i + at]!);
}

/** The distances of all pairs of rows. */
function pairs(rows: Float32Array, width: number): Float64Array {
  const count = rows.length / width;
  const distances = new Float64Array((count * (count - 1)) / 2);
  let at = 0;
  for (let i = 0; i < rows.length; i += width) {
    for (let j = 0; j < i; j += width) {
      let sum = 0;
      for (let k = 0; k < width; k++) {
        const difference = rows[i + k]! - rows[j + k]!;
        sum += difference * difference;
      }
      distances[at++] = Math.sqrt(sum);
    }
  }
  return distances;
}

/** The part of the pairs of an `x` and a `y` in which x is larger, ties counting half: Mann and Whitney's U over the number of pairs. */
function above(x: Float32Array, y: Float32Array): number {
  let count = 0;
  for (const a of x) for (const b of y) count += a > b ? 1 : a === b ? 0.5 : 0;
  return count / (x.length * y.length);
}

function mean(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function variance(values: Float32Array): number {
  const centre = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - centre) ** 2;
  return sum / values.length;
}
