import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { coordescent, temporaryDirectory } from "./support/command.ts";

const readme = readFileSync("README.md", "utf8").replace(/ +/g, " "); // the formatter pads tables
const commands = [...readme.matchAll(/^npx coordescent (.+)$/gm)].map(([, args]) => args!);

test("every command of the README works, in its order; with a hundredth of the steps, the oracles of one rule, and drawn digits where there is no MNIST", async () => {
  const cwd = temporaryDirectory();
  expect(commands.length).toBeGreaterThan(5);
  for (const command of commands) {
    const short = command.replace(/--steps (\d+)/, (_, steps) => `--steps ${steps / 100}`);
    const args = short.replace(/^conformance$/, "conformance --rule permutation").split(" ");
    const isOffline = args[0] === "train" && !process.env.COORDESCENT_DATA;
    const outcome = await coordescent(isOffline ? [...args, "--data", "strokes"] : args, { cwd });
    expect(outcome, `${command}\n${outcome.stderr}`).toMatchObject({ code: 0 });
  }
  expect(existsSync(join(cwd, "grid.png"))).toBe(true);
  expect(existsSync(join(cwd, "runs/first/report.html"))).toBe(true);
}, 400_000); // the first evaluation on a machine measures the scale, too

/** Every file of the built package, and when it was written. */
const built = () =>
  readdirSync("dist", { recursive: true, encoding: "utf8" }).map((name) => [
    name,
    statSync(join("dist", name)).mtimeMs,
  ]);

test("npm start builds and trains, with the options behind --; what another process may import just now is not written again", () => {
  const before = built();
  const run = join(temporaryDirectory(), "run");
  const options = ["--data", "strokes", "--steps", "10", "--run", run, "--json"];
  const output = execFileSync("npm", ["--silent", "start", "--", ...options], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  expect(JSON.parse(output)).toMatchObject({ state: "finished", step: 10, run });
  expect(built()).toEqual(before);
});

test("the library example of the README is the beginning of examples/train.ts, and the linked files exist", () => {
  const [, example] = /```ts\n([\s\S]+?)```/.exec(readme)!;
  const source = readFileSync("examples/train.ts", "utf8");
  for (const line of example!.split("\n")) if (!line.startsWith("const steps")) expect(source).toContain(line);
  for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g))
    expect(existsSync(target!.replace(/#.*/, "")), target).toBe(true);
});

test("the table of block steps in the README is what inspect prints", async () => {
  const { inspect } = await import("../src/runs/inspection.ts");
  const { presets } = await import("../src/runs/presets.ts");
  const { configure } = await import("../src/runs/config.ts");
  const layers = configure(presets.default.config, [["descent.partition", "layer"]]);
  const { blocks, fullStep } = inspect(layers, { shape: [1, 28, 28], range: "unit" });
  for (const { name, parameters, macsPerSample } of blocks) {
    const cells = [parameters.toLocaleString("en"), macsPerSample.toLocaleString("en")];
    const ratio = (macsPerSample / fullStep.macsPerSample).toFixed(2);
    expect(readme).toContain(`| \`${name}\` | ${cells.join(" | ")} | ${ratio} |`);
  }
});
