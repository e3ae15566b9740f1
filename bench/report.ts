import { execFileSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { cpus } from "node:os";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Milliseconds of some rounds for people: the median, the least and the most. */
export function columnsOf(times: readonly number[]): string[] {
  const [middle, least, most] = [median(times), Math.min(...times), Math.max(...times)].map((ms) => ms.toFixed(2));
  return [`${middle} ms`, `${least} to ${most}`];
}

/** A result as a line of JSON, with the machine and the commit it was measured on. */
export function stamped(result: Readonly<Record<string, unknown>>): string {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim();
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}`;
  return JSON.stringify({ ...result, machine, commit });
}

/** Prints a result and appends it to a file, with the machine and the commit it was measured on. */
export function report(result: Readonly<Record<string, unknown>>, file = "bench/results.jsonl"): void {
  const line = stamped(result);
  console.log(line);
  appendFileSync(new URL(file, new URL("../../", import.meta.url)), `${line}\n`);
}
