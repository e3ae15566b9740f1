import type { Dataset } from "../data/dataset.ts";
import type { PlayerSpec } from "../descent/descent.ts";
import { unitCurvatureProgram } from "../descent/measures.ts";
import { partitions } from "../descent/partition.ts";
import { ganPlayers } from "../gan/game.ts";
import { constant } from "../graph/tensor.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { averageMeasures } from "../train/average.ts";
import type { Config } from "./config.ts";
import type { ExampleSpec } from "./example-spec.ts";
import { ganOptions } from "./model.ts";

/** Random directions that an estimate is averaged over. */
const probes = 20;

/** Estimates of the curvature of the units of a layer, by its name. */
export type UnitLipschitz = (layer: string) => readonly number[] | undefined;

/**
 * What the partitions `sorted` and `averaged` divide by: the mean size of the second derivatives of each unit's weights, at the first weights and on the first
 * batches of a training - a function of its seed, so that a training that is resumed finds the same. Undefined where no player needs it.
 */
export async function measureUnits(
  config: Config,
  examples: ExampleSpec,
  { runtime, data }: { readonly runtime: Runtime; readonly data: Dataset },
): Promise<UnitLipschitz | undefined> {
  const found = new Map<string, readonly number[]>();
  const wanting = { generator: config.descent.partition, discriminator: config.discriminator.descent.partition };
  if (!Object.values(wanting).some(isMeasured)) return undefined;
  const players = ganPlayers(ganOptions(config, examples));
  const tensors = players.flatMap(({ network }) => network.parameters);
  for (const player of players) {
    if (!isMeasured(wanting[player.network.name as keyof typeof wanting])) continue;
    const program = programOf(player);
    const sums = await averageMeasures({ program, tensors, runtime, data, seed: config.seed, batches: probes });
    for (const [name, values] of sums) found.set(name.slice(0, name.lastIndexOf("/")), values.map(Math.abs));
  }
  return (layer) => found.get(layer);
}

const isMeasured = (partition: string) => partition === "sorted" || partition === "averaged";

function programOf({ network, objective, descent }: PlayerSpec) {
  return unitCurvatureProgram(network.name, partitions.unit({})(network), {
    objective,
    parameters: network.parameters,
    update: descent.update,
    learningRate: constant(0),
  });
}
