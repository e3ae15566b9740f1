import { addFour, advance, type Bytes, get, i32, load, moduleOf, repeat, set, simd, store, v128 } from "./binary.ts";

/** Float32 numbers of which a run looks at a multiple. */
export const strideOfFinite = 16;

/**
 * A module that finds out whether numbers are finite, as fast as memory gives them: `run(from, to, result)` goes from one address to another, a multiple of 64
 * bytes of float32 and not none, and stores at `result` four numbers that are zeros if all were finite, and of which one is NaN if not: x - x is 0 or NaN.
 */
export function finiteModule(): Uint8Array {
  const [from, to, result, vector] = [0, 1, 2, 3];
  const sums = [4, 5, 6, 7];
  const difference = simd(0xe5);
  const looked = sums.map((local, i): Bytes => {
    const x = [get(from), load(16 * i), set(vector)];
    return [x, get(local), get(vector), get(vector), difference, addFour, set(local)];
  });
  const code: Bytes = [
    repeat(looked, advance(from, 4 * strideOfFinite, to)),
    [get(result), sums.map(get), addFour, addFour, addFour, store],
  ];
  return moduleOf(
    [i32, i32, i32],
    [vector, ...sums].map(() => v128),
    code,
  );
}
