import { availableParallelism } from "node:os";

/** Beyond this, more threads do not help matrices of this size. */
const most = 4;

/** Threads for one operator: the wish, or for 0 as many as the machine has cores, at most 4. */
export function chooseThreads(wish: number): number {
  return wish > 0 ? wish : Math.min(most, availableParallelism());
}
