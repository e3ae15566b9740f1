import { ConfigError } from "../errors.ts";
import { didYouMean } from "../runs/did-you-mean.ts";
import { lab as trueLab } from "./lab.ts";
import { type Finding, type Lab, type Oracle, passes } from "./oracle.ts";
import { oracles } from "./oracles.ts";

/** What an oracle found. The three numbers are those of the finding that is furthest off for its tolerance. */
export interface OracleResult
  extends Pick<Oracle, "id" | "title">,
    Pick<Finding, "expected" | "measured" | "tolerance"> {
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
  const [first, ...others] = findings;
  if (!first) throw new Error(`internal: the oracle ${id} found nothing.`);
  const { expected, measured, tolerance } = others.reduce(
    (worst, each) => (misfit(each) > misfit(worst) ? each : worst),
    first,
  );
  return {
    id,
    title,
    expected,
    measured,
    tolerance,
    pass: findings.every(passes),
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
