/**
 * The rank-sum statistic of Mann and Whitney (1947) as a standard normal number: U, the pairs in which `x` is larger, ties counting half, less its mean and
 * over its standard deviation where the two have one distribution, corrected for ties. Negative: `x` is smaller. 0 where all are equal or a sample is empty.
 */
export function mannWhitney(x: Float64Array, y: Float64Array): number {
  const [m, n] = [x.length, y.length];
  const total = m + n;
  const [sortedX, sortedAll] = [x.toSorted(), new Float64Array(total)];
  sortedAll.set(x);
  sortedAll.set(y, m);
  sortedAll.sort();
  let [ranks, ties, at] = [0, 0, 0];
  for (let first = 0, end = 0; first < total; first = end) {
    const value = sortedAll[first]!;
    while (end < total && sortedAll[end] === value) end++;
    const tied = end - first;
    ties += tied ** 3 - tied;
    for (; at < m && sortedX[at] === value; at++) ranks += (first + 1 + end) / 2;
  }
  const u = ranks - (m * (m + 1)) / 2;
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)));
  return variance > 0 ? (u - (m * n) / 2) / Math.sqrt(variance) : 0;
}
