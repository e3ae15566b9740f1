import { ConfigError } from "../errors.ts";
import type { Plan } from "../plan.ts";
import type { GameOptions, PlayerSpec } from "./descent.ts";
import { playerOf } from "./player.ts";

/** A game of one or more players: minimisation where there is one. Throws ConfigError where a descent does not fit. */
export function gamePlan(
  specs: readonly PlayerSpec[],
  options: GameOptions = {},
  lookers: Pick<Plan, "sampler" | "critic"> = {},
): Plan {
  const sides = specs.map((spec) => namingItself(spec.network.name, () => playerOf(spec, options)));
  return {
    tensors: sides.flatMap(({ tensors }) => tensors),
    players: sides.map(({ player }) => player),
    order: options.order ?? "alternating",
    ...lookers,
  };
}

/** Settings are refused with the name of the player whose they are. */
export function namingItself<T>(player: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${player}: ${error.message}`, error.key);
    throw error;
  }
}
