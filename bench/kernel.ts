// What kernels save: the update of the document's discriminator by Adam, and whole iterations, with kernels and with operators of ONNX Runtime in turn.
// Usage: npm run bench:kernel -- ["default" "adam batch=128" ...]     each PRESET KEY=VALUE ... in quotes
import { imageDataset } from "../src/data/image-feed.ts";
import { strokes } from "../src/data/strokes.ts";
import { ganPlan } from "../src/gan/game.ts";
import type { Plan } from "../src/plan.ts";
import { configure, parseSetting } from "../src/runs/config.ts";
import { ganOptions } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { openRuntime } from "../src/runtime/open.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { createTrainer } from "../src/train/trainer.ts";
import { median, report } from "./report.ts";

const rounds = 40;
const iterations = 12; // a multiple of the blocks, so that a round holds whole sweeps
const data = imageDataset(strokes());
const texts = process.argv.length > 2 ? process.argv.slice(2) : ["default", "adam discriminator.penaltyEvery=1"];

for (const threads of [1, 2]) {
  const runtime = await openRuntime("cpu", { threads });
  for (const text of texts) {
    const [preset, ...settings] = text.split(" ");
    const config = configure(presets[preset as keyof typeof presets].config, settings.map(parseSetting));
    const planOf = (hasKernels: boolean) => ganPlan({ ...ganOptions(config, data), hasKernels });
    const iterate = async (plan: Plan) => {
      const trainer = await createTrainer({ plan, runtime, data, seed: config.seed });
      return async () => {
        for (let i = 0; i < iterations; i++) await trainer.iterate();
      };
    };
    const [kernels, operators] = await inTurn(await iterate(planOf(true)), await iterate(planOf(false)));
    const each = { kernels: kernels / iterations, operators: operators / iterations };
    report({ bench: "kernel", what: "iteration", configuration: text, threads, ms: each, ratio: operators / kernels });
  }
  const [kernel, operators] = await inTurn(await update(runtime, true), await update(runtime, false));
  const ms = { kernel, operators };
  report({ bench: "kernel", what: "update of D by Adam", threads, ms, ratio: operators / kernel });
}

/** Runs the update of the discriminator, all of it at once. */
async function update(runtime: Runtime, hasKernels: boolean) {
  const plan = ganPlan({ ...ganOptions(presets.adam.config, data), hasKernels: true });
  const { kernel, ...program } = plan.players[0]!.moves[0]!.programs[1]!;
  const session = await runtime.load({ ...program, ...(hasKernels && { kernel: kernel! }) });
  const { inputs, outputs } = program.manifest;
  const next = runtime.arena!([...inputs, ...outputs].map(({ shape }) => shape));
  const [from, to] = [inputs, outputs].map((ports) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, next(shape)])),
  );
  for (const tensor of Object.values(from!)) tensor.write((values) => values.fill(0.25));
  return () => session.run(from!, to!);
}

/** Median milliseconds of two things that are done in turn. */
async function inTurn(...actions: readonly (() => Promise<void> | undefined)[]): Promise<[number, number]> {
  const times = actions.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, action] of actions.entries()) {
      const begun = performance.now();
      await action();
      if (round >= 0) times[i]!.push(performance.now() - begun); // the round before the first warms up
    }
  }
  return times.map(median) as [number, number];
}
