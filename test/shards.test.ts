import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { imageDataset } from "../src/data/image-feed.ts";
import { ring } from "../src/data/mixture.ts";
import { strokes } from "../src/data/strokes.ts";
import { ganPlan } from "../src/gan/game.ts";
import type { Plan } from "../src/plan.ts";
import { configure } from "../src/runs/config.ts";
import { ganOptions } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import type { Setting } from "../src/runs/setting.ts";
import { nativeRuntime } from "../src/runtime/native.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { openRuntime } from "../src/runtime/open.ts";
import { referenceRuntime } from "../src/runtime/reference.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import type { Snapshot } from "../src/train/snapshot.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { largestError } from "./support/evaluate.ts";

const digits = imageDataset(strokes({ count: 200 }));

interface Case {
  readonly name: string;
  readonly preset: keyof typeof presets;
  readonly settings?: readonly Setting[];
}

/** What a training with a batch in parts reports in some iterations, and its weights and states after them. */
async function trained({ preset, settings = [] }: Case, runtime: Runtime, shards: number, iterations: number) {
  const data = runtime.name.startsWith("reference") ? ring : digits;
  const config = configure(presets[preset].config, [["batch", 16], ...settings]);
  const plan = ganPlan({ ...ganOptions(config, data), shards });
  const counts = plan.players.map(({ moves }) => moves[0]!.programs[0]!.manifest.shards);
  const trainer = await createTrainer({ plan, runtime, data, seed: 1 });
  const log: number[] = [];
  for (let i = 0; i < iterations; i++) log.push(...Object.values((await trainer.iterate()).metrics));
  const snapshot = await trainer.snapshot();
  const tensors = [...snapshot].map(([, { values }]) => [...values]);
  const digest = digestOf(snapshot);
  await trainer.release();
  return { log, tensors, digest, counts };
}

function digestOf(snapshot: Snapshot): string {
  const hash = createHash("sha256");
  for (const { values } of snapshot.values()) hash.update(new Uint8Array(values.slice().buffer));
  return hash.digest("hex");
}

const small: readonly Setting[] = [
  ["generator.latent", 3],
  ["generator.hidden", [5]],
  ["discriminator.hidden", [5]],
];
const cases: readonly Case[] = [
  { name: "with penalties, averaged weights, blocks in turn", preset: "default" },
  { name: "without momentum", preset: "points" },
  { name: "with a penalty between real and generated examples", preset: "wgan-gp" },
  { name: "with spectral normalisation", preset: "hinge", settings: [["discriminator.spectralNorm", true]] },
  { name: "with several steps on a batch", preset: "default", settings: [["descent.innerSteps", 3]] },
  { name: "with norms of the whole batch", preset: "default", settings: [["descent.select", "gauss-southwell"]] },
  { name: "with a look ahead", preset: "default", settings: [["game.order", "extragradient"]] },
  { name: "with a loss of pairs", preset: "default", settings: [["loss", "relativistic"]] },
];

const searching: Case = {
  name: "with curvature of the whole batch, and searches",
  preset: "default",
  settings: [
    ["descent.select", "gauss-southwell-lipschitz"],
    ["descent.update", "line-search"],
  ],
};

const repeating: Case = {
  name: "with several steps on a batch that are not divided",
  preset: "default",
  settings: [
    ["descent.innerSteps", 2],
    ["descent.update", "gradient"],
  ],
};

test.each([...cases, searching, repeating])("every program gets as many rows as it reads, $name", async (each) => {
  const one = nativeRuntime({ threads: 1 });
  const [whole, parts] = [await trained(each, one, 1, 1), await trained(each, one, 2, 1)];
  expect(largestError(parts.log, whole.log)).toBeLessThan(0.05); // rounding grows with the moves
});

test.each(cases)("a batch in shards is the same batch, $name", async (each) => {
  const of = { ...each, settings: [...small, ...(each.settings ?? [])] };
  const [whole, parts] = [await trained(of, referenceRuntime(), 1, 6), await trained(of, referenceRuntime(), 4, 6)];
  expect(parts.counts).toEqual([4, 4]);
  expect(largestError(parts.log, whole.log)).toBeLessThan(1e-10);
  for (const [i, values] of parts.tensors.entries()) expect(largestError(values, whole.tensors[i]!)).toBeLessThan(1e-6);
});

test("what is measured by all rows of a batch is not divided", async () => {
  const dragan: Case = { name: "", preset: "default", settings: [...small, ["discriminator.dragan", 1]] };
  expect((await trained(dragan, referenceRuntime(), 4, 1)).counts).toEqual([1, 1]);
  expect((await trained(cases[0]!, referenceRuntime(), 5, 0)).counts).toEqual([1, 1]);
});

test.each([
  ["the Node package", () => nodeRuntime({ threads: 1 })],
  ["WebAssembly", () => openRuntime("wasm")],
])("shards and kernels in parts run with %s as well", async (_, open) => {
  const native = await trained(cases[0]!, nativeRuntime({ threads: 1 }), 2, 3);
  expect(largestError((await trained(cases[0]!, await open(), 2, 3)).log, native.log)).toBeLessThan(1e-3);
});

test("shards computed at the same time give the bits of shards computed one after the other, and those of the whole but for rounding", async () => {
  const [one, two] = [nativeRuntime({ threads: 1 }), nativeRuntime({ threads: 2 })];
  const apart = await trained(cases[0]!, two, 2, 20);
  expect(apart.digest).toBe((await trained(cases[0]!, one, 2, 20)).digest);
  const parts = await trained(cases[0]!, one, 2, 3); // rounding grows with the moves
  expect(largestError(parts.log, (await trained(cases[0]!, one, 1, 3)).log)).toBeLessThan(1e-3);
});

test("a training of two threads goes on from its snapshot to the bit as if nothing had been", async () => {
  const config = configure(presets.default.config, [["batch", 16]]);
  const plan = ganPlan({ ...ganOptions(config, digits), shards: 2 });
  const [live, other] = [await trainerOfTwo(plan), await trainerOfTwo(plan)];
  for (let i = 0; i < 5; i++) await live.iterate();
  await other.iterate();
  other.restore(await live.snapshot(), live.step);
  for (let i = 0; i < 5; i++) expect((await other.iterate()).metrics).toEqual((await live.iterate()).metrics);
  expect(digestOf(await other.snapshot())).toBe(digestOf(await live.snapshot()));
  await Promise.all([live.release(), other.release()]);
});

const trainerOfTwo = (plan: Plan) =>
  createTrainer({ plan, runtime: nativeRuntime({ threads: 2 }), data: digits, seed: 1 });
