import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { coordescent, temporaryDirectory } from "./support/command.ts";
import { lines, succeed, training } from "./support/run-files.ts";

/** No control character but the end of a line. */
const isPlain = /^[\n -~]*$/;

test("what files of others hold reaches the terminal as text: logs, locks, names", async () => {
  const root = temporaryDirectory();
  const run = join(root, "run");
  await succeed(training(run, 20, "--set", "watch.every=20"));

  const log = join(run, "metrics.jsonl");
  const records = lines(log);
  Object.assign(records.at(-1).watch, { state: "frozen", why: "\u001b[31mred", advice: "\u001b[2J\u009b2J" });
  writeFileSync(log, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  rmSync(join(run, "summary.json"));
  const resumed = await succeed(["resume", run]);
  expect(resumed.stdout).toContain("Watchdog: G frozen since step 20. \\u001b[2J\\u009b2J\n");

  rmSync(join(run, "summary.json"));
  const elsewhere = { boot: null, namespace: null, began: null };
  const holder = {
    pid: 2 ** 30,
    host: "\u001b[31mhost",
    since: "\u001b]0;title\u0007",
    epoch: 1,
    token: "",
    ...elsewhere,
  };
  writeFileSync(join(run, "lock.1"), JSON.stringify(holder));
  const status = await succeed(["status", run]);
  expect(status.stdout + status.stderr).toContain("on \\u001b[31mhost since \\u001b]0;title\\u0007");

  records.at(-1).watch.state = "\u009b2J";
  writeFileSync(log, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  rmSync(join(run, "lock.1"));
  const damaged = await coordescent(["resume", run]);
  expect(damaged.code).toBe(6);
  expect(damaged.stderr).toContain("line 4: watch.state: expected one of healthy,");

  const name = join(root, "\u001b[2J.npy");
  writeFileSync(name, readFileSync(log));
  const refused = await coordescent(training(join(root, "other"), 20, "--data", name));
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain("\\u001b[2J.npy");
  const unknown = await coordescent(["\u001b[2J"]);
  expect(unknown.code).toBe(2);
  for (const { stdout, stderr } of [resumed, status, damaged, refused, unknown])
    expect(stdout + stderr).toMatch(isPlain);
});
