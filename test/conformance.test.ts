import { describe, expect, test } from "vitest";
import { table } from "../src/cli/conformance.ts";
import { lab } from "../src/conformance/lab.ts";
import { type Finding, type Lab, passes } from "../src/conformance/oracle.ts";
import { oracles } from "../src/conformance/oracles.ts";
import { runOracles } from "../src/conformance/run.ts";
import { coordescent } from "./support/command.ts";
import { faults } from "./support/faults.ts";

const show = ({ what, expected, measured, tolerance }: Finding) =>
  `${what}: expected ${expected} +- ${tolerance}, got ${measured}`;

async function failuresOf(id: string, on: Lab): Promise<string[]> {
  const findings = await oracles.find((oracle) => oracle.id === id)!.check(on);
  return findings.filter((finding) => !passes(finding)).map(show);
}

describe("oracle", () => {
  test.each(oracles.map((oracle) => [oracle.id, oracle.title, oracle] as const))("%s: %s", async (_, __, oracle) => {
    const findings = await oracle.check(lab);
    expect(findings.filter((finding) => !passes(finding)).map(show)).toEqual([]);
    expect(findings.length).toBeGreaterThan(0);
    // an infinite tolerance would let everything pass
    const isBounded = ({ expected, tolerance }: Finding) => Number.isFinite(expected) && Number.isFinite(tolerance);
    expect(findings.filter((finding) => !isBounded(finding)).map(show)).toEqual([]);
  });

  test("ids are different, and rules are named", () => {
    expect(new Set(oracles.map(({ id }) => id)).size).toBe(oracles.length);
    for (const { rules } of oracles) expect(rules.length).toBeGreaterThan(0);
  });
});

describe("a planted fault", () => {
  test.each(faults.flatMap(({ name, caughtBy, lab }) => caughtBy.map((id) => [name, id, lab] as const)))(
    "%s is caught by %s",
    async (_, id, faulty) => {
      expect(await failuresOf(id, faulty)).not.toEqual([]);
    },
  );

  test("there is one for every oracle", () => {
    const caught = new Set(faults.flatMap(({ caughtBy }) => caughtBy));
    expect(oracles.map(({ id }) => id).filter((id) => !caught.has(id))).toEqual([]);
  });
});

test("a run leads with what the title says where all findings agree", async () => {
  const results = [];
  for await (const result of runOracles({ rule: "largest" })) results.push(result);
  const { expected, measured, tolerance } = results[0]!.findings[0]!;
  expect(results).toMatchObject([{ id: "S10", pass: true, expected, measured, tolerance }]);
});

test("a run leads with the finding that fails", async () => {
  const { lab: forgetful } = faults.find(({ name }) => name === "reset-forgets-a-tensor")!;
  const results = [];
  for await (const result of runOracles({ rule: "reset", lab: forgetful })) results.push(result);
  expect(results.map(({ id, pass }) => ({ id, pass }))).toEqual([{ id: "T34", pass: false }]);
  const { expected, measured, tolerance, findings } = results[0]!;
  expect(Math.abs(measured - expected)).toBeGreaterThan(tolerance);
  expect(findings.some(({ pass }) => pass)).toBe(true);
});

describe("coordescent conformance", () => {
  test("prints the findings on a rule as a JSON array, and exits with 0", async () => {
    const { code, stdout, stderr } = await coordescent(["conformance", "--rule", "adam", "--json"]);
    expect(code, stderr).toBe(0);
    const results = JSON.parse(stdout);
    const isCommon = (key: string) => key !== "atLeast" && key !== "atMost"; // only where there are bounds
    const ids = oracles.filter(({ rules }) => rules.includes("adam")).map(({ id }) => id);
    expect(results.map(({ id }: { id: string }) => id)).toEqual(ids);
    for (const result of results) {
      expect(Object.keys(result).filter(isCommon)).toEqual([
        ...["id", "title", "expected", "measured", "tolerance", "pass", "findings"],
      ]);
      expect(result.pass).toBe(true);
      for (const finding of result.findings) {
        expect(Object.keys(finding).filter(isCommon).sort()).toEqual([
          "expected",
          "measured",
          "pass",
          "tolerance",
          "what",
        ]);
      }
    }
  });

  test("prints a table of an oracle a line", async () => {
    const { code, stdout } = await coordescent(["conformance", "--rule", "simultaneous"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^T33 .* pass$/m);
  });

  test("prints bounds as such", () => {
    const result = (bounds: Partial<Finding>, measured: number) => {
      const finding = { what: "a", expected: 0.5, measured, tolerance: 0.5, ...bounds };
      const pass = passes(finding);
      return { id: "T0", title: "title", ...finding, pass, findings: [{ ...finding, pass }] };
    };
    const results = [
      ...[result({ atMost: 1 }, 0.25), result({ atLeast: 0 }, 0.25), result({ atLeast: 0, atMost: 1 }, 0.25)],
      ...[result({}, 0.25), result({ atMost: 1 }, 2)],
    ];
    expect(table(results).slice(1, -1)).toEqual([
      "T0  title       <= 1      0.25             pass",
      "T0  title       >= 0      0.25             pass",
      "T0  title     0 to 1      0.25             pass",
      "T0  title        0.5      0.25        0.5  pass",
      "T0  title       <= 1         2             FAIL",
      "T0: a: expected <= 1, got 2",
    ]);
  });

  test.each(["cosine", "largest", "innerSteps", "average", "optimistic", "anderson", "accelerated"])(
    "knows %s",
    (rule) => {
      expect(oracles.filter(({ rules }) => rules.includes(rule))).not.toEqual([]);
    },
  );

  test("refuses a rule that nobody pins, and names a near one", async () => {
    const { code, stdout, stderr } = await coordescent(["conformance", "--rule", "cylic"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/--rule: expected one of .*, got cylic\. Did you mean cyclic\?/);
  });
});
