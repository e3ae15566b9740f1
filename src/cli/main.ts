#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { StorageError } from "../errors.ts";
import { version } from "../version.ts";
import { addConformanceCommand } from "./conformance.ts";
import { addDataCommand } from "./data.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addEvaluateCommand } from "./evaluate.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { addInspectCommand } from "./inspect.ts";
import { addPresetsCommand } from "./presets.ts";
import { addResumeCommand } from "./resume.ts";
import { addSampleCommand } from "./sample.ts";
import { addStatusCommand } from "./status.ts";
import { endLiveLine, writeError, writeResult } from "./terminal.ts";
import { addTrainCommand } from "./train.ts";
import { addVerifyResumeCommand } from "./verify-resume.ts";

const program = new Command("coordescent")
  .description("Train GANs by coordinate descent.")
  .version(version)
  .exitOverride()
  .showSuggestionAfterError()
  .configureOutput({ writeOut: writeResult, writeErr: writeError, outputError: (text, write) => write(text) })
  .addHelpText("after", "\nStart with:\n  npx coordescent train --steps 2000");

for (const add of [
  addTrainCommand,
  addResumeCommand,
  addStatusCommand,
  addSampleCommand,
  addEvaluateCommand,
  addInspectCommand,
  addPresetsCommand,
  addDataCommand,
  addConformanceCommand,
  addVerifyResumeCommand,
  addDoctorCommand,
]) {
  add(program);
}
for (const command of program.commands) command.exitOverride();
program.hook("preAction", checkPlace);

// A reader that has had enough, such as head, is no error; and no training ends because nobody can be told about it.
process.stderr.on("error", () => {});
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  writeError(`coordescent: standard output cannot be written: ${error.message}\n`);
  process.exitCode = exitCodes.storage;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Relative paths mean nothing where the working directory has been removed. Throws StorageError. */
function checkPlace(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new StorageError(".", "the working directory has been removed. Change to another.", { cause });
  }
}

/** Says what is wrong in one line, without a stack unless the mistake is ours. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const code = exitCodeOf(error);
  endLiveLine();
  if (code !== undefined) writeError(`coordescent: ${(error as Error).message}\n`);
  else writeError(`coordescent: internal error, please report it:\n${error instanceof Error ? error.stack : error}\n`);
  return code ?? exitCodes.failed;
}
