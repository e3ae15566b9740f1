import type { SearchStart } from "../plan.ts";
import { finite } from "./finite.ts";
import { type Bench, type LoadedMove, measured } from "./loaded.ts";

/** What a search found. */
export interface Found {
  readonly length: number;
  /** Decrease of the objective to first order, and as it was evaluated. */
  readonly predicted: number;
  readonly realised: number;
}

/**
 * Lets the search of a move try lengths along the direction that its programs have left, and takes the step that it returns; undefined where the weights
 * there are not finite.
 */
export async function searchAlong(
  { move, trial }: LoadedMove,
  block: number,
  learningRate: number,
  bench: Bench,
): Promise<Found | undefined> {
  const { memory } = bench;
  const { rule, length, value, slope, reached, memory: kept } = move.search!;
  const numbers = memory.inputs[kept]!;
  const start: SearchStart = {
    value: await measured(bench, value),
    slope: await measured(bench, slope),
    learningRate,
    memory: (await numbers.read())[block]!,
  };
  let last = { at: 0, value: start.value, isSound: true };
  const attempt = async (at: number) => {
    memory.inputs[length]!.write((values) => values.fill(at));
    const isSound = await trial!.run();
    last = { at, value: await measured(bench, reached), isSound };
  };
  const steps = rule(start);
  let next = steps.next();
  while (!next.done) {
    await attempt(next.value);
    next = steps.next(last.value);
  }
  const result = next.value;
  if (result.length !== 0 && result.length !== last.at) await attempt(result.length);
  if (result.length !== 0 && !(last.isSound && Number.isFinite(last.value))) return undefined;
  bench.journal.set(numbers, block, finite(result.memory));
  if (result.length === 0) return { length: 0, predicted: 0, realised: 0 };
  await trial!.put();
  return { length: result.length, predicted: -result.length * start.slope, realised: start.value - last.value };
}
