import { describe, expect, test } from "vitest";
import { simple } from "../../test/support/config.ts";
import { ring } from "../data/mixture.ts";
import { configure } from "../runs/config.ts";
import { planOf } from "../runs/model.ts";
import type { Setting } from "../runs/setting.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

const examples = { shape: [2], range: "real" } as const;

/** A small GAN on the ring, in float64. */
function trainerWith(...settings: Setting[]): Promise<Trainer> {
  const config = configure({ ...simple, data: "ring" }, [
    ["generator.latent", 2],
    ["generator.hidden", [3, 4, 5]],
    ["discriminator.hidden", [3]],
    ["batch", 4],
    ...settings,
  ]);
  return createTrainer({ plan: planOf(config, examples), runtime: referenceRuntime(), data: ring, seed: 1 });
}

const weights = [1, 2, 3, 4].flatMap((i) => [`generator/dense${i}/weight`, `generator/dense${i}/bias`]);

async function moved(trainer: Trainer): Promise<number> {
  const before = await Promise.all(weights.map((name) => trainer.read(name)));
  await trainer.iterate();
  const after = await Promise.all(weights.map((name) => trainer.read(name)));
  return after.reduce(
    (sum, values, i) => sum + values.filter((value, j) => !Object.is(value, before[i]![j])).length,
    0,
  );
}

describe("state policies look at what moved before", () => {
  const power = (trainer: Trainer, name: string) => trainer.read(`generator/${name}/adam/beta1Power`).then(([p]) => p);

  test("a layer that moves with every set keeps its state under reset, those that come and go lose it", async () => {
    const trainer = await trainerWith(
      ["descent.select", "layerwise-importance"],
      ["descent.active", 1],
      ["descent.state", "reset"],
    );
    let last = "";
    let visits = 0;
    for (let i = 1; i <= 12; i++) {
      const { block } = (await trainer.iterate()).moves.generator![0]!;
      visits = block === last ? visits + 1 : 1;
      last = block;
      expect(await power(trainer, "dense1")).toBe(0.5 ** i);
      expect(await power(trainer, "dense4")).toBe(0.5 ** i);
      const middle = block.includes("dense2") ? "dense2" : "dense3";
      expect(await power(trainer, middle)).toBe(0.5 ** visits);
    }
  });

  test("elements that are drawn begin afresh at every visit, whatever moved before", async () => {
    const trainer = await trainerWith(
      ["descent.partition", "coordinates"],
      ["descent.blockSize", 2],
      ["descent.select", "uniform"],
      ["descent.state", "reset"],
    );
    for (let i = 0; i < 30; i++) {
      const { block } = (await trainer.iterate()).moves.generator![0]!;
      const powers = await trainer.read(`${block}/adam/beta1Power`);
      expect([...powers].filter((p) => p !== 1 && p !== 0.5)).toEqual([]);
    }
  });
});

describe("of several things that a step does", () => {
  test("only the largest coordinates move, though all are shrunk", async () => {
    const shrunk: Setting[] = [
      ["descent.partition", "all"],
      ["descent.proximal", "soft-threshold"],
    ];
    expect(await moved(await trainerWith(...shrunk))).toBeGreaterThan(50);
    expect(await moved(await trainerWith(...shrunk, ["descent.largest", 2]))).toBe(2);
  });

  test("decreases over the steps on one batch are added up, expected and found", async () => {
    const searching: Setting = ["descent.update", "line-search"];
    const trainer = await trainerWith(searching, ["descent.innerSteps", 3]);
    const once = await trainerWith(searching);
    for (let i = 0; i < 5; i++) {
      const { metrics, moves } = await trainer.iterate();
      const { predicted, realised, length } = moves.generator![0]!;
      const first = (await once.iterate()).moves.generator![0]!;
      if (i === 0) {
        expect(predicted!).toBeGreaterThan(first.predicted!);
        expect(realised!).toBeGreaterThan(first.realised!);
        expect(length!).toBeGreaterThan(first.length!);
      }
      expect(Number.isFinite(metrics.lossG)).toBe(true);
    }
  });
});

describe("a visit of several moves", () => {
  test.each(["gauss-southwell", "uniform", "bandit"])("says in all of them why it was chosen (%s)", async (select) => {
    const settings: Setting[] = [
      ["descent.select", select],
      ["descent.hold", 3],
    ];
    const [whole, half] = [await trainerWith(...settings), await trainerWith(...settings)];
    const scores: (number | undefined)[] = [];
    for (let i = 0; i < 9; i++) scores.push((await whole.iterate()).moves.generator![0]!.score);
    for (const visit of [0, 3, 6]) {
      expect(scores[visit]).toBeTypeOf("number");
      // float32, where it is remembered
      for (const later of [1, 2]) expect(scores[visit + later]).toBeCloseTo(scores[visit]!, 5);
    }
    for (let i = 0; i < 4; i++) await half.iterate();
    half.restore(await half.snapshot(), 4);
    expect((await half.iterate()).moves.generator![0]!.score).toBeCloseTo(scores[4]!, 5);
  });

  test.each([0, 1, 3])("ends where the weights of step %i take its place, before and after a resume", async (from) => {
    const [visiting, resumed, free] = [
      await trainerWith(["descent.select", "gauss-southwell"], ["descent.hold", 3]),
      await trainerWith(["descent.select", "gauss-southwell"], ["descent.hold", 3]),
      await trainerWith(["descent.select", "gauss-southwell"]), // each of its moves is a new choice
    ];
    for (let i = 0; i < from; i++) await visiting.iterate();
    const old = await visiting.snapshot();
    for (let i = from; i < 7; i++) await visiting.iterate();
    visiting.restore(old, 7);
    visiting.endVisits();
    resumed.restore(await visiting.snapshot(), 7);
    free.restore(old, 7);
    const chosen = (await free.iterate()).moves.generator![0]!;
    for (const trainer of [visiting, resumed]) {
      for (let i = 0; i < 2; i++) {
        const { number, score } = (await trainer.iterate()).moves.generator![0]!;
        expect({ number, score }).toEqual({ number: chosen.number, score: expect.closeTo(chosen.score!, 5) });
      }
    }
  });
});
