/** How a thread and its companion hand over work, in memory that they share. */

import type { Computation } from "./arena.ts";

/** What the companion begins with. */
export interface Desk {
  /** int32 at the places below. */
  readonly numbers: SharedArrayBuffer;
  /** Addresses of the session, of the names of its inputs and of the inputs, and of its outputs in the same way. */
  readonly order: SharedArrayBuffer;
  /** Any model. */
  readonly model: Uint8Array;
}

/** Places of numbers: of the last run asked for, of the last one made, whether it failed, whether the companion has begun; then what is asked for, a part of a kernel or so many inputs and outputs. */
export const place = {
  asked: 0,
  made: 1,
  failed: 2,
  begun: 3,
  kernel: 4,
  table: 5,
  part: 6,
  inputs: 7,
  outputs: 8,
} as const;
/** What a desk needs for them, and for the addresses. */
export const numbersOfDesk = Object.keys(place).length;
export const addressesOfDesk = 5;
/** In the place of a kernel where a session is to be run, and where there is only a message to be read. */
export const [noKernel, onlyMessages] = [-1, -2];

/**
 * How often a thread looks whether the other one is ready before it sleeps: for about as long as the other one needs between two runs, as they have about the same
 * to do. It takes the core from whoever else wants it, be it the one that it waits for. No clock is read, which costs more than a look.
 */
export const patience = 200_000;

/** What a companion has to know of the kernel of a number, or to forget. */
export interface KernelMessage {
  readonly kernel: number;
  readonly computation: Computation | undefined;
}
