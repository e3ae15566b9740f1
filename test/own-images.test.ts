import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { encodeNpy } from "../src/data/npy.ts";
import { strokes } from "../src/data/strokes.ts";
import { coordescent, temporaryDirectory } from "./support/command.ts";

const count = 1000;
const { pixels } = strokes({ count });

/** Digits as pictures of 28 x 28, and one in colour and of another size among them. */
function pictures(folder: string): void {
  mkdirSync(folder);
  for (let i = 0; i < count; i++) {
    const data = pixels.subarray(784 * i, 784 * (i + 1));
    writeFileSync(join(folder, `${i}.png`), encode({ width: 28, height: 28, channels: 1, data }));
  }
  const large = new Uint8Array(64 * 50 * 4).fill(200);
  writeFileSync(join(folder, "0.png"), encode({ width: 64, height: 50, channels: 4, data: large }));
}

async function json(args: string[], cwd: string): Promise<Record<string, unknown>> {
  const outcome = await coordescent([...args, "--json"], { cwd });
  expect(outcome, `${args.join(" ")}\n${outcome.stderr}`).toMatchObject({ code: 0 });
  return JSON.parse(outcome.stdout) as Record<string, unknown>;
}

const often = ["--batch", "16", "--set", "probe.every=2", "--set", "probe.count=100", "--set", "log.every=1"];

test("a run on a folder of pictures is made, measured and resumed, from wherever, until the folder changes", async () => {
  const cwd = temporaryDirectory();
  const folder = join(cwd, "my pictures");
  pictures(folder);
  const trained = await json(["train", "--data", "my pictures", "--steps", "2", ...often], cwd);
  expect(trained).toMatchObject({ data: "my pictures", step: 2, quality: { modes: expect.any(Number) } });
  expect(trained.run).toMatch(/^runs\/[\d-]+-my-pictures-default$/);
  const run = join(cwd, trained.run as string);
  const config = JSON.parse(readFileSync(join(run, "config.json"), "utf8"));
  expect(config).toMatchObject({ data: { name: "my pictures" }, config: { data: folder } });
  expect(readFileSync(join(run, "report.html"), "utf8")).not.toContain(cwd);

  expect(await json(["resume", run, "--steps", "3"], temporaryDirectory())).toMatchObject({ step: 3 });
  writeFileSync(join(folder, "zzz.png"), readFileSync(join(folder, "5.png")));
  const changed = await coordescent(["resume", run, "--steps", "4"]);
  expect(changed).toMatchObject({ code: 6, stdout: "" });
  expect(changed.stderr).toMatch(/my pictures: expected the data that the run began with \(SHA-256/);
  rmSync(join(folder, "zzz.png"));

  const figures = await json(["evaluate", run, "--count", "100"], temporaryDirectory());
  expect(figures).toMatchObject({ kind: "images", data: folder, samples: 100, classes: { areRead: true } });
  for (const name of ["fid", "kid", "coverage", "check"]) {
    const { value, floor } = figures[name] as { value: number; floor: number };
    expect(Number.isFinite(value) && Number.isFinite(floor), name).toBe(true);
  }
  const { value, floor } = figures.fid as { value: number; floor: number };
  expect(value).toBeGreaterThan(2 * floor); // after three steps
}, 300_000); // the scale of the evaluation is measured, too

test("images that are too few to measure by are refused with how many it takes, and data check says what is read", async () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "few.npy"), encodeNpy([500, 784], pixels.subarray(0, 500 * 784)));
  const checked = await json(["data", "check", "few.npy"], cwd);
  expect(checked).toMatchObject({ name: "few.npy", count: 400 });
  const outcome = await coordescent(["evaluate", "few.npy", "--data", "few.npy"], { cwd });
  expect(outcome.stderr).toMatch(
    /few\.npy: expected at least 100 images of the test split to compare with, a tenth of all, got 50/,
  );
  expect(outcome.code).toBe(6);
});
