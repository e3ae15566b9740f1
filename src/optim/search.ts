import type { SearchStart } from "../plan.ts";

/** Whether there is anything to search for: a finite objective that falls. */
export function falls({ value, slope }: SearchStart): boolean {
  return Number.isFinite(value) && Number.isFinite(slope) && slope < 0;
}

/** Asks for the objective at a length; where it is not a finite number, it is +infinity. */
export function* objectiveAt(length: number): Generator<number, number, number> {
  const value = yield length;
  return Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
}
