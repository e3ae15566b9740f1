import { ConfigError } from "../errors.ts";
import type { SelectionRule } from "../plan.ts";
import { permutation as shuffled, stream } from "../random.ts";
import type { BlockOrder, SelectionSettings } from "./selection-settings.ts";

/**
 * S1, cyclic: the blocks in one order, again and again (Beck and Tetruashvili 2013). In a game the safest order: on a bilinear one it neither converges nor
 * diverges, where random orders diverge. Throws ConfigError if an order by numbers does not hold every block once.
 */
export function cyclic({ order = "ascending" }: SelectionSettings = {}): SelectionRule {
  const check = (blockCount: number) => checkOrder(order, blockCount);
  return {
    name: "cyclic",
    needs: [],
    check,
    select({ visit, blockCount }) {
      if (visit === 0) check(blockCount);
      const place = visit % blockCount;
      if (order === "ascending") return place;
      return order === "descending" ? blockCount - 1 - place : order[place]!;
    },
  };
}

function checkOrder(order: BlockOrder, blockCount: number): void {
  if (typeof order === "string") return;
  const sorted = order.toSorted((a, b) => a - b);
  if (sorted.length === blockCount && sorted.every((block, i) => block === i)) return;
  const blocks = blockCount === 1 ? "the only block, 0, once" : `each of the blocks 0 to ${blockCount - 1} once`;
  throw new ConfigError(
    `order: expected ${blocks}, got [${order.join(", ")}]. The number of blocks is that of the partition.`,
    "order",
  );
}

/** S2, random permutation: every block once a sweep, in an order drawn anew for each (Lee and Wright 2019); D visits are a sweep. */
export function permutation(): SelectionRule {
  return {
    name: "permutation",
    needs: [],
    select({ visit, blockCount, seed, player }) {
      const source = stream(seed, `${player}/selection`);
      return shuffled(source, Math.floor(visit / blockCount), blockCount)[visit % blockCount]!;
    },
  };
}
