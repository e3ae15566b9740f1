import { ConfigError } from "../errors.ts";
import { didYouMean } from "../runs/did-you-mean.ts";
import { lab as trueLab } from "./lab.ts";
import { type Finding, type Lab, type Oracle, passes } from "./oracle.ts";
import { oracles } from "./oracles.ts";

/** What an oracle found. The numbers are those of its first finding, which is what the title says; where one fails, of the one that is furthest off for its tolerance. */
export interface OracleResult
  extends Pick<Oracle, "id" | "title">,
    Pick<Finding, "expected" | "measured" | "tolerance" | "atLeast" | "atMost"> {
  /** Whether all findings agree. */
  readonly pass: boolean;
  readonly findings: readonly (Finding & { readonly pass: boolean })[];
}

/** Which oracles run, on what. */
export interface OracleRun {
  /** The name of a rule; only oracles that pin it run. */
  readonly rule?: string | undefined;
  readonly lab?: Lab;
}

/** Runs oracles one after the other, in their order. Throws ConfigError where no oracle pins the rule. */
export async function* runOracles({ rule, lab = trueLab }: OracleRun = {}): AsyncGenerator<OracleResult, void, void> {
  for (const oracle of oraclesOf(rule)) yield resultOf(oracle, await oracle.check(lab));
}

/** The oracles that pin a rule; all of them without one. */
function oraclesOf(rule: string | undefined): readonly Oracle[] {
  if (rule === undefined) return oracles;
  const found = oracles.filter(({ rules }) => rules.includes(rule));
  if (found.length > 0) return found;
  const known = [...new Set(oracles.flatMap(({ rules }) => rules))].sort();
  throw new ConfigError(
    `--rule: expected one of ${known.join(", ")}, got ${rule}. ${didYouMean(rule, known)}`.trim(),
    "rule",
  );
}

/** Throws Error where there are no findings: an oracle that looks at nothing says nothing. */
function resultOf({ id, title }: Oracle, findings: readonly Finding[]): OracleResult {
  const [first] = findings;
  if (!first) throw new Error(`internal: the oracle ${id} found nothing.`);
  const failed = findings.filter((finding) => !passes(finding));
  const { what: _, ...numbers } = failed.reduce(
    (worst, each) => (misfit(each) > misfit(worst) ? each : worst),
    failed[0] ?? first,
  );
  return {
    id,
    title,
    ...numbers,
    pass: failed.length === 0,
    findings: findings.map((finding) => ({ ...finding, pass: passes(finding) })),
  };
}

/** The error in tolerances: more than 1 where the finding does not pass. */
function misfit(finding: Finding): number {
  const { expected, measured, tolerance } = finding;
  if (measured === expected) return 0;
  const ratio = Math.abs(measured - expected) / tolerance;
  return Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
}
