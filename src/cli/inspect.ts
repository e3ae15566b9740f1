import type { Command } from "commander";
import type { Inspection, StepCost } from "../runs/inspection.ts";
import { addOutputOptions } from "./options.ts";
import { openTerminal } from "./terminal.ts";

/** `coordescent inspect`: what each block step costs. */
export function addInspectCommand(program: Command): void {
  const command = program
    .command("inspect <run>")
    .description("show what each block step costs: weights, multiply-accumulates, bytes")
    .addHelpText("after", "\nExample:\n  npx coordescent inspect runs/first");
  addOutputOptions(command).action(async (run: string, options: { json?: boolean; quiet?: boolean }) => {
    const { openRun } = await import("../runs/run-directory.ts");
    const { dataSets } = await import("../runs/data-source.ts");
    const { inspect } = await import("../runs/inspection.ts");
    const { record } = await openRun(run);
    const inspection = inspect(record.config, dataSets[record.config.data].examples);
    openTerminal(options).result(inspection, table(inspection));
  });
}

function table({ batch, blocks, fullStep, discriminatorStep }: Inspection): string[] {
  const number = (value: number) => Math.round(value).toLocaleString("en");
  const ratio = (cost: StepCost) => (cost.macsPerSample / fullStep.macsPerSample).toFixed(2);
  const row = (name: string, cost: StepCost) => [
    name,
    number(cost.parameters),
    number(cost.macsPerSample),
    ratio(cost),
    number(cost.bytesHeld),
    number(cost.bytesReturned),
  ];
  const rows = [
    ["step", "weights", "MACs/sample", "of full", "bytes held", "bytes returned"],
    ...blocks.map((cost) => row(cost.name, cost)),
    row("generator, all at once", fullStep),
    row("discriminator", discriminatorStep),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  "),
  );
  return [
    ...lines,
    `MACs counted from the programs, for each sample of the batch of ${batch}; bytes for the whole batch.`,
  ];
}
