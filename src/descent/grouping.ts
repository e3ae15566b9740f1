import { ConfigError } from "../errors.ts";

/**
 * A division of coordinates into groups of one size, by estimates of their Lipschitz constants: the indices of each group, every index once (S16; Nutini, Laradji
 * and Schmidt 2022). Throws ConfigError unless the size divides the number of coordinates: programs have static shapes, so no group can be smaller.
 */
export type Grouping = (estimates: ArrayLike<number>, size: number) => number[][];

/** Neighbours together: the indices as they are. */
export const ordered: Grouping = (estimates, size) => chunks([...Array(estimates.length).keys()], size);

/** Similar ones together, from the largest estimate to the smallest, equal ones by index: the steps of a group can then be as large as its members allow. */
export const sorted: Grouping = (estimates, size) => chunks(descending(estimates), size);

/**
 * Large and small ones mixed: from the largest estimate to the smallest they are dealt to the groups, there and back again, so that the groups have nearly equal
 * sums. The code of the paper chunks the sequence smallest, largest, next smallest, next largest instead, which needs an even number of coordinates.
 */
export const averaged: Grouping = (estimates, size) => {
  const order = descending(estimates);
  const groupCount = chunks(order, size).length;
  const groups = Array.from({ length: groupCount }, (): number[] => []);
  for (const [i, index] of order.entries()) {
    const [round, place] = [Math.floor(i / groupCount), i % groupCount];
    groups[round % 2 === 0 ? place : groupCount - 1 - place]!.push(index);
  }
  return groups;
};

function descending(estimates: ArrayLike<number>): number[] {
  return [...Array(estimates.length).keys()].sort((a, b) => estimates[b]! - estimates[a]!);
}

function chunks(order: readonly number[], size: number): number[][] {
  const count = order.length;
  if (!(Number.isInteger(size) && size >= 1 && count % size === 0)) throw wrongSize(count, size);
  return Array.from({ length: count / size }, (_, i) => order.slice(i * size, (i + 1) * size));
}

function wrongSize(count: number, size: number): ConfigError {
  const divisors = [...Array(count).keys()].map((i) => i + 1).filter((divisor) => count % divisor === 0);
  const nearest = [divisors.findLast((d) => d < size), divisors.find((d) => d > size)];
  const advice = nearest.filter((divisor) => divisor !== undefined).join(" or ") || "1";
  return new ConfigError(
    `group size: expected a divisor of ${count}, the number of coordinates, got ${size}. Choose ${advice}.`,
    "size",
  );
}
