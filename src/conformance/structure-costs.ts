import type { Descent } from "../descent/descent.ts";
import { byLayer, partitions, whole } from "../descent/partition.ts";
import { adam } from "../optim/adam.ts";
import { gradientStep } from "../optim/gradient.ts";
import { momentum } from "../optim/momentum.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import type { Move } from "../plan.ts";
import { sum } from "./linear-algebra.ts";
import type { Finding, Lab, Oracle } from "./oracle.ts";
import { chosen, countedMacs, normals, type Sizes, smallGan, tiny } from "./structure-networks.ts";
import { differing, exactSnapshot, weightsOf } from "./structure-snapshot.ts";

type PlayerName = keyof Sizes;

const players: readonly PlayerName[] = ["discriminator", "generator"];
const other = { discriminator: "generator", generator: "discriminator" } as const;

/** T4: what steps on one batch have in common is computed once, and changes nothing. */
export const prefixCache: Oracle = {
  id: "T4",
  title: "steps from a cached prefix are the same steps",
  rules: ["innerSteps", "layer", "gradient", "adam"],
  async check(lab) {
    const findings: Finding[] = [];
    for (const player of players) {
      for (const block of [0, 1, 2]) {
        for (const update of [gradientStep(), adam()])
          findings.push(await besideSingleSteps(lab, player, block, update));
      }
    }
    return findings;
  },
};

const innerSteps = 3;

/** Two iterations of one block with three steps each, against single steps on the batches of these iterations. The other player stays where it is. */
async function besideSingleSteps(lab: Lab, player: PlayerName, block: number, update: UpdateRule): Promise<Finding> {
  const planWith = (steps: number) => {
    const moving: Partial<Descent> = { update, select: chosen(() => block), innerSteps: steps };
    return lab.plan(smallGan({ r1: 1, [player]: moving, [other[player]]: { learningRate: 0 } }));
  };
  const [plan, singlePlan] = [planWith(innerSteps), planWith(1)];
  const together = await lab.trainer(plan, 3, normals());
  const single = await lab.trainer(singlePlan, 3, normals());
  for (let iteration = 0; iteration < 2; iteration++) {
    await together.iterate();
    for (let k = 0; k < innerSteps; k++) {
      single.restore(await exactSnapshot(single, singlePlan), iteration); // the batch is that of the iteration
      await single.iterate();
    }
  }
  return {
    what: `${player}, block ${block + 1}, ${update.name}: weights that differ from those of steps without a cache`,
    expected: 0,
    measured: differing(await weightsOf(together, plan), await weightsOf(single, singlePlan)),
    tolerance: 0,
  };
}

/**
 * T5: the multiply-accumulates of the programs, counted from their bytes, and the bytes that they give back are those of closed formulas. With layers of f_l
 * multiply-accumulates an example, F_G and F_D in all, a step of block b costs for each example
 *
 *     generator       F_G + 2 F_D + sum of f_l for l > b + f_b
 *     discriminator   F_G + 2 (F_D + sum of f_l for l > b + f_b)
 *
 * of which a prefix takes those of the layers below b (and the generator, when the discriminator moves) once a batch. A full gradient behind a mask costs more.
 */
export const costs: Oracle = {
  id: "T5",
  title: "a step costs the operations and bytes of the closed formulas",
  rules: ["layer", "all", "gradient", "momentum", "adam"],
  check(lab) {
    return Promise.resolve([
      ...fullMacs(lab),
      ...blockMacs(lab),
      ...cachedMacs(lab),
      ...bytesReturned(lab),
      ...bytesHeld(lab),
    ]);
  },
};

const batch = 4;
const layersOf = (widths: readonly number[]) => widths.slice(1).map((width, i) => width * widths[i]!);
const layers = { generator: layersOf(tiny.generator), discriminator: layersOf(tiny.discriminator) };
const [FG, FD] = [sum(layers.generator), sum(layers.discriminator)];

/** Multiply-accumulates of a batch where the backward pass of the player takes so many for each of its rows. */
const stepMacs = (player: PlayerName, backward: number) =>
  batch * (player === "generator" ? FG + 2 * FD + backward : FG + 2 * (FD + backward));

const blockStepMacs = (player: PlayerName, b: number) => {
  const f = layers[player];
  return stepMacs(player, sum(f.slice(b + 1)) + f[b]!);
};

const prefixMacs = (player: PlayerName, b: number) => {
  const below = sum(layers[player].slice(0, b));
  return batch * (player === "generator" ? below : FG + 2 * below);
};

function movesOf(lab: Lab, player: PlayerName, descent: Partial<Descent>, penalties = {}): readonly Move[] {
  return lab.plan(smallGan({ batch, descent, ...penalties })).players.find(({ name }) => name === player)!.moves;
}

