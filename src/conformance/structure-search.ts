import type { PlayerSpec } from "../descent/descent.ts";
import { type PartitionName, partitions } from "../descent/partition.ts";
import { constant } from "../graph/tensor.ts";
import { add, mul, square } from "../ops/arithmetic.ts";
import { reduceSum } from "../ops/broadcasting.ts";
import { updateRules } from "../optim/update-rules.ts";
import { atLeast } from "./findings.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { smallGan, standingStill } from "./structure-networks.ts";

const searches = ["lipschitz", "line-search", "exact"] as const;

/**
 * T29: with one batch and a discriminator that stands still, every step that a search accepts lowers the loss of the generator, whatever the networks are; and
 * likewise for the discriminator. The loss is that which the next step reports, not what the search says of itself.
 */
export const searchesLower: Oracle = {
  id: "T29",
  title: "every accepted step of a search lowers the loss on its batch",
  rules: [...searches, "layer", "unit"],
  async check(lab) {
    const findings: Finding[] = [];
    for (const player of [0, 1]) {
      for (const search of searches) {
        for (const partition of ["layer", "unit"] as const)
          findings.push(...(await steps(lab, player, search, partition)));
      }
    }
    return findings;
  },
};

async function steps(
  lab: Lab,
  player: number,
  search: (typeof searches)[number],
  partition: PartitionName,
): Promise<Finding[]> {
  const descent = { partition: partitions[partition]({}), update: updateRules[search]({}), learningRate: 1 };
  const spec = withRidge(standingStill(smallGan({ r1: 1, descent })[player]!));
  const trainer = await lab.trainer(lab.plan([spec]), 2);
  const { name } = spec.network;
  let [raised, accepted, offRealised] = [0, 0, 0];
  let before: { loss: number; length: number; realised: number } | undefined;
  for (let k = 0; k <= 24; k++) {
    const { moves, metrics } = await trainer.iterate();
    const loss = metrics.loss!; // where the step began
    if (before) {
      const { length, realised } = before;
      if (length > 0) accepted += 1;
      if (length > 0 ? !(loss < before.loss) : loss !== before.loss) raised += 1;
      offRealised = Math.max(offRealised, Math.abs(before.loss - loss - realised));
    }
    const { length, realised } = moves[name]![0]!;
    before = { loss, length: length!, realised: realised! };
  }
  const what = `${name}, ${search}, ${partition}`;
  return [
    { what: `${what}: steps that are accepted and do not lower the loss`, expected: 0, measured: raised, tolerance: 0 },
    { what: `${what}: error of the decrease that is reported`, expected: 0, measured: offRealised, tolerance: 1e-12 },
    // an exact search is at the minimum before
    atLeast(`${what}: accepted of 24 steps`, accepted, search === "exact" ? 18 : 24, 24),
  ];
}

/** With 0.05 |w|^2 added: without, the loss of a player whose opponent stands still has no minimum, and an exact search runs away from it. */
function withRidge(spec: PlayerSpec): PlayerSpec {
  return {
    ...spec,
    objective(weights) {
      const { value } = spec.objective(weights);
      const squares = spec.network.parameters.map(({ name }) => reduceSum(square(weights(name))));
      const loss = add(value, mul(constant(0.05), squares.reduce(add)));
      return { value: loss, metrics: { loss } };
    },
  };
}
