import type { Search } from "../plan.ts";
import { falls, objectiveAt } from "./search.ts";

/** How exactly, and with how many evaluations of the objective at most. */
export interface ExactLineOptions {
  /** Relative to the length. Below the root of the rounding error of the objective (3e-4 in float32, 1e-8 in float64) nothing is gained. */
  readonly tolerance?: number;
  readonly evaluations?: number;
}

const mostDoublings = 20;
const mostHalvings = 30;

/**
 * The exact minimum along the negative gradient (U6; Gauss-Seidel on a quadratic of blocks of one weight): bracketed by doubling or halving the length of the
 * last visit - the learning rate at the first - and then found by Brent's method (Brent 1973, chapter 5).
 *
 * It is a local minimum where there are several. Where the objective falls and falls, the length grows 2^20 times a visit.
 */
export function exactLine({ tolerance = 1e-6, evaluations = 60 }: ExactLineOptions = {}): Search {
  return function* search(start) {
    const { learningRate, memory } = start;
    const first = memory > 0 ? memory : learningRate;
    if (!falls(start) || !(first > 0)) return { length: 0, memory };
    const bracket = yield* bracketed({ at: 0, value: start.value }, first, evaluations);
    const { at } = yield* brent(bracket, tolerance);
    return { length: at, memory: at > 0 ? at : memory };
  };
}

/** A length and the objective there. */
interface Point {
  readonly at: number;
  readonly value: number;
}

type Evaluating<Result> = Generator<number, Result, number>;

function* evaluated(at: number): Evaluating<Point> {
  return { at, value: yield* objectiveAt(at) };
}

/** Three lengths in order, the objective at the middle one lower than at the first, and not higher than at the last; or what there is of it. */
interface Bracket {
  readonly low: Point;
  readonly middle: Point;
  readonly high: Point;
  /** Evaluations left. */
  readonly left: number;
}

function* bracketed(start: Point, first: number, evaluations: number): Evaluating<Bracket> {
  let left = evaluations - 1;
  let [low, middle] = [start, yield* evaluated(first)];
  if (middle.value < start.value) {
    for (let doublings = 0; doublings < mostDoublings && left > 0; doublings++) {
      const high = yield* evaluated(2 * middle.at);
      left--;
      if (high.value >= middle.value) return { low, middle, high, left };
      [low, middle] = [middle, high];
    }
    return { low, middle, high: middle, left: 0 };
  }
  for (let halvings = 0; halvings < mostHalvings && left > 0; halvings++) {
    const high = middle;
    middle = yield* evaluated(high.at / 2);
    left--;
    if (middle.value < start.value) return { low: start, middle, high, left };
  }
  return { low: start, middle: start, high: middle, left: 0 };
}

const golden = (3 - Math.sqrt(5)) / 2;

/** The lowest point found in a bracket: parabolas through the three best points, and the golden section where they do not converge. */
function* brent({ low, middle, high, left }: Bracket, tolerance: number): Evaluating<Point> {
  let [a, b] = [low.at, high.at];
  let best = middle;
  let [second, third] = low.value < high.value ? [low, high] : [high, low];
  /** The last step, and the one before it. */
  let [step, before] = [b - a, b - a];
  for (; left > 0; left--) {
    const least = tolerance * best.at;
    const centre = (a + b) / 2;
    if (Math.abs(best.at - centre) <= 2 * least - (b - a) / 2) break;
    const vertex = parabolaStep(best, second, third);
    const isInside = best.at + vertex > a && best.at + vertex < b;
    if (isInside && Math.abs(before) > least && Math.abs(vertex) < Math.abs(before) / 2) {
      [before, step] = [step, vertex];
      const isNearEnd = best.at + step - a < 2 * least || b - (best.at + step) < 2 * least;
      if (isNearEnd) step = best.at < centre ? least : -least;
    } else {
      before = (best.at < centre ? b : a) - best.at;
      step = golden * before;
    }
    const shortest = step < 0 ? -least : least;
    const trial = yield* evaluated(best.at + (Math.abs(step) >= least ? step : shortest));
    if (trial.value <= best.value) {
      if (trial.at < best.at) b = best.at;
      else a = best.at;
      [best, second, third] = [trial, best, second];
    } else {
      if (trial.at < best.at) a = trial.at;
      else b = trial.at;
      if (trial.value <= second.value || second.at === best.at) [second, third] = [trial, second];
      else if (trial.value <= third.value || third.at === best.at || third.at === second.at) third = trial;
    }
  }
  return best;
}

/** From the best of three points to the vertex of the parabola through them; NaN or infinite where there is none. */
function parabolaStep(x: Point, w: Point, v: Point): number {
  const r = (x.at - w.at) * (x.value - v.value);
  const q = (x.at - v.at) * (x.value - w.value);
  return -((x.at - v.at) * q - (x.at - w.at) * r) / (2 * (q - r));
}
