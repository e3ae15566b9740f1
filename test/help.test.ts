import { expect, test } from "vitest";
import { coordescentInTurn } from "./support/command.ts";
import { json } from "./support/run-files.ts";

const commands = [
  ...["train", "resume", "status", "sample", "evaluate", "inspect", "presets"],
  ...["conformance", "verify-resume", "data", "doctor"],
];

test("the program lists every command, and each command shows an example", async () => {
  const [help, version, ...each] = await coordescentInTurn([
    ["--help"],
    ["--version"],
    ...commands.map((command) => [command, "--help"]),
  ]);
  expect(version).toMatchObject({ code: 0, stdout: "0.1.0\n" });
  const [, list] = /\nCommands:\n([\s\S]*?)\n\n/.exec(help!.stdout)!;
  const listed = [...list!.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name!);
  expect(listed.filter((name) => name !== "help").sort()).toEqual([...commands].sort());
  for (const [i, command] of commands.entries()) {
    expect(help!.stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    expect(each[i]!.code).toBe(0);
    expect(each[i]!.stdout).toMatch(new RegExp(`Example:\n  npx coordescent ${command}`));
  }
});

test("presets lists every preset, and doctor finds the processor", async () => {
  const [presets, doctor] = await coordescentInTurn([["presets"], ["doctor", "--json"]]);
  expect(presets!.stdout).toMatch(/^default +coordinate descent on G.*\n +Measured: /);
  const { findings } = json(doctor!.stdout);
  expect(findings.find(({ what }: { what: string }) => what === "device cpu").good).toBe(true);
  for (const { found } of findings) expect(found).not.toMatch(/^Choose /); // what is missing, not what a training would do
});
