import type { Descent } from "../descent/descent.ts";
import { type BlockGroup, partitions, whole } from "../descent/partition.ts";
import { momentum } from "../optim/momentum.ts";
import type { SelectionRule } from "../plan.ts";
import { sum } from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { countedMacs, normals, type Sizes, smallGan } from "./structure-networks.ts";
import { type Values, valuesOf } from "./structure-snapshot.ts";

/** Wide, so that one way to a norm is cheaper for some layers and batches, and the other for others. */
const wide: Sizes = { generator: [3, 24, 20, 6], discriminator: [6, 18, 22, 1] };

/**
 * T7: the norm of a gradient that was never made is that of the gradient. With an R1 penalty the gradient of a layer is a sum of products. Of dense layers; there
 * is no convolution among the operators.
 */
export const ghostNorms: Oracle = {
  id: "T7",
  title: "norms without gradients are the norms of the gradients",
  rules: ["gauss-southwell", "layer", "tensor", "unit"],
  async check(lab) {
    const findings: Finding[] = [];
    for (const batch of [2, 5, 12]) {
      for (const r1 of [0, 3]) findings.push(...(await besideGradients(lab, "layer", batch, r1)));
      findings.push(generatorMacs(lab, batch));
    }
    for (const by of ["tensor", "unit"] as const) findings.push(...(await besideGradients(lab, by, 3, 1)));
    return findings;
  },
};

/** Takes the first block, and keeps what it is told of the norms of all. */
function listening(): { rule: SelectionRule; norms: Map<string, readonly number[]> } {
  const norms = new Map<string, readonly number[]>();
  const rule: SelectionRule = {
    name: "listening",
    needs: ["norms"],
    select(context) {
      norms.set(context.player, Array.from(context.norms!));
      return 0;
    },
  };
  return { rule, norms };
}

/** On two batches, at weights that stay: what the selection is told, against the gradients of all weights, which momentum 0 remembers. */
async function besideGradients(
  lab: Lab,
  by: "layer" | "tensor" | "unit",
  batch: number,
  r1: number,
): Promise<Finding[]> {
  const open = async (descent: Partial<Descent>) => {
    const plan = lab.plan(smallGan({ sizes: wide, batch, r1, descent: { ...descent, learningRate: 0 } }));
    return { plan, trainer: await lab.trainer(plan, 5, normals()) };
  };
  const { rule, norms } = listening();
  const partition = partitions[by]({});
  const [told, full] = [
    await open({ partition, select: rule }),
    await open({ partition: whole, update: momentum({ momentum: 0 }) }),
  ];
  const errors = new Map<string, number>();
  for (let k = 0; k < 2; k++) {
    await told.trainer.iterate();
    await full.trainer.iterate();
    const gradients = await valuesOf(full.trainer, full.plan, (name) => name.endsWith("/momentum/v"));
    for (const { network } of smallGan({ sizes: wide })) {
      const explicit = partition(network).flatMap((group) => explicitNorms(group, gradients));
      const error = Math.max(...explicit.map((norm, b) => Math.abs(norms.get(network.name)![b]! / norm - 1)));
      errors.set(network.name, Math.max(error, errors.get(network.name) ?? 0));
    }
  }
  return [...errors].map(([player, measured]) => ({
    what: `${player}, ${by}, batch ${batch}, R1 ${r1}: relative error of the squared norms`,
    expected: 0,
    measured,
    tolerance: 1e-12,
  }));
}

/** |g_b|^2 of the blocks of a group: of the whole, or of each unit, to which every so-manieth element of a tensor belongs. */
function explicitNorms({ parameters, pieces }: BlockGroup, gradients: Values): number[] {
  const count = pieces?.kind === "slices" ? pieces.table.length : 1;
  return Array.from({ length: count }, (_, unit) =>
    sum(
      parameters.flatMap(({ name }) =>
        gradients
          .get(`${name}/momentum/v`)!
          .filter((_, i) => i % count === unit)
          .map((g) => g * g),
      ),
    ),
  );
}

const layersOf = (widths: readonly number[]) => widths.slice(1).map((q, i) => ({ p: widths[i]!, q }));

/** Forward, backward without any gradient of a weight, and the cheaper way to each norm: B^2 (p + q) or B p q. */
function generatorMacs(lab: Lab, batch: number): Finding {
  const plan = lab.plan(smallGan({ sizes: wide, batch, descent: { select: listening().rule } }));
  const { norms } = plan.players.find(({ name }) => name === "generator")!;
  const [g, d] = [layersOf(wide.generator), layersOf(wide.discriminator)];
  const macs = (layers: typeof g) => sum(layers.map(({ p, q }) => p * q));
  const ghosts = sum(g.map(({ p, q }) => Math.min(batch ** 2 * (p + q), batch * p * q)));
  return {
    what: `generator, batch ${batch}: multiply-accumulates of all norms`,
    expected: batch * (macs(g) + 2 * macs(d) + macs(g.slice(1))) + ghosts,
    measured: countedMacs(norms!),
    tolerance: 0,
  };
}