const macsOf = ({ programs }: Move) => sum(programs.map(countedMacs));

const exactly = (what: string, expected: number, measured: number): Finding => ({
  what,
  expected,
  measured,
  tolerance: 0,
});

function fullMacs(lab: Lab): Finding[] {
  return players.map((player) => {
    const [move] = movesOf(lab, player, { partition: whole });
    const f = layers[player];
    return exactly(
      `${player}: multiply-accumulates of a full step`,
      stepMacs(player, sum(f.slice(1)) + sum(f)),
      macsOf(move!),
    );
  });
}

function blockMacs(lab: Lab): Finding[] {
  return players.flatMap((player) =>
    movesOf(lab, player, {}).flatMap((move, b) => [
      exactly(`${move.name}: multiply-accumulates of a step`, blockStepMacs(player, b), macsOf(move)),
      exactly(
        `${move.name}: multiply-accumulates in the manifest`,
        blockStepMacs(player, b),
        sum(move.programs.map(({ manifest }) => manifest.cost.macs)),
      ),
    ]),
  );
}

function cachedMacs(lab: Lab): Finding[] {
  return players.flatMap((player) =>
    movesOf(lab, player, { innerSteps }).map((move, b) =>
      exactly(
        `${move.name}: multiply-accumulates of ${innerSteps} steps from a cached prefix`,
        innerSteps * blockStepMacs(player, b) - (innerSteps - 1) * prefixMacs(player, b),
        (move.prefix ? countedMacs(move.prefix) : 0) + innerSteps * macsOf(move),
      ),
    ),
  );
}

/** Tensors of the size of the weights, and single numbers, that each rule gives back. */
const returned = [
  { update: gradientStep(), tensors: 1, numbers: 0 },
  { update: momentum(), tensors: 2, numbers: 0 },
  { update: adam(), tensors: 3, numbers: 2 },
];

function bytesReturned(lab: Lab): Finding[] {
  return returned.flatMap(({ update, tensors, numbers }) =>
    players.flatMap((player) =>
      movesOf(lab, player, { update, partition: partitions.layer() }).map((move, b) => {
        const weights = (tiny[player][b]! + 1) * tiny[player][b + 1]!;
        return exactly(
          `${move.name}, ${update.name}: bytes given back`,
          4 * (tensors * weights + numbers),
          sum(move.programs.map(({ manifest }) => manifest.cost.bytesReturned)),
        );
      }),
    ),
  );
}

/**
 * Numbers that a step of layers b to t keeps of the forward pass, of each row of the batch, where layer l takes n_l numbers and the last one gives n_L:
 *
 *     generator       n_b + ... + n_L: what the layers take, for the gradients of matrices and the signs of activations, and the result, for the sigmoid;
 *                     of D what its activations give; and the negative logit of the loss
 *     discriminator   2 (n_b + ... + n_(L-1)), of a real and a generated row; and the logits, of the real one its negative too: for the loss, and for the log
 *
 * A penalty is of g, the slope of the logit in the example, for which signs have become slopes and are held as such, of all activations between layers. Beside
 * them: what the layers that move take, and the slopes of the logit in what they give, which their matrices are multiplied with; and g, once for each penalty.
 */
function bytesHeld(lab: Lab): Finding[] {
  return [{}, { r1: 1 }, { r1: 1, r2: 0.5 }].flatMap((weights) =>
    players.flatMap((player) =>
      [byLayer, whole].flatMap((partition) =>
        movesOf(lab, player, { partition }, weights).map((move, b) => {
          const penalties = Object.keys(weights).length;
          const last = partition === whole ? layers[player].length - 1 : b;
          const numbers = player === "generator" ? heldByGenerator(b) : heldByDiscriminator(b, last, penalties);
          return exactly(
            `${move.name}, ${penalties} penalties: bytes held for the backward pass`,
            4 * batch * numbers,
            sum(move.programs.map(({ manifest }) => manifest.cost.bytesHeld)),
          );
        }),
      ),
    ),
  );
}

const betweenLayers = sum(tiny.discriminator.slice(1, -1));

const heldByGenerator = (b: number) => sum(tiny.generator.slice(b)) + betweenLayers + 1;

function heldByDiscriminator(b: number, t: number, penalties: number): number {
  const n = tiny.discriminator;
  if (penalties === 0) return 2 * sum(n.slice(b, -1)) + 3;
  return 2 * (sum(n.slice(b, t + 1)) + sum(n.slice(b + 1, t + 2)) + betweenLayers) + penalties * n[0]! + 3;
}
