import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterEach, expect, test, vi } from "vitest";
import { temporaryDirectory } from "./support/command.ts";

const { argv } = process;
const directory = process.cwd();
afterEach(() => {
  process.argv = argv;
  process.chdir(directory);
  vi.restoreAllMocks();
});

test("examples/train.ts trains, logs, and draws digits", async () => {
  const lines: unknown[][] = [];
  vi.spyOn(console, "log").mockImplementation((...values) => void lines.push(values));
  process.argv = [...argv.slice(0, 2), "200"];
  process.chdir(temporaryDirectory());
  const picture = join(process.cwd(), "digits.png");
  await import("../examples/train.ts");
  expect(lines.map(([step]) => step)).toEqual([100, 200]);
  expect(existsSync(picture)).toBe(true);
  expect(decode(readFileSync(picture))).toMatchObject({ width: 462, height: 462, channels: 1 });
});
