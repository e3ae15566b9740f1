import { ConfigError } from "../errors.ts";
import type { UpdateNeed } from "../optim/update-rule.ts";
import type { GameOptions, PlayerSpec } from "./descent.ts";
import type { BlockGroup } from "./partition.ts";
import { viewOf } from "./view.ts";

const needOf: Readonly<Record<UpdateNeed, string>> = {
  curvature: "products with the Hessian",
  noise: "random numbers of its own",
  objective: "the objective at several points",
};

/** Refuses what cannot work, before anything is compiled. */
export function checkDescent(
  { network: { name }, descent, lazy }: PlayerSpec,
  groups: readonly BlockGroup[],
  { order, replicas = 1 }: GameOptions,
): void {
  const { select, update, innerSteps = 1, hold = 1, steps = 1, anderson = 0, lipschitz } = descent;
  for (const [key, value] of Object.entries({ innerSteps, hold, steps: steps === "sweep" ? 1 : steps })) {
    if (!Number.isInteger(value) || value < 1)
      throw new ConfigError(`${key}: expected a whole number from 1 on, got ${value}.`, key);
  }
  if (!Number.isInteger(anderson) || anderson < 0)
    throw new ConfigError(`anderson: expected a whole number of sweeps from 0 on, got ${anderson}.`, "anderson");
  if (replicas > 1 && anderson > 0) {
    throw new ConfigError(
      `anderson: an extrapolation is accepted by the objective of the whole batch, which ${replicas} replicas do not share. Use one.`,
      "anderson",
    );
  }
  const tooLarge = groups.find(
    (group) => viewOf(group).blocks(0)[0]!.size > (update.limit ?? Number.POSITIVE_INFINITY),
  );
  if (tooLarge) {
    const { size } = viewOf(tooLarge).blocks(0)[0]!;
    throw new ConfigError(
      `update: ${update.name} moves blocks of at most ${update.limit} weights, got ${tooLarge.name} with ${size}. Choose smaller blocks (the partition coordinates or unit), or hutchinson, which estimates what it computes.`,
      "update",
    );
  }
  const [need] = update.needs ?? [];
  if (replicas > 1 && need) {
    throw new ConfigError(
      `update: ${update.name} needs ${needOf[need]}, which ${replicas} replicas do not share. Use one.`,
      "update",
    );
  }
  if (replicas > 1 && (select.needs.length > 0 || innerSteps > 1 || groups.some((group) => group.pieces))) {
    throw new ConfigError(
      `select: replicas exchange the gradients of whole blocks chosen without measuring, got ${select.name}. Use one replica.`,
      "select",
    );
  }
  if (replicas > 1 && order === "extragradient") {
    throw new ConfigError(
      `order: extragradient play evaluates twice what ${replicas} replicas exchange once. Choose alternating or simultaneous.`,
      "order",
    );
  }
  if (lazy && update.search) {
    throw new ConfigError(
      `penaltyEvery: a length that ${update.name} finds for one move suits no other where the objective changes from move to move, got ${lazy.every}. Set it to 1.`,
      "penaltyEvery",
    );
  }
  if (order !== undefined && order !== "alternating" && (update.search || innerSteps > 1)) {
    const what = update.search ? `the search of ${update.name}` : `${innerSteps} steps on one batch`;
    throw new ConfigError(
      `order: ${order} play moves all players from one point, which ${what} leaves. Choose alternating.`,
      "order",
    );
  }
  if (select.needs.includes("lipschitz") && lipschitz && lipschitz.rounds < 1) {
    throw new ConfigError(
      `select: ${select.name} needs a Lipschitz estimate of each block of ${name}, and lipschitz.rounds is ${lipschitz.rounds}: nothing measures it. Set it to 1 or more.`,
      "select",
    );
  }
}
