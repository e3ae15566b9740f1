import { gameOracles } from "./games.ts";
import { minimisationOracles } from "./minimisation.ts";
import type { Oracle } from "./oracle.ts";
import { structureOracles } from "./structure.ts";

/** Those of the list of oracles (T) by their numbers, then those of single rules of the list of rules (S). */
const place = ({ id }: Oracle) => (id.startsWith("T") ? 0 : 1000) + Number(id.slice(1));

/** Every oracle, by its number. */
export const oracles: readonly Oracle[] = [...structureOracles, ...minimisationOracles, ...gameOracles].sort(
  (a, b) => place(a) - place(b),
);
