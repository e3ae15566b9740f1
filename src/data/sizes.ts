/** The product of sizes, or Infinity where it is too large to be exact: above 2^53 a number of bytes could wrap round to one that fits. */
export function multiply(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => (Number.isSafeInteger(product * size) ? product * size : Infinity), 1);
}
