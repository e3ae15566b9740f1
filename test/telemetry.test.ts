import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { coordescent, temporaryDirectory } from "./support/command.ts";
import { tiny } from "./support/run-files.ts";

/** What the telemetry of ONNX Runtime leaves behind where it is at work. */
const traces = (folder: string) => readdirSync(folder).filter((name) => /mat-debug|\.ses$/.test(name));

const use = (runtime: string) => `
  const at = (file) => import(${JSON.stringify(pathToFileURL(resolve("dist")).href)} + "/" + file);
  const { ${runtime} } = await at("runtime/${runtime === "nodeRuntime" ? "node" : "native"}.js");
  const { presets } = await at("runs/presets.js");
  const { planOf } = await at("runs/model.js");
  const plan = planOf(presets.points.config, { shape: [2], range: "real" });
  await (await ${runtime}({ threads: 1 }).load(plan.sampler)).release();
`;

test("a training, and the library in a thread of anybody, leave ONNX Runtime's telemetry off", async () => {
  const folder = join(temporaryDirectory(), "temporary");
  mkdirSync(folder);
  const env = { TMPDIR: folder, ORT_DISABLE_TELEMETRY: undefined };
  expect(await coordescent(["train", ...tiny, "--steps", "5", "--run", join(folder, "run")], { env })).toMatchObject({
    code: 0,
  });
  for (const runtime of ["nativeRuntime", "nodeRuntime"]) {
    execFileSync(process.execPath, ["--input-type=module", "-e", use(runtime)], { env: { ...process.env, ...env } });
  }
  const inThread = `new (await import("node:worker_threads")).Worker(new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(use("nativeRuntime"))}`)}))`;
  execFileSync(process.execPath, ["--input-type=module", "-e", inThread], { env: { ...process.env, ...env } });
  expect(traces(folder)).toEqual([]);
});
