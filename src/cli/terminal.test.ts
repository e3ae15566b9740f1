import { readdirSync, readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { openTerminal, printable, writeError } from "./terminal.ts";

afterEach(() => vi.restoreAllMocks());

/** What is written to a stream from now on. */
function heard(name: "stdout" | "stderr"): string[] {
  const texts: string[] = [];
  vi.spyOn(process[name], "write").mockImplementation((text) => {
    texts.push(String(text));
    return true;
  });
  return texts;
}

test("control characters are printed as their numbers, but for the ends of lines", () => {
  expect(printable("a\u001b[2J\r\b\u0000\tz\nb\u007f\u009b31m")).toBe(
    "a\\u001b[2J\\u000d\\u0008\\u0000\\u0009z\nb\\u007f\\u009b31m",
  );
  const harmless = "Grüße, 数字 \u00a0😀 \\ C:\\new\n";
  expect(printable(harmless)).toBe(harmless);
});

test("results, notices and errors are printed so", () => {
  const [out, err] = [heard("stdout"), heard("stderr")];
  const terminal = openTerminal({});
  terminal.say("\u001b[31mnotice");
  terminal.transfer("\u001b[31mtransfer");
  terminal.result({}, ["\u001b[31mresult", "\u009b2J"]);
  writeError("coordescent: \u001b[31mfile\n");
  expect(out.join("")).toBe("\\u001b[31mresult\n\\u009b2J\n");
  expect(err.join("")).toBe("\\u001b[31mnotice\n\\u001b[31mtransfer\ncoordescent: \\u001b[31mfile\n");
});

test("results in JSON stay what they are and hold no control character", () => {
  const out = heard("stdout");
  const value = { text: "\u001b[2J\u007f\u009b31m\n\\" };
  openTerminal({ json: true }).result(value, []);
  expect(out.join("")).toMatch(/^\{[ -~]*\}\n$/);
  expect(JSON.parse(out.join(""))).toEqual(value);
});

test("no command writes to the terminal past this", () => {
  const folder = new URL(".", import.meta.url);
  const writers = readdirSync(folder).filter(
    (name) =>
      !name.endsWith(".test.ts") && /console\.|std(out|err)\.write/.test(String(readFileSync(new URL(name, folder)))),
  );
  expect(writers).toEqual(["terminal.ts"]);
});
