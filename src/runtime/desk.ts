/** How a thread and its companion hand over work, in memory that they share. */

import type { Stream } from "../random.ts";
import type { Computation } from "./arena.ts";

/** What the companion begins with. */
export interface Desk {
  /** int32 at the places below. */
  readonly numbers: SharedArrayBuffer;
  /** Addresses of the session, of the names of its inputs and of the inputs, and of its outputs in the same way. */
  readonly order: SharedArrayBuffer;
  /** UTF-8: what went wrong in the last run, if that failed. */
  readonly problem: SharedArrayBuffer;
  /** Any model. */
  readonly model: Uint8Array;
}

/** Places of numbers: of the last run asked for, of the last one made, how many bytes of `problem` say why it failed, 0 where it did not; then what is asked for, a task and two numbers for it, or so many inputs and outputs. */
export const place = {
  asked: 0,
  made: 1,
  failed: 2,
  task: 3,
  first: 4,
  second: 5,
  inputs: 6,
  outputs: 7,
} as const;
/** What a desk needs for them, and for the addresses. */
export const numbersOfDesk = Object.keys(place).length;
export const addressesOfDesk = 5;
export const bytesOfProblem = 1024;
/** In the place of a task where a session is to be run, and where there is only a message to be read. */
export const [noTask, onlyMessages] = [-1, -2];

/**
 * How often a thread looks whether the other one is ready before it sleeps: for about as long as the other one needs between two runs, as they have about the same
 * to do. It takes the core from whoever else wants it, be it the one that it waits for. No clock is read, which costs more than a look.
 */
export const patience = 200_000;

/** Memory that threads share, for normal numbers: of each step of a stream those from number `first` on. */
export interface SharedNormals {
  readonly values: Float32Array;
  readonly source: Stream;
  readonly first: number;
}

/** What a companion learns to do: parts of a kernel, by the table and the number of the part; or normal numbers, by the step. */
export type Task = Computation | readonly SharedNormals[];

/** What a companion has to know of the task of a number, or to forget. */
export interface TaskMessage {
  readonly number: number;
  readonly task: Task | undefined;
}
