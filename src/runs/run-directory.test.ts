import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ConfigError, InputError, StorageError } from "../errors.ts";
import { presets } from "./presets.ts";
import { checkFree, openRun } from "./run-directory.ts";

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), "coordescent-run-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** The error of what is no run, without the folder. */
const problem = async (attempt: Promise<unknown>, root: string) => {
  const error = await attempt.catch((cause: unknown) => cause);
  return [(error as Error).constructor, (error as Error).message.replaceAll(root, "ROOT")];
};

test("what is found in the place of a run is named", async () => {
  const root = folder();
  writeFileSync(join(root, "file"), "");
  symlinkSync(join(root, "gone"), join(root, "link"));
  const said = (found: string, name: string) => [
    ConfigError,
    `ROOT${name}: expected the directory of a run, found ${found}. \`coordescent train\` makes one.`,
  ];
  expect(await problem(openRun(root), root)).toEqual(said("a directory without config.json", ""));
  expect(await problem(openRun(join(root, "none")), root)).toEqual(said("no such directory", "/none"));
  expect(await problem(openRun(join(root, "file")), root)).toEqual(said("a file", "/file"));
  expect(await problem(openRun(join(root, "link")), root)).toEqual(said("a link that leads nowhere", "/link"));
});

test("of a run that cannot be looked at it is said why, and not that there is none", async () => {
  const root = folder();
  symlinkSync(join(root, "config.json"), join(root, "config.json"));
  expect(await problem(openRun(root), root)).toEqual([
    StorageError,
    expect.stringContaining("ROOT/config.json: cannot be read: ELOOP"),
  ]);
});

test("an empty name is that of no run, not even of the one in the working directory", async () => {
  await expect(openRun("")).rejects.toThrow(
    new ConfigError("expected the directory of a run, got an empty name. `coordescent train` makes one.", "run"),
  );
});

test("a run is not begun behind a link that leads nowhere", async () => {
  const root = folder();
  symlinkSync(join(root, "gone"), join(root, "link"));
  expect(await problem(checkFree(join(root, "link")), root)).toEqual([
    ConfigError,
    "--run ROOT/link: expected a new directory, found a link that leads nowhere. Remove the link, or choose another.",
  ]);
  await checkFree(join(root, "new"));
});

test.each([
  ["step", "steps", "step: unknown configuration key. Did you mean steps?"],
  ["descent.learning", "descent.learningRate", "descent.learning: unknown configuration key. Did you mean"],
])("of a configuration with %s for %s it is said which key is unknown", async (wrong, right, said) => {
  const root = folder();
  const config = structuredClone(presets.default.config) as unknown as Record<string, Record<string, unknown>>;
  const [group, name] = right.includes(".") ? [config[right.split(".")[0]!]!, right.split(".")[1]!] : [config, right];
  const value = (group as Record<string, unknown>)[name];
  delete (group as Record<string, unknown>)[name];
  (group as Record<string, unknown>)[wrong.split(".").at(-1)!] = value;
  const record = { coordescent: "1", data: { name: "", fingerprint: "" }, config };
  writeFileSync(join(root, "config.json"), JSON.stringify(record));
  const [kind, message] = await problem(openRun(root), root);
  expect(kind).toBe(InputError);
  expect(message).toContain(`ROOT/config.json: expected the configuration of a run: ${said}`);
});
