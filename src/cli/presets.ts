import type { Command } from "commander";
import { addOutputOptions } from "./options.ts";
import { openTerminal } from "./terminal.ts";

/** `coordescent presets`: what can be started by name, and what was measured of it. */
export function addPresetsCommand(program: Command): void {
  const command = program
    .command("presets")
    .description("list the presets and what was measured of each")
    .addHelpText("after", "\nExample:\n  npx coordescent presets && npx coordescent train --preset adam");
  addOutputOptions(command).action(async (options: { json?: boolean; quiet?: boolean }) => {
    const { presets } = await import("../runs/presets.ts");
    const rows = Object.entries(presets).map(([name, { summary, measured }]) => ({ name, summary, measured }));
    const width = Math.max(...rows.map(({ name }) => name.length));
    const lines = rows.flatMap(({ name, summary, measured }) => [
      `${name.padEnd(width)}  ${summary}`,
      `${"".padEnd(width)}  Measured: ${measured}`,
    ]);
    openTerminal(options).result({ presets: rows }, lines);
  });
}
