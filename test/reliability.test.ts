import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { begun, coordescent, temporaryDirectory } from "./support/command.ts";
import { endless, json, status, training } from "./support/run-files.ts";

/** SHA-256 of every file of a directory, by name, but for the temporary ones, which their writer removes when it fails. */
function contentOf(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.endsWith(".part") && statSync(join(root, name)).isFile(),
  );
  return Object.fromEntries(
    files.sort().map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(root, name)))
        .digest("hex"),
    ]),
  );
}

const removeLocks = (run: string) => {
  for (const name of readdirSync(run).filter((name) => name.startsWith("lock."))) rmSync(join(run, name));
};

test("twenty trainings that are killed, every third at any time of its life, and resumed end like one that was never killed", async () => {
  const outcome = await coordescent(["verify-resume", "--kills", "20", "--steps", "60", "--json"]);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  const { kills, equal, anyTime } = json(outcome.stdout);
  expect({ equal, anyTime }).toEqual({ equal: 20, anyTime: 6 });
  expect(kills).toHaveLength(20);
  for (const { number, kind, step } of kills) {
    expect(kind).toBe(number % 3 === 0 ? "any time" : "record");
    const [first, last] = kind === "record" ? [1, 59] : [0, 60];
    expect(step >= first && step <= last, `${kind}: step ${step}`).toBe(true);
  }
  expect(outcome.stderr.match(/^kill \d+ of 20: .* equal$/gm)).toHaveLength(20);
}, 300_000);

test("so do trainings of two threads", async () => {
  const outcome = await coordescent(["verify-resume", "--kills", "3", "--threads", "2", "--json"]);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  expect(json(outcome.stdout)).toMatchObject({ equal: 3, anyTime: 1 });
  const wrong = await coordescent(["verify-resume", "--threads", "1.5"]);
  expect(wrong.stderr).toMatch(/^coordescent: threads: /);
  expect(wrong.code).toBe(2);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "verify-resume that gets %s ends with %i, and nothing of it stays: no folder, no process",
  async (signal, code) => {
    const folder = temporaryDirectory();
    const processes = () => String(spawnSync("ps", ["-Ao", "args"]).stdout);
    const hasBegun = () =>
      readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith("metrics.jsonl"));
    const args = [resolve("dist/cli/main.js"), "verify-resume", "--steps", "1000000"];
    const child = spawn(process.execPath, args, { env: { ...process.env, TMPDIR: folder }, stdio: "ignore" });
    const ended = new Promise((done) => child.on("exit", (...how) => done(how)));
    while (!hasBegun()) await new Promise((done) => setTimeout(done, 20));
    expect(processes()).toContain(folder);
    child.kill(signal);
    expect(await ended).toEqual([code, null]);
    expect(readdirSync(folder).filter((name) => name.startsWith("coordescent"))).toEqual([]);
    expect(processes()).not.toContain(folder);
  },
);

test("verify-resume of what cannot be trained ends like the training: a mistake of who asks, a file that is none", async () => {
  const setting = await coordescent(["verify-resume", "--set", "descent.partition=nonsense"]);
  expect(setting.stderr).toMatch(/^coordescent: descent\.partition: /);
  expect(setting.code).toBe(2);
  const file = join(temporaryDirectory(), "images.npy");
  writeFileSync(file, "no array");
  const data = await coordescent(["verify-resume", "--data", file]);
  expect(data.stderr).toMatch(/^coordescent: .*images\.npy: expected images to train on/);
  expect(data.code).toBe(6);
});

test("a run has one writer, its status tells the truth, and a killed one goes on", async () => {
  const run = join(temporaryDirectory(), "run");
  const { ended, kill } = await begun(training(run, endless));
  const others = await Promise.all([coordescent(["resume", run]), coordescent(training(run, 5))]);
  for (const other of others) {
    expect(other.stderr).toMatch(/is being written by process \d+ on .* since \d{4}-.*Wait for it or stop it/);
    expect(other.code).toBe(3);
  }
  const running = await status(run);
  expect(running).toMatchObject({ state: "running", steps: endless, holder: { pid: expect.any(Number) } });
  expect(running.leftMs).toBeGreaterThan(0);
  kill("SIGKILL");
  await ended;
  const killed = await status(run);
  expect(killed).toMatchObject({ state: "killed", holder: { pid: running.holder.pid } });
  expect(killed.step).toBeGreaterThanOrEqual(running.step);
  const said = (await coordescent(["status", run])).stdout;
  expect(said).toMatch(
    /^killed at step \d+ of \d+: process \d+ on .* is gone\. `npx coordescent resume .*` goes on from step \d+\.$/m,
  );
  const steps = String(killed.checkpoint + 20);
  expect(await coordescent(["resume", run, "--steps", steps])).toMatchObject({ code: 0 });
  expect(await status(run)).toMatchObject({ state: "finished", step: Number(steps), holder: null });
  expect(readdirSync(run).filter((name) => name.startsWith("lock."))).toEqual([]);
});

