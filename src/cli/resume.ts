import type { Command } from "commander";
import { addOutputOptions, parseNumber } from "./options.ts";
import { openTerminal } from "./terminal.ts";
import { downloadOptions, observer } from "./train.ts";
import { finish } from "./watch.ts";

/** `coordescent resume`: go on where a run stopped. */
export function addResumeCommand(program: Command): void {
  const command = program
    .command("resume <run>")
    .description("go on exactly where a run stopped")
    .option("--steps <n>", "new number of iterations in all", parseNumber)
    .addHelpText("after", "\nExample:\n  npx coordescent resume runs/first --steps 4000");
  addOutputOptions(command).action(
    async (run: string, options: { steps?: number; json?: boolean; quiet?: boolean }) => {
      const terminal = openTerminal(options);
      const { openRun } = await import("../runs/run-directory.ts");
      const { resumeRun } = await import("../runs/training.ts");
      const { findData } = await import("../runs/data-source.ts");
      const { record } = await openRun(run);
      const config = { ...record.config, steps: options.steps ?? record.config.steps };
      const findSource = (name: Parameters<typeof findData>[0]) => findData(name, downloadOptions(terminal));
      await finish(await resumeRun(run, options.steps, findSource, observer(terminal, config)), terminal);
    },
  );
}
