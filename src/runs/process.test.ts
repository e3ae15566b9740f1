import { expect, test } from "vitest";
import { identify, isAlive } from "./process.ts";

const here = { ...identify(), boot: "this", machine: "m" };

test("this process is alive, and one that began at another time is not it", () => {
  expect(isAlive(identify())).toBe(true);
  expect(isAlive({ ...here, began: "1" }, here)).toBe(false);
});

test("a process from before the machine was started again is dead", () => {
  expect(isAlive({ ...here, boot: "before" }, here)).toBe(false);
});

test.each([
  ["of another name", { host: "elsewhere" }],
  ["of the same name, with another start", { boot: "another", machine: "another" }],
  ["of the same name, with another start, that does not say which it is", { boot: "another", machine: null }],
])("a process on a machine %s cannot be checked", (_, changes) => {
  expect(isAlive({ ...here, ...changes }, here)).toBeUndefined();
  expect(isAlive({ ...here, boot: "another" }, { ...here, machine: null })).toBeUndefined();
});
