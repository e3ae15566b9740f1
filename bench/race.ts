import { setTimeout } from "node:timers/promises";
import type { Contestant } from "./contestant.ts";
import { median } from "./report.ts";

/** Something that is measured in every round. */
export interface Lane {
  readonly task: string;
  readonly batch: number;
  /** Of a round. */
  readonly iterations: number;
  readonly contestant: Contestant | undefined;
  /** Iterations before the first round, after which a program that is compiled while it runs has been; 0 where none are needed. */
  readonly warmUp: number;
  /** Milliseconds of an iteration, of each round. */
  readonly times: number[];
  /** Why it is not in the race, or no more. */
  problem?: string;
}

/** Threads of one contestant that still watch for work have gone to sleep after so long, and do not take the other's cores. */
const pauseMs = 80;

/** Measures every lane once a round, one after the other; a round before the first warms up. A turn begins with some iterations that do not count. */
export async function race(
  lanes: readonly Lane[],
  rounds: number,
  onRound: (round: number, rounds: number) => void,
): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    for (const lane of lanes.filter(isRunning)) {
      try {
        const { contestant, task, batch, iterations, warmUp } = lane;
        if (round === 0 && warmUp > 0) await contestant!.time(task, batch, warmUp);
        await setTimeout(pauseMs);
        await contestant!.time(task, batch, Math.ceil(iterations / 10));
        const ms = await contestant!.time(task, batch, iterations);
        if (round > 0) lane.times.push(ms);
      } catch (error) {
        lane.problem = (error as Error).message;
      }
    }
    onRound(round, rounds);
  }
}

const isRunning = ({ problem }: Lane) => problem === undefined;

/** The lane with the least median: the best of several ways. */
export function fastest(lanes: readonly Lane[]): Lane | undefined {
  return lanes.filter(isRunning).sort((a, b) => median(a.times) - median(b.times))[0];
}

/** A ratio of times that were measured side by side: the median of that of all rounds, and the outermost. */
export interface Ratio {
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

/** How many times as long one lane takes as another. */
export function ratioOf(slow: Lane, quick: Lane): Ratio {
  const ratios = slow.times.map((ms, round) => ms / quick.times[round]!);
  return { value: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}
