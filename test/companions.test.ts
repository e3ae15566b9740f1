import { expect, test } from "vitest";
import { ring } from "../src/data/mixture.ts";
import { input } from "../src/graph/tensor.ts";
import { compile } from "../src/onnx/compile.ts";
import { mul } from "../src/ops/arithmetic.ts";
import { sizeOf } from "../src/program.ts";
import { fillNormal, stream } from "../src/random.ts";
import { configure } from "../src/runs/config.ts";
import { planOf } from "../src/runs/model.ts";
import { presets } from "../src/runs/presets.ts";
import { collector } from "../src/runtime/collector.ts";
import { openCompanions, openedCompanions } from "../src/runtime/companions.ts";
import { nativeRuntime } from "../src/runtime/native.ts";
import { openRuntime } from "../src/runtime/open.ts";
import { createTrainer } from "../src/train/trainer.ts";
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

test("a companion that fails says so, and goes on with what it is asked for next", async () => {
  const [companion] = await openCompanions(1, model);
  const failing = companion!.learn(kernelOf([unreachable]).computation);
  const { computation, numbers } = kernelOf([get(0), get(1), splat, storeAt(16)]); // its part, four times, behind its table
  const storing = companion!.learn(computation);
  failing.start(0, 1);
  expect(() => failing.finish()).toThrow("beside this thread: unreachable");
  storing.start(32, 7);
  storing.finish();
  expect([...numbers.subarray(12, 17)]).toEqual([7, 7, 7, 7, 0]);
  failing.release();
  storing.release();
});

test("a companion forgets a kernel that is released, and the memory in which it computed", async () => {
  const [companion] = await openCompanions(1, model);
  const use = () => {
    const memory = new WebAssembly.Memory({ initial: 800, maximum: 800, shared: true });
    new Uint8Array(memory.buffer).fill(1); // 50 MiB
    const module = new WebAssembly.Module(
      inSharedMemory(moduleOf([i32, i32], [v128], [get(0), get(1), splat, storeAt(16)])),
    );
    const helper = companion!.learn({ module, memory });
    helper.start(0, 1);
    helper.finish();
    helper.release();
  };
  const collect = collector()!;
  const sizes = Array.from({ length: 6 }, () => {
    use();
    collect();
    return process.memoryUsage().rss / 2 ** 20;
  });
  expect(sizes.at(-1)! - sizes[0]!).toBeLessThan(125); // it was 250
});

test("a companion that cannot begin is a mistake that says how to do without, and none that counts", async () => {
  const before = openedCompanions.length;
  await expect(openCompanions(before + 1, new Uint8Array(3))).rejects.toThrow(
    /^threads: expected a thread beside this one, which does not begin: .*protobuf.*\. Use one \(`--threads 1`\)\.$/is,
  );
  expect(openedCompanions).toHaveLength(before);
});

test("threads that are asked for at the same time are opened once", async () => {
  const wanted = openedCompanions.length + 1;
  const all = await Promise.all([1, 2, 3].map(() => openCompanions(wanted, model)));
  expect(openedCompanions).toHaveLength(wanted);
  for (const companions of all) expect(companions).toEqual(openedCompanions);
});

test("normal numbers that another thread draws are those of this one", async () => {
  const runtime = nativeRuntime({ threads: 2 });
  await openCompanions(1, model);
  const allocate = runtime.arena!([[3], [2, 1000]]);
  const draws = [
    { tensor: allocate([3]), source: stream(5, "a"), first: 0 },
    { tensor: allocate([2, 1000]), source: stream(5, "b"), first: 77 },
  ];
  const helper = runtime.normalsBeside!(draws)!;
  for (const step of [0, 1, 2 ** 31 - 1]) {
    helper.start(step, 0);
    helper.finish();
    for (const { tensor, source, first } of draws) {
      const expected = new Float32Array(sizeOf(tensor.shape));
      fillNormal(source, step, expected, first);
      expect(await tensor.read()).toEqual(expected);
    }
  }
  helper.release();
  expect(runtime.normalsBeside!([{ ...draws[0]!, tensor: runtime.allocate([3]) }])).toBe(undefined);
  expect(nativeRuntime({ threads: 1 }).normalsBeside!(draws)).toBe(undefined);
});

test("a session that is released twice stays released, and runs no more", async () => {
  const runtime = nativeRuntime({ threads: 2 });
  const session = await runtime.load(
    compile("square", [{ name: "y", tensor: mul(x, x), role: "metric" }], { shards: 2 }),
  );
  const run = { inputs: { x: runtime.allocate([4]) }, outputs: { y: runtime.allocate([4]) } };
  await session.release();
  await session.release();
  expect(() => session.run(run.inputs, run.outputs)).toThrow("internal: a released session cannot run.");
  expect(() => session.runAll!([run, run])).toThrow("internal: a released session cannot run.");
});

test("where runs fail on several threads the error is that of this one, and the next run is whole", async () => {
  const runtime = nativeRuntime({ threads: 2 });
  const session = await runtime.load(
    compile("square", [{ name: "y", tensor: mul(x, x), role: "metric" }], { shards: 2 }),
  );
  const run = (size: number) => ({ inputs: { x: runtime.allocate([size]) }, outputs: { y: runtime.allocate([4]) } });
  expect(() => session.runAll!([run(5), run(5)])).toThrow(/Got: 5 Expected: 4/);
  expect(() => session.runAll!([run(4), run(5)])).toThrow(/^beside this thread: .*Got: 5 Expected: 4/s);
  const good = [run(4), run(4)];
  for (const { inputs } of good) inputs.x.write((values) => values.fill(3));
  session.runAll!(good);
  for (const { outputs } of good) expect([...(await outputs.y.read())]).toEqual([9, 9, 9, 9]);
  await session.release();
});

test.each(["cpu", "wasm"] as const)("a training on %s lets the event loop in", async (device) => {
  const config = configure(presets.points.config, [["batch", 16]]);
  const runtime = await openRuntime(device, { threads: 1 });
  const trainer = await createTrainer({ plan: planOf(config, ring), runtime, data: ring, seed: 1 });
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  for (const end = performance.now() + 500; performance.now() < end; ) await trainer.iterate();
  clearInterval(timer);
  expect(turns).toBeGreaterThan(2);
  await trainer.release();
});
