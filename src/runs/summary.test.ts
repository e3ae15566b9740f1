import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runPaths } from "./run-directory.ts";
import { isConcluded, readSummary } from "./summary.ts";

function run(text?: string) {
  const root = mkdtempSync(join(tmpdir(), "coordescent-summary-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const paths = runPaths(root);
  if (text !== undefined) writeFileSync(paths.summary, text);
  return paths;
}

test("a summary says whether anything was left to do", async () => {
  const ended = run(JSON.stringify({ state: "finished", step: 20 }));
  expect(await readSummary(ended)).toEqual({ state: "finished", step: 20 });
  expect([await isConcluded(ended, 20), await isConcluded(ended, 30)]).toEqual([true, false]);
  expect(await isConcluded(run(JSON.stringify({ state: "interrupted", step: 20 })), 20)).toBe(false);
});

test.each([
  ["none", undefined],
  ["half of one", '{"state":"fin'],
  ["null", "null"],
  ["a list", "[]"],
  ["a state that there is not", '{"state":"sunk","step":20}'],
  ["a step that is none", '{"state":"finished","step":"20"}'],
  ["one of more than 1 MiB", `{"state":"finished","step":20}${" ".repeat(2 ** 20)}`],
])("a run with %s has no summary", async (_, text) => {
  const paths = run(text);
  expect(await readSummary(paths)).toBeUndefined();
  expect(await isConcluded(paths, 20)).toBe(false);
});
