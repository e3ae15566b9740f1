import type { Command } from "commander";
import type { OracleResult } from "../conformance/run.ts";
import { exitCodes } from "./exit-codes.ts";
import { addOutputOptions } from "./options.ts";
import { openTerminal, writeError } from "./terminal.ts";

/** `coordescent conformance`: whether this build does what is known of coordinate descent. */
export function addConformanceCommand(program: Command): void {
  const command = program
    .command("conformance")
    .description("check coordinate descent against what is known exactly, in float64; exit code 1 if something is off")
    .option("--rule <name>", "only what concerns one rule, for example cyclic, adam, unit or alternating")
    .addHelpText("after", "\nExample:\n  npx coordescent conformance --rule gauss-southwell");
  addOutputOptions(command).action(async (options: { rule?: string; json?: boolean; quiet?: boolean }) => {
    const { runOracles } = await import("../conformance/run.ts");
    const terminal = openTerminal(options);
    const results: OracleResult[] = [];
    for await (const result of runOracles(options)) {
      results.push(result);
      terminal.transfer(`${result.id} ${result.pass ? "passes" : "fails"}`);
    }
    terminal.result(results, table(results));
    const failed = results.filter(({ pass }) => !pass);
    if (failed.length === 0) return;
    process.exitCode = exitCodes.failed;
    writeError(
      `coordescent: ${failed.length} of ${results.length} oracles do not hold: ${failed.map(({ id }) => id).join(", ")}.\n`,
    );
  });
}

/** A line for each oracle, and one for each finding that does not agree. */
export function table(results: readonly OracleResult[]): string[] {
  const rows = [
    ["", "oracle", "expected", "measured", "tolerance", ""],
    ...results.map((result) => [
      result.id,
      result.title,
      expectedOf(result),
      short(result.measured),
      isBounded(result) ? "" : short(result.tolerance),
      result.pass ? "pass" : "FAIL",
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const isNumber = (column: number) => column >= 2 && column <= 4;
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  return [
    ...lines,
    ...results.flatMap(({ id, findings }) =>
      findings
        .filter(({ pass }) => !pass)
        .map((finding) => `${id}: ${finding.what}: expected ${wanted(finding)}, got ${finding.measured}`),
    ),
    "The numbers are those of the first finding of each oracle, or of the one that is furthest off; --json prints all.",
  ];
}

type Numbers = Pick<OracleResult, "expected" | "tolerance" | "atLeast" | "atMost">;

const isBounded = ({ atLeast, atMost }: Numbers) => atLeast !== undefined || atMost !== undefined;

/** A number, or bounds: `<= 0.944`, `>= 9`, `1 to 5`. */
function expectedOf({ expected, atLeast, atMost }: Numbers, format = short): string {
  if (atLeast !== undefined && atMost !== undefined) return `${format(atLeast)} to ${format(atMost)}`;
  if (atMost !== undefined) return `<= ${format(atMost)}`;
  return atLeast === undefined ? format(expected) : `>= ${format(atLeast)}`;
}

const wanted = (finding: Numbers) =>
  isBounded(finding) ? expectedOf(finding, String) : `${finding.expected} +- ${finding.tolerance}`;

const short = (value: number) => String(Number(value.toPrecision(6)));
