/**
 * A value, or a promise of it where it has to be waited for. A training that computes in the memory of its process never waits, and makes no promise: a promise
 * for each of the calls of a step would be most of what the collector has to clear away.
 */
export type Awaitable<T> = T | Promise<T>;

/** What `next` makes of a value, at once or when it is there. */
export function after<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Visits one item after the other, until a visit gives something; gives that. */
export function firstOf<T, U>(
  items: readonly T[],
  visit: (item: T) => Awaitable<U | undefined>,
): Awaitable<U | undefined> {
  for (let i = 0; i < items.length; i++) {
    const found = visit(items[i]!);
    if (found instanceof Promise) return firstOfRest(found, items, i + 1, visit);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function firstOfRest<T, U>(
  begun: Promise<U | undefined>,
  items: readonly T[],
  next: number,
  visit: (item: T) => Awaitable<U | undefined>,
): Promise<U | undefined> {
  let found = await begun;
  for (let i = next; found === undefined && i < items.length; i++) found = await visit(items[i]!);
  return found;
}
