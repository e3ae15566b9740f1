import { type Command, InvalidArgumentError, Option } from "commander";
import { dataSets } from "../runs/data-source.ts";

/** Options of the commands that train. */
export interface TrainingCliOptions {
  run?: string;
  data?: string;
  preset?: string;
  steps?: number;
  batch?: number;
  seed?: number;
  device?: string;
  threads?: number;
  onCollapse?: string;
  set: string[];
  config?: string;
  json?: boolean;
  quiet?: boolean;
}

/** A number of an option; what range it may have the configuration knows. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("Expected a number.");
  return value;
}

/** Adds `--json` and `--quiet`. */
export function addOutputOptions(command: Command): Command {
  return command
    .option("--json", "print the result as one JSON object on standard output; the rest goes to standard error")
    .option("--quiet", "print errors only");
}

/** Adds the options that choose a configuration. */
export function addTrainingOptions(command: Command): Command {
  command
    .option("--run <dir>", "directory of the run (default: a new one under runs/)")
    .option("--data <name>", `${Object.keys(dataSets).join(", ")}, or the path of images of your own`)
    .option("--preset <name>", "configuration to start from; `coordescent presets` lists them")
    .option("--steps <n>", "number of iterations", parseNumber)
    .option("--batch <n>", "examples of an iteration", parseNumber)
    .option("--seed <n>", "seed of every random number", parseNumber)
    .option("--device <name>", "cpu, wasm or webgpu")
    .option(
      "--threads <n>",
      "threads of the training (default: what the machine has and the work is worth)",
      parseNumber,
    )
    .option(
      "--on-collapse <action>",
      "warn (default), stop or rollback when the watchdog finds that the training goes wrong",
    )
    .addOption(
      new Option("--set <key=value>", "any configuration key, for example descent.learningRate=0.001; may be repeated")
        .argParser((text: string, previous: string[]) => [...previous, text])
        .default([], "none"),
    )
    .option("--config <file>", "configuration file in JSON, such as the config.json of a run");
  return addOutputOptions(command);
}
