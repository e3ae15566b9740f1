#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { version } from "../version.ts";
import { addDataCommand } from "./data.ts";
import { addDoctorCommand } from "./doctor.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { addInspectCommand } from "./inspect.ts";
import { addResumeCommand } from "./resume.ts";
import { addSampleCommand } from "./sample.ts";
import { addTrainCommand } from "./train.ts";

const program = new Command("coordescent")
  .description("Train GANs by coordinate descent.")
  .version(version)
  .exitOverride()
  .showSuggestionAfterError()
  .configureOutput({ outputError: (text, write) => write(text) })
  .addHelpText("after", "\nStart with:\n  coordescent train --steps 2000");

for (const add of [
  addTrainCommand,
  addResumeCommand,
  addSampleCommand,
  addInspectCommand,
  addDataCommand,
  addDoctorCommand,
]) {
  add(program);
}
for (const command of program.commands) command.exitOverride();

// A reader that has had enough, such as head, is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what is wrong in one line, without a stack unless the mistake is ours. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const code = exitCodeOf(error);
  if (code !== undefined) process.stderr.write(`coordescent: ${(error as Error).message}\n`);
  else
    process.stderr.write(
      `coordescent: internal error, please report it:\n${error instanceof Error ? error.stack : error}\n`,
    );
  return code ?? 1;
}
