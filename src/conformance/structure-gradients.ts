import { whole } from "../descent/partition.ts";
import { momentum } from "../optim/momentum.ts";
import type { Snapshot } from "../train/snapshot.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { normals, smallGan } from "./structure-networks.ts";
import { exactSnapshot, valuesOf } from "./structure-snapshot.ts";

const step = 1e-5;

/** T33: the gradients of both objectives, penalties included, are their central differences. */
export const centralDifferences: Oracle = {
  id: "T33",
  title: "the gradients of both players are central differences of their losses",
  rules: ["gradient", "all", "simultaneous"],
  async check(lab) {
    return [...(await besideDifferences(lab, 0, 0)), ...(await besideDifferences(lab, 2, 0.7))];
  },
};

/** Momentum 0 remembers the gradient at the start; the losses near it are those reported by iterations on the same batch from there. */
async function besideDifferences(lab: Lab, r1: number, r2: number): Promise<Finding[]> {
  const sizes = { generator: [2, 4, 3], discriminator: [3, 5, 4, 1] };
  const descent = { partition: whole, update: momentum({ momentum: 0 }) };
  const plan = lab.plan(smallGan({ sizes, r1, r2, descent }), { order: "simultaneous" });
  const trainer = await lab.trainer(plan, 4, normals(3));
  const start = await exactSnapshot(trainer, plan);
  await trainer.iterate();
  const gradients = await valuesOf(trainer, plan, (name) => name.endsWith("/momentum/v"));
  const lossesAt = async (weight: string, i: number, by: number) => {
    trainer.restore(moved(start, weight, i, by), 0);
    return (await trainer.iterate()).metrics;
  };
  const findings: Finding[] = [];
  for (const [player, loss] of [
    ["discriminator", "lossD"],
    ["generator", "lossG"],
  ] as const) {
    let worst = { what: "", expected: 0, measured: 0, error: -1 };
    for (const { name } of plan.tensors.filter(({ name, role }) => role === "parameter" && name.startsWith(player))) {
      for (const [i, measured] of gradients.get(`${name}/momentum/v`)!.entries()) {
        const [high, low] = [await lossesAt(name, i, step), await lossesAt(name, i, -step)];
        const expected = (high[loss]! - low[loss]!) / (2 * step);
        const error = Math.abs(measured - expected);
        if (!(error <= worst.error)) worst = { what: `${name}[${i}]`, expected, measured, error };
      }
    }
    const { what, expected, measured } = worst;
    findings.push({ what: `R1 ${r1}, R2 ${r2}: worst slope, ${what}`, expected, measured, tolerance: 1e-9 });
  }
  return findings;
}

/** A snapshot with something added to one element. */
function moved(start: Snapshot, weight: string, i: number, by: number): Snapshot {
  const { shape, values } = start.get(weight)!;
  const other = values.slice();
  other[i]! += by;
  return new Map([...start, [weight, { shape, values: other }]]);
}
