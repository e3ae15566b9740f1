import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { begun, temporaryDirectory } from "./support/command.ts";
import { endless, status, training } from "./support/run-files.ts";

const main = resolve("dist/cli/main.js");

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const)("the first %s saves, lets go of the run and ends with %i within 10 s", async (signal, code) => {
  const run = join(temporaryDirectory(), "run");
  const { ended, kill } = await begun(training(run, endless));
  const sent = performance.now();
  kill(signal);
  expect(await ended).toMatchObject({ code });
  expect(performance.now() - sent).toBeLessThan(10_000);
  const { state, step, checkpoint, holder } = await status(run);
  expect({ state, checkpoint, holder }).toEqual({ state: "interrupted", checkpoint: step, holder: null });
  expect(existsSync(join(run, "summary.json"))).toBe(true);
});

/**
 * A process that waits for a training that never ends, as commands do, and says when it is asked to. Then the same signal comes once more, as from npm, which
 * passes on what the terminal has sent to the whole group.
 */
const waiting = `
  const { finish } = await import(${JSON.stringify(pathToFileURL(resolve("dist/cli/watch.js")))});
  setInterval(() => {}, 1000);
  const stop = () => {
    console.log("asked");
    process.kill(process.pid, "SIGINT");
  };
  const say = (text) => console.error(text);
  const finished = finish({ finished: new Promise(() => {}), stop }, { say });
  console.log("waits"); // now that it listens to signals
  await finished;
`;

/** Starts such a process; gives how it ends. */
function waitingProcess() {
  const child = spawn(process.execPath, ["--input-type=module", "-e", waiting]);
  const ended = new Promise((done) => child.on("exit", (code, signal) => done({ code, signal })));
  return { child, ended };
}

test("the same signal again ends the process at once; within 100 ms it is the same request", async () => {
  const { child, ended } = waitingProcess();
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const until = async (text: string) => {
    while (!said.endsWith(text)) await new Promise((done) => child.stdout.once("data", done));
  };
  await until("waits\n");
  child.kill("SIGINT");
  await until("asked\n");
  await new Promise((done) => setTimeout(done, 300));
  expect(child.exitCode ?? child.signalCode).toBeNull();
  child.kill("SIGINT");
  expect(await ended).toEqual({ code: null, signal: "SIGINT" });
  expect(said).toBe("waits\nasked\n");
});

test("a training that does not end for 10 s is left with its last checkpoint", async () => {
  const { child, ended } = waitingProcess();
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaint += text;
  });
  await new Promise((done) => child.stdout.once("data", done));
  const sent = performance.now();
  child.kill("SIGTERM");
  expect(await ended).toEqual({ code: null, signal: "SIGTERM" });
  expect(performance.now() - sent).toBeLessThan(10_500);
  expect(complaint).toContain("from the last checkpoint");
});

test("nobody to talk to is no reason to end", async () => {
  const run = join(temporaryDirectory(), "run");
  const child = spawn(process.execPath, [main, ...training(run, 60)]);
  child.stdout.destroy();
  child.stderr.destroy();
  const code = await new Promise((done) => child.on("exit", done));
  expect(code).toBe(0);
  expect(await status(run)).toMatchObject({ state: "finished", step: 60 });
});
