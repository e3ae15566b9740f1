import { expect, test } from "vitest";
import { input } from "../src/graph/tensor.ts";
import { compile } from "../src/onnx/compile.ts";
import { mul } from "../src/ops/arithmetic.ts";
import { companionsOf } from "../src/runtime/companions.ts";
import { nativeRuntime } from "../src/runtime/native.ts";
import { webAssembly } from "../src/wasm/api.ts";
import { get, i32, inSharedMemory, moduleOf, storeAt, v128 } from "../src/wasm/binary.ts";

const WebAssembly = webAssembly();

const x = input("x", [4], "batch");
const { model } = compile("square", [{ name: "y", tensor: mul(x, x), role: "sample" }]);
const [unreachable, splat] = [0x00, [0xfd, 0x11]];

/** A kernel of this code, and the numbers of the memory that it is in. */
function kernelOf(code: Parameters<typeof moduleOf>[2]) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new WebAssembly.Module(inSharedMemory(moduleOf([i32, i32], [v128], code)));
  return { computation: { module, memory }, numbers: new Int32Array(memory.buffer) };
}

test("a companion that fails says so, and goes on with what it is asked for next", () => {
  const [companion] = companionsOf(1, model);
  const failing = companion!.learn(kernelOf([unreachable]).computation);
  const { computation, numbers } = kernelOf([get(0), get(1), splat, storeAt(16)]); // its part, four times, behind its table
  const storing = companion!.learn(computation);
  failing.start(0, 1);
  expect(() => failing.finish()).toThrow("a run beside this thread failed.");
  storing.start(32, 7);
  storing.finish();
  expect([...numbers.subarray(12, 17)]).toEqual([7, 7, 7, 7, 0]);
  failing.release();
  storing.release();
});

test("runs of the native library let the event loop in", async () => {
  const runtime = nativeRuntime({ threads: 1 });
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  for (const end = performance.now() + 300; performance.now() < end; ) await runtime.rest!();
  clearInterval(timer);
  expect(turns).toBeGreaterThan(2);
});
