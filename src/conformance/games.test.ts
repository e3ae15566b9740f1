import { describe, expect, test } from "vitest";
import { gameOracles } from "./games.ts";
import { lab } from "./lab.ts";
import { passes } from "./oracle.ts";

describe.each(gameOracles.map((oracle) => [oracle.id, oracle] as const))("%s", (_, oracle) => {
  test(oracle.title, { timeout: 60_000 }, async () => {
    const findings = await oracle.check(lab);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.filter((finding) => !passes(finding))).toEqual([]);
  });
});
