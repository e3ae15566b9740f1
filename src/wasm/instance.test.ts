import { afterEach, expect, test, vi } from "vitest";
import { openInstance } from "./instance.ts";
import { drawBytes, normalModule } from "./normal.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a module is opened with a memory that holds what it needs", () => {
  expect(openInstance(normalModule(), drawBytes)!.buffer.byteLength).toBeGreaterThanOrEqual(drawBytes);
});

test("an engine that has no WebAssembly or does not know an instruction opens nothing", () => {
  const broken = normalModule();
  broken[broken.length - 2] = 0xff;
  expect(openInstance(broken, drawBytes)).toBeUndefined();
  vi.stubGlobal("WebAssembly", undefined);
  expect(openInstance(normalModule(), drawBytes)).toBeUndefined();
});
