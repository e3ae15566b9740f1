import fc from "fast-check";
import { expect, test } from "vitest";
import { maxJsonValues, parseJson } from "./json.ts";

const parse = (text: string | Uint8Array) =>
  parseJson(typeof text === "string" ? Buffer.from(text) : text, (problem, at) => new SyntaxError(`${at}: ${problem}`));

/** Without `-0`, which JSON.stringify does not write, and the one key that is refused. */
const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));

test("reads what JSON.stringify writes, as JSON.parse does", () => {
  fc.assert(
    fc.property(json, fc.constantFrom(undefined, 2, "\t"), (value, space) => {
      const text = JSON.stringify(value, undefined, space);
      expect(parse(text)).toEqual(JSON.parse(text));
    }),
  );
});

test("accepts a changed text only where JSON.parse does, with the same value", () => {
  const change = fc.tuple(
    json,
    fc.nat(),
    fc.constantFrom('"', "{", "]", ",", ":", "0", "e", "-", " ", "\\", "", "\u0000"),
  );
  fc.assert(
    fc.property(change, ([value, place, symbol]) => {
      const text = JSON.stringify(value);
      const at = place % (text.length + 1);
      const changed = text.slice(0, at) + symbol + text.slice(at + 1);
      let read: unknown;
      try {
        read = parse(changed);
      } catch (error) {
        if (/each key once|__proto__/.test((error as Error).message)) return;
        expect(() => JSON.parse(changed), changed).toThrow();
        return;
      }
      expect(read).toEqual(JSON.parse(changed));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['{"a": 1, "b": {"a": 2}, "a": 3}', '24: expected each key once, got "a" again'],
  ['{"é": 1, "\\u00e9": 2}', '10: expected each key once, got "é" again'],
  ['{"__proto__": {"steps": 1}}', "1: expected another key than __proto__"],
  ['{"a": 1', "7: expected , or }, got the end"],
  ['{"a" 1}', '5: expected :, got "1}"'],
  ["{a: 1}", '1: expected a text in quotes, got "a: 1}"'],
  ["[1, 2,]", '6: expected a value, got "]"'],
  ["[01]", '2: expected , or ], got "1]"'],
  ['["a\nb"]', "1: expected a text in quotes, got one that does not end or has characters that none may have"],
  ["1 2", '2: expected the end, got "2"'],
  ["", "0: expected a value, got the end"],
  ["\ufeff[1 2]", '6: expected , or ], got "2]"'],
])("refuses %s and says where", (text, message) => {
  expect(() => parse(text)).toThrow(new SyntaxError(message));
});

test("refuses bytes that are no text, and texts that would take more memory than their size lets one expect", () => {
  expect(() => parse(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/text in UTF-8/);
  expect(() => parse("[".repeat(100_000))).toThrow(/33: expected at most 32 levels/);
  expect(() => parse(`[${"[],".repeat(maxJsonValues)}0]`)).toThrow(/at most 262144 values/);
});