test("what a loss of power leaves behind the log of the checkpoint is no obstacle", async () => {
  const run = join(temporaryDirectory(), "run");
  await coordescent(training(run, 20));
  const log = join(run, "metrics.jsonl");
  const before = readFileSync(log, "utf8");
  writeFileSync(log, `${before}${"\0".repeat(100)}\n`);
  expect(await status(run)).toMatchObject({ state: "finished", step: 20 });
  expect(await coordescent(["resume", run, "--steps", "25"])).toMatchObject({ code: 0 });
  expect(readFileSync(log, "utf8").startsWith(before)).toBe(true);
  expect(await status(run)).toMatchObject({ state: "finished", step: 25 });
});

test("a process that was stopped while another took its run over ends with exit 3 and writes nothing", async () => {
  const run = join(temporaryDirectory(), "run");
  const { ended, kill } = await begun(training(run, endless));
  kill("SIGSTOP");
  removeLocks(run);
  const { checkpoint } = await status(run);
  expect(await coordescent(["resume", run, "--steps", String(checkpoint + 20)])).toMatchObject({ code: 0 });
  const before = contentOf(run);
  kill("SIGCONT");
  const outcome = await ended;
  expect(outcome.stderr).toMatch(/was taken over.* Nothing more is written here/);
  expect(outcome.code).toBe(3);
  expect(contentOf(run)).toEqual(before);
});

test("what a process leaves that is killed while it begins a run is no obstacle", async () => {
  const run = join(temporaryDirectory(), "run");
  mkdirSync(run);
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(join(run, `config.json.${pid}-0123abcd.part`), "{");
  writeFileSync(
    join(run, "lock.1"),
    JSON.stringify({ pid, host: hostname(), boot: "x", began: "1", epoch: 1, since: "", token: "" }),
  );
  writeFileSync(join(run, "lock.2"), "");
  expect(await coordescent(training(run, 5))).toMatchObject({ code: 0 });
  expect(readdirSync(run).filter((name) => /part$|^lock/.test(name))).toEqual([]);
});

const canMount = process.platform === "linux" && process.getuid?.() === 0;

test.skipIf(!canMount)(
  "on a full disk a training goes on, says so, and saves again once there is space",
  async ({ skip }) => {
    const disk = temporaryDirectory();
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("this machine lets nobody mount a small disk");
    }
    onTestFinished(() => void execFileSync("umount", ["-l", disk]));
    const run = join(disk, "run");
    const filler = join(disk, "filler");
    let isFull = false;
    let isDone = false;
    const outcome = await coordescent(training(run, endless, "--json"), {
      onOutput: (stderr, kill) => {
        if (!isFull && stderr.includes("step ")) {
          isFull = true;
          spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"], { stdio: "ignore" });
        }
        if (stderr.includes("NOT SAVED")) rmSync(filler, { force: true });
        if (!isDone && stderr.includes("The disk takes files again")) {
          isDone = true;
          kill("SIGINT");
        }
      },
    });
    expect(outcome.stderr).toMatch(
      /NOT SAVED: step \d+\. .*ENOSPC.*Free some space\. Training goes on, after 1 of 5 tries/,
    );
    expect(outcome.code).toBe(130);
    const { step, degraded } = json(outcome.stdout);
    expect(degraded).toMatchObject({ files: expect.any(Number), problem: expect.stringContaining("ENOSPC") });
    const steps = 20 * Math.ceil(step / 20) + 20;
    const whole = join(temporaryDirectory(), "whole");
    await coordescent(training(whole, steps));
    await coordescent(["resume", run, "--steps", String(steps)]);
    const name = `checkpoints/${String(steps).padStart(6, "0")}.safetensors`;
    expect(readFileSync(join(run, name)).equals(readFileSync(join(whole, name)))).toBe(true);
  },
);
