import { gameOracles } from "./games.ts";
import { minimisationOracles } from "./minimisation.ts";
import type { Oracle } from "./oracle.ts";
import { structureOracles } from "./structure.ts";

/** Those of the list of oracles (T) by their numbers, then those of single rules: of selection (S), of updates (U). */
const place = ({ id }: Oracle) => 1000 * "TSU".indexOf(id[0]!) + Number(id.slice(1));

/** Every oracle, by its number. */
export const oracles: readonly Oracle[] = [...structureOracles, ...minimisationOracles, ...gameOracles].sort(
  (a, b) => place(a) - place(b),
);
