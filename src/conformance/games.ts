import { bilinearOracles } from "./games-bilinear.ts";
import { diracOracles } from "./games-dirac.ts";
import { modes } from "./games-modes.ts";
import { randomOracles } from "./games-random.ts";
import { scheduleOracles } from "./games-schedules.ts";
import { solvableOracles } from "./games-solvable.ts";
import type { Oracle } from "./oracle.ts";

/** Oracles of games (section D of the list): T19 to T28 and T30. */
export const gameOracles: readonly Oracle[] = [
  ...bilinearOracles,
  ...randomOracles,
  ...scheduleOracles,
  ...diracOracles,
  ...solvableOracles,
  modes,
];
