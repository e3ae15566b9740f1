/** Update rules once more, on vectors of numbers and without any graph: what the programs are compared with. */
import { along, norm } from "./linear-algebra.ts";

/** A step of a rule from x along g, with memory of the steps before it. */
export type PlainStep = (x: readonly number[], g: readonly number[]) => number[];

type PlainRule = (learningRate: number) => PlainStep;

const zerosLike = (x: readonly number[]) => x.map(() => 0);
const zip = (a: readonly number[], b: readonly number[], f: (x: number, y: number) => number) =>
  a.map((x, i) => f(x, b[i]!));

const gradient: PlainRule = (rate) => (x, g) => along(x, -rate, g);

/** Polyak 1964 and, looking ahead, Nesterov 1983. */
const heavyBall =
  (mu: number, looksAhead: boolean): PlainRule =>
  (rate) => {
    let v: number[] | undefined;
    return (x, g) => {
      v = along(g, mu, v ?? zerosLike(x));
      return along(x, -rate, looksAhead ? along(g, mu, v) : v);
    };
  };

/** Tieleman and Hinton 2012. */
const rmsprop =
  (beta: number, epsilon: number): PlainRule =>
  (rate) => {
    let v: number[] | undefined;
    return (x, g) => {
      v = zip(v ?? zerosLike(x), g, (mean, slope) => beta * mean + (1 - beta) * slope ** 2);
      return zip(
        x,
        zip(g, v, (slope, mean) => slope / (Math.sqrt(mean) + epsilon)),
        (w, d) => w - rate * d,
      );
    };
  };

/** What Adam remembers of a block: moments, and how many steps they are of. */
export interface Moments {
  m: number[];
  v: number[];
  /** beta1^t and beta2^t. */
  power1: number;
  power2: number;
}

/** Moments before the first step. */
export const noMoments = (size: number): Moments => ({
  m: new Array<number>(size).fill(0),
  v: new Array<number>(size).fill(0),
  power1: 1,
  power2: 1,
});

/** Decay rates of Adam. */
export interface PlainAdam {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** A step of Adam (Kingma and Ba 2015, algorithm 1), which changes the moments. */
export function plainAdamStep(
  moments: Moments,
  x: readonly number[],
  g: readonly number[],
  rate: number,
  { beta1, beta2, epsilon }: PlainAdam,
): number[] {
  moments.m = zip(moments.m, g, (m, slope) => beta1 * m + (1 - beta1) * slope);
  moments.v = zip(moments.v, g, (v, slope) => beta2 * v + (1 - beta2) * slope ** 2);
  moments.power1 *= beta1;
  moments.power2 *= beta2;
  const { m, v, power1, power2 } = moments;
  const direction = zip(m, v, (first, second) => {
    const corrected = first / (1 - power1);
    return corrected / (Math.sqrt(second / (1 - power2)) + epsilon);
  });
  return along(x, -rate, direction);
}

/** With decoupled weight decay (Loshchilov and Hutter 2019); 0 is Adam. */
const adamW =
  (settings: PlainAdam, weightDecay: number): PlainRule =>
  (rate) => {
    let moments: Moments | undefined;
    return (x, g) => {
      moments ??= noMoments(x.length);
      const kept = x.map((w) => (1 - rate * weightDecay) * w);
      return plainAdamStep(moments, kept, g, rate, settings);
    };
  };

/** Jelassi et al. 2022, relative to the norm of the weights. */
const normalised: PlainRule = (rate) => (x, g) => along(x, (-rate * Math.max(norm(x), 1e-3)) / (norm(g) + 1e-8), g);

/** Popov 1980: the first step is a plain one. */
const optimisticGradient: PlainRule = (rate) => {
  let last: readonly number[] | undefined;
  return (x, g) => {
    const step = zip(g, last ?? g, (now, before) => 2 * now - before);
    last = g;
    return along(x, -rate, step);
  };
};

const adamSettings: PlainAdam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Rules with their usual settings, by their names in configurations, and `optimistic` gradient descent. */
export const plainRules = {
  gradient,
  momentum: heavyBall(0.9, false),
  nesterov: heavyBall(0.9, true),
  rmsprop: rmsprop(0.99, 1e-8),
  adam: adamW(adamSettings, 0),
  adamw: adamW(adamSettings, 0.01),
  normalised,
  optimistic: optimisticGradient,
} as const satisfies Record<string, PlainRule>;
