import { expect, test } from "vitest";
import { lab } from "./lab.ts";
import { minimisationOracles } from "./minimisation.ts";
import { passes } from "./oracle.ts";

test.each(minimisationOracles.map((oracle) => [oracle.id, oracle.title, oracle] as const))(
  "%s: %s",
  { timeout: 60_000 },
  async (_, _title, { check }) => {
    const findings = await check(lab);
    expect(findings).not.toEqual([]);
    expect(findings.filter((finding) => !passes(finding))).toEqual([]);
  },
);
