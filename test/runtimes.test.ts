import { describe, expect, test } from "vitest";
import { gradients } from "../src/autodiff/gradients.ts";
import { losses } from "../src/gan/losses.ts";
import { input } from "../src/graph/tensor.ts";
import { compile } from "../src/onnx/compile.ts";
import { add } from "../src/ops/arithmetic.ts";
import { reduceSum } from "../src/ops/broadcasting.ts";
import { sizeOf } from "../src/program.ts";
import { nativeRuntime } from "../src/runtime/native.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import { referenceRuntime } from "../src/runtime/reference.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { webRuntime } from "../src/runtime/web.ts";
import { evaluator, largestError, numbers, type Values } from "./support/evaluate.ts";
import { operatorContracts } from "./support/operator-cases.ts";

/** What every runtime promises; a new one adds its line. */
describe.each<readonly [string, Runtime]>([
  ["reference", referenceRuntime()],
  ["onnxruntime", nativeRuntime({ threads: 1 })],
  ["onnxruntime, 2 threads", nativeRuntime({ threads: 2 })],
  ["onnxruntime-node", nodeRuntime({ threads: 1 })],
  ["onnxruntime-web", webRuntime({ threads: 1 })],
])("runtime %s", (_, runtime) => {
  test.each(operatorContracts.map((contract) => [contract.operator.type, contract] as const))(
    "%s and its gradient agree with the float64 reference",
    async (_, { cases }) => {
      for (const { shapes, build, domain: [low, high] = [-2, 2] } of cases) {
        const inputs = shapes.map((shape, i) => input(`x${i}`, shape, "batch"));
        const values: Values = Object.fromEntries(
          inputs.map(({ name, shape }) => [name, numbers(sizeOf(shape), name, low, high).map(Math.fround)]),
        );
        const y = build(inputs);
        const results = [y, ...gradients(reduceSum(y), inputs)];
        const actual = await (await evaluator(results, runtime))(values);
        const expected = await (await evaluator(results))(values);
        for (const [i, list] of actual.entries()) {
          expect(largestError(list, expected[i]!), `${JSON.stringify(shapes)} result ${i}`).toBeLessThan(2e-6);
        }
      }
    },
  );

  test("losses and their gradients are finite at logits of 1000 either way", async () => {
    const [real, fake] = [input("real", [4, 1], "batch"), input("fake", [4, 1], "batch")];
    const values = { real: [1000, -1000, 1000, -1000], fake: [1000, 1000, -1000, -1000] };
    for (const loss of Object.values(losses)) {
      const values_ = [loss.discriminator(real, fake), loss.generator(fake, real)];
      const slopes = values_.flatMap((value) => gradients(value, [real, fake]));
      const lists = await (await evaluator([...values_, ...slopes], runtime))(values);
      expect(lists.flat().every(Number.isFinite)).toBe(true);
    }
  });

  test("a matrix larger than a kernel's tile is replaced by its next value without being read half-written", async () => {
    const n = 70;
    const [w, x] = [input("w", [n, n], "parameter"), input("x", [n, n], "batch")];
    const next = add(w, gradients(reduceSum(add(w, x)), [w])[0]!);
    const program = compile("step", [{ name: "w/next", tensor: next, role: "parameter", replaces: "w" }]);
    const session = await runtime.load(program);
    let [old, fresh] = [runtime.allocate([n, n]), runtime.allocate([n, n])];
    const [batch, check] = [runtime.allocate([n, n]), runtime.allocate([])];
    for (let step = 0; step < 5; step++) {
      await session.run({ w: old, x: batch }, { "w/next": fresh, "step/check": check });
      [old, fresh] = [fresh, old];
    }
    expect((await old.read()).every((value) => value === 5)).toBe(true);
    await session.release();
  });

  test("the same program on the same inputs gives the same bits", async () => {
    const [a, b] = [input("a", [33, 65], "batch"), input("b", [65, 47], "batch")];
    const { gemm } = await import("../src/ops/product.ts");
    const values = { a: numbers(33 * 65, "a"), b: numbers(65 * 47, "b") };
    const run = await evaluator([gemm(a, b)], runtime);
    expect(await run(values)).toEqual(await run(values));
  });
});
