const largest = 2 ** 128 - 2 ** 104;

/** What a state of float32 can hold of a number: the largest there is of one beyond, 0 of one that is none. */
export function finite(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(Math.max(value, -largest), largest);
}
