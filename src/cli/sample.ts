import type { Command } from "commander";
import { addOutputOptions, parseNumber } from "./options.ts";
import { openTerminal } from "./terminal.ts";

interface SampleCliOptions {
  count: number;
  seed: number;
  out: string;
  device?: string;
  json?: boolean;
  quiet?: boolean;
}

const mostSamples = { png: 10_000, npy: 100_000 };

/** `coordescent sample`: samples as a picture or as numbers. */
export function addSampleCommand(program: Command): void {
  const command = program
    .command("sample <run>")
    .description("write samples from the generator of a run, or of one of its checkpoints, as a picture or as numbers")
    .option("--count <n>", "number of samples", parseNumber, 64)
    .option("--seed <n>", "seed of the latents", parseNumber, 1)
    .option(
      "--out <file>",
      "file to write: a PNG picture, or the numbers [count, ...shape] as .npy for NumPy",
      "samples.png",
    )
    .option("--device <name>", "cpu, wasm or webgpu (default: as in training)")
    .addHelpText("after", "\nExample:\n  npx coordescent sample runs/first --count 100 --seed 7 --out grid.png");
  addOutputOptions(command).action(sample);
}

async function sample(run: string, options: SampleCliOptions): Promise<void> {
  const terminal = openTerminal(options);
  const { checkDevice, checkInteger, sampleFormat } = await import("../runs/config.ts");
  const format = sampleFormat(options.out);
  const count = checkInteger("--count", options.count, 1, mostSamples[format]);
  const seed = checkInteger("--seed", options.seed, 0, 2 ** 32 - 1);
  const device = options.device === undefined ? undefined : checkDevice(options.device);
  const { sampleRun } = await import("../runs/sampling.ts");
  const { writeOver } = await import("../runs/files.ts");
  const { encodeNpy } = await import("../data/npy.ts");
  const { step, shape, values, draw, damaged } = await sampleRun(run, { count, seed, device });
  for (const error of damaged) terminal.say(`${error.message} Using an older one.`);
  await writeOver(options.out, format === "npy" ? encodeNpy(shape, values) : await draw(values));
  const result = { run, step, count, seed, out: options.out };
  terminal.result(result, [`${count} samples of step ${step}: ${options.out}`]);
}
