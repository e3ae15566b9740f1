import type { Command } from "commander";
import type { Inspection, StepCost } from "../runs/inspection.ts";
import { addOutputOptions } from "./options.ts";
import { aligned } from "./table.ts";
import { openTerminal } from "./terminal.ts";

/** `coordescent inspect`: what each block step costs. */
export function addInspectCommand(program: Command): void {
  const command = program
    .command("inspect <run>")
    .description("show what each block step costs: weights, multiply-accumulates, bytes")
    .addHelpText("after", "\nExample:\n  npx coordescent inspect runs/first");
  addOutputOptions(command).action(async (run: string, options: { json?: boolean; quiet?: boolean }) => {
    const { openRun } = await import("../runs/run-directory.ts");
    const { dataSetOf } = await import("../runs/data-source.ts");
    const { inspect } = await import("../runs/inspection.ts");
    const { record } = await openRun(run);
    const inspection = inspect(record.config, dataSetOf(record.config.data).examples);
    openTerminal(options).result(inspection, table(inspection));
  });
}

function table(inspection: Inspection): string[] {
  const { batch, blocks, fullStep, discriminatorBlocks, discriminatorStep, measuring } = inspection;
  const rows = [
    [
      "step",
      "blocks",
      "weights",
      "MACs/sample",
      "formula",
      "of full",
      "bytes held",
      "formula",
      "bytes returned",
      "formula",
    ],
    ...blocks.map((cost) => row(cost, fullStep)),
    row({ ...fullStep, name: "generator, all at once" }, fullStep),
    ...(discriminatorBlocks.length > 1 ? discriminatorBlocks.map((cost) => row(cost, discriminatorStep)) : []),
    row({ ...discriminatorStep, name: "discriminator, all at once" }, discriminatorStep),
  ];
  return [
    ...aligned(rows),
    ...measuring.map(
      ({ player, macsPerSample, ofFullGradient }) =>
        `Before a block of the ${player} is selected the norms of all are measured: ${number(macsPerSample)} MACs/sample, ${ofFullGradient.toFixed(2)} of a gradient step of all weights.`,
    ),
    `MACs counted from the programs, for each sample of the batch of ${batch}, and by the closed formula; bytes for the whole batch.`,
  ];
}

const number = (value: number) => Math.round(value).toLocaleString("en");

function row(cost: StepCost, full: StepCost): string[] {
  const { name, blocks, parameters, macsPerSample, bytesHeld, bytesReturned, predicted } = cost;
  const formula = (value: number | undefined) => (value === undefined ? "-" : number(value));
  return [
    name,
    number(blocks),
    number(parameters),
    number(macsPerSample),
    formula(predicted?.macsPerSample),
    (macsPerSample / full.macsPerSample).toFixed(2),
    number(bytesHeld),
    formula(predicted?.bytesHeld),
    number(bytesReturned),
    formula(predicted?.bytesReturned),
  ];
}
