import { gamePlan } from "../descent/game.ts";
import { openRuntime } from "../runtime/open.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { createTrainer } from "../train/trainer.ts";
import type { Lab } from "./oracle.ts";

/** The product as it is, in float64. */
export const lab: Lab = {
  plan: (players, options) => gamePlan(players, { ...options, precision: "float64" }),
  trainer: (plan, seed = 1, data) => createTrainer({ plan, runtime: referenceRuntime(), seed, ...(data && { data }) }),
  native: async (plan, seed, data) =>
    createTrainer({ plan, runtime: await openRuntime("cpu", { threads: 1 }), seed, data }),
};
