import { closest, distance } from "fastest-levenshtein";

/** `Did you mean X?` where a known name is near, else an empty text. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const nearest = closest(name, known);
  return distance(name, nearest) <= Math.max(2, nearest.length / 2) ? `Did you mean ${nearest}?` : "";
}
