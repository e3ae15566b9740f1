import { describe, expect, test } from "vitest";
import { type Awaitable, after, firstOf } from "./awaitable.ts";

const later = <T>(value: T): Promise<T> => Promise.resolve(value);

test("what follows a value is there at once, what follows a promise is a promise", async () => {
  expect(after(3, (x) => x + 1)).toBe(4);
  const promised = after(later(3), (x) => later(x + 1));
  expect(promised).toBeInstanceOf(Promise);
  expect(await promised).toBe(4);
});

describe.each<[string, <T>(value: T) => Awaitable<T>]>([
  ["values", (value) => value],
  ["promises", later],
])("visits that give %s", (_, given) => {
  test("are made in order, up to the first that gives something", async () => {
    const visited: number[] = [];
    const found = await firstOf([1, 2, 3, 4], (item) => {
      visited.push(item);
      return given(item === 3 ? "three" : undefined);
    });
    expect(found).toBe("three");
    expect(visited).toEqual([1, 2, 3]);
  });

  test("may give nothing", async () => {
    expect(await firstOf([1, 2], () => given(undefined))).toBeUndefined();
    expect(await firstOf([], () => given("something"))).toBeUndefined();
  });
});

test("a promise in the middle is waited for before the next visit", async () => {
  const visited: string[] = [];
  const found = firstOf(["a", "b", "c"], (item) => {
    visited.push(`${item} begins`);
    if (item !== "b") return undefined;
    return later(undefined).then(() => {
      visited.push("b ends");
      return undefined;
    });
  });
  expect(found).toBeInstanceOf(Promise);
  await found;
  expect(visited).toEqual(["a begins", "b begins", "b ends", "c begins"]);
});

test("a visit that gives nothing makes no promise", () => {
  expect(firstOf([1, 2, 3], () => undefined)).toBeUndefined();
});
