import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InputError } from "../src/errors.ts";
import { openRun } from "../src/runs/run-directory.ts";
import { writeReport } from "../src/runs/run-report.ts";
import { statusOf } from "../src/runs/status.ts";
import { coordescent } from "./support/command.ts";
import { json, lines, set, succeed, tiny } from "./support/run-files.ts";

type Tree = Record<string, unknown>;

/** A run of whose two records the second has all that a record can have. */
let root: string;
let run: string;
let first: Tree;
let full: Tree;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "coordescent-test-"));
  run = join(root, "run");
  const searched = set("descent.update=line-search", "descent.select=gauss-southwell");
  const watched = set("probe.every=20", "probe.count=100", "watch.every=20", "log.every=10");
  await succeed(["train", ...tiny, ...searched, ...watched, "--steps", "20", "--run", run]);
  const [one, two] = lines(run, "metrics.jsonl");
  first = one;
  const said = { state: "frozen", why: "nothing moves", advice: "Go.", rollback: { to: 10, pace: 0.5 } };
  full = { ...two, skipped: 1, watch: { ...two.watch, ...said } };
});
afterAll(() => rmSync(root, { recursive: true }));

/** The keys of a record and of what is in it, of lists those of the first item. */
const keysOf = (value: unknown): string[][] =>
  typeof value === "object" && value !== null
    ? Object.entries(Array.isArray(value) ? value.slice(0, 1) : value).flatMap(([key, item]) => [
        [key],
        ...keysOf(item).map((rest) => [key, ...rest]),
      ])
    : [];

/** A copy of a record in which a field is something else; none where that is undefined. */
function changed(record: Tree, keys: readonly string[], value: unknown): Tree {
  const copy = structuredClone(record);
  const at = keys.slice(0, -1).reduce((tree, key) => tree[key] as Tree, copy);
  at[keys.at(-1)!] = value;
  return copy;
}

const text = (...records: unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join("");

/** Makes the report and the status of the run with another log. */
async function lookAt(log: string): Promise<string> {
  const { paths, record } = await openRun(run);
  writeFileSync(paths.log, log);
  const status = await statusOf(run);
  await writeReport(paths, record, json(readFileSync(paths.summary)), {});
  return (
    readFileSync(paths.report, "utf8").replace(/<(script|style)\b.*?<\/\1>|base64,[^"]*/gs, "") + JSON.stringify(status)
  );
}

const values: readonly unknown[] = [
  ...[undefined, null, "", "toString", "__proto__", -1, 0, 0.5, 2 ** 53, 1e308],
  ...[[], [null], {}, { length: 3 }, new Array(2000).fill(1)],
];

test("of a record with a changed field there is a report and a status, or an error that names file, line and field", async () => {
  await lookAt(text(first, full));
  let [accepted, refused] = [0, 0];
  for (const keys of keysOf(full)) {
    for (const value of values) {
      const what = `${keys.join(".")}: ${JSON.stringify(value)?.slice(0, 40)}`;
      const outcome = await lookAt(text(first, changed(full, keys, value))).catch((error: unknown) => error);
      if (outcome instanceof Error) {
        expect(outcome, what).toBeInstanceOf(InputError);
        const named = keys.filter((key) => !/^\d+$/.test(key)).join(".");
        expect(outcome.message, what).toContain(`metrics.jsonl: line 2: ${named}`);
        expect(outcome.message, what).toMatch(/: expected .+, got .+\. Remove the line\.$/);
        expect(outcome.message.length, what).toBeLessThan(600);
        refused++;
      } else {
        expect(/.*(undefined|NaN|Infinity|\[object|native code).*/.exec(outcome as string)?.[0], what).toBeUndefined();
        accepted++;
      }
    }
  }
  expect(accepted).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(100);
}, 240_000);

test.each([
  ["of levels without end", `{"step":20,"x":${"[".repeat(5e5)}${"]".repeat(5e5)}}`],
  ["with a field of levels without end", `{"step":20,"lossD":${"[".repeat(5e5)}${"]".repeat(5e5)}}`],
  ["that is a list", "[20]"],
  ["that is a number", "20"],
  ["with a number beyond all", '{"step":20,"lossD":1e999}'],
])("a record %s is refused", async (_, line) => {
  await expect(lookAt(`${text(first)}${line}\n`)).rejects.toThrow(
    /metrics\.jsonl: line 2: .*expected .*\. Remove the line\.$/,
  );
});

test("a record with keys that nobody knows, and with __proto__, is one", async () => {
  const more = JSON.stringify(full).replace("{", '{"__proto__":{"step":7},"else":{"constructor":[]},');
  expect(await lookAt(`${text(first)}${more}\n`)).toContain('"step":20');
});

test("what is no file in the place of a picture is left out of the report, and so are all where their folder is gone", async () => {
  const samples = join(run, "samples");
  const log = text(first, full);
  expect(await lookAt(log)).toContain('data-step="20"');
  mkdirSync(join(samples, "000030.png"));
  expect(await lookAt(log)).not.toContain('data-step="30"');
  renameSync(samples, `${samples}-gone`);
  expect(await lookAt(log)).toContain("No samples were written.");
  renameSync(`${samples}-gone`, samples);
});

test("resume says which line of the log is none, with exit code 6", async () => {
  const copy = join(root, "copy");
  cpSync(run, copy, { recursive: true });
  rmSync(join(copy, "summary.json"));
  writeFileSync(join(copy, "metrics.jsonl"), text(first, changed(full, ["watch", "signals"], undefined)));
  const outcome = await coordescent(["resume", copy]);
  expect(outcome.stderr).toContain(
    "metrics.jsonl: line 2: watch.signals: expected a value of type object, got nothing. Remove the line.",
  );
  expect(outcome.code).toBe(6);
});
