import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { apply, constant, input, type Operator, type Shape, type Tensor } from "../src/graph/tensor.ts";
import { compile } from "../src/onnx/compile.ts";
import { add, mul, neg, square } from "../src/ops/arithmetic.ts";
import { reduceSum } from "../src/ops/broadcasting.ts";
import { greater, where } from "../src/ops/comparison.ts";
import { exp } from "../src/ops/elementwise.ts";
import { operators } from "../src/ops/operators.ts";
import { matMul } from "../src/ops/product.ts";
import type { Program } from "../src/program.ts";
import { type ArenaTensor, openArena } from "../src/runtime/arena.ts";
import { nodeRuntime } from "../src/runtime/node.ts";
import type { Session } from "../src/runtime/runtime.ts";
import { signed, unsigned } from "../src/wasm/binary.ts";
import { largestError, numbers } from "./support/evaluate.ts";

const runtime = nodeRuntime({ threads: 1 });
const compiled = (tensors: readonly Tensor[], kernelParts = 1) =>
  compile(
    "test",
    tensors.map((tensor, i) => ({ name: `result${i}`, tensor, role: "sample" })),
    { kernelParts },
  );

/** The results of tensors on the same numbers: as operators of ONNX Runtime, and as kernels of one and of several parts. */
async function everyWay(tensors: readonly Tensor[]) {
  const { kernel: _, ...plain } = compiled(tensors);
  const found = [];
  for (const parts of [1, 2, 3]) {
    const program = compiled(tensors, parts);
    expect(program.kernel?.parts).toBe(parts);
    found.push(await results(program, await runtime.load(program)));
  }
  return { plain: await results(plain, await runtime.load(plain)), kernels: found };
}

async function results({ manifest }: Program, session: Session): Promise<number[][]> {
  const { inputs, outputs } = manifest;
  const next = runtime.arena!([...inputs, ...outputs].map(({ shape }) => shape));
  const allocate = (ports: typeof inputs | typeof outputs) =>
    Object.fromEntries(ports.map(({ name, shape }) => [name, next(shape) as ArenaTensor]));
  const [from, to] = [allocate(inputs), allocate(outputs)];
  for (const [name, { values }] of Object.entries(from)) values.set(numbers(values.length, name, -2, 2));
  await session.run(from, to);
  await session.release();
  return Object.values(to).map(({ values }) => Array.from(values, unsignedZero));
}

/** ONNX Runtime itself has another sign of a zero in the last elements of a tensor, which it computes one by one, than in the first. */
const unsignedZero = (x: number) => x + 0;

const spelt = operators.filter(({ simd }) => simd && !simd.isTotal);
/** An operator on tensors of a shape, conditions made from numbers. */
const applied = (operator: Operator, sources: readonly Tensor[]): Tensor => {
  const inputs = sources.map((source, i) =>
    operator.takes?.[i] === "bool" ? greater(source, constant(0.25)) : source,
  );
  const result = apply(operator, inputs);
  return result.type === "bool" ? where(result, inputs[0]!, constant(-1)) : result;
};
const arity = (operator: Operator) => (operator.takes ? 3 : ["Neg", "Sqrt", "Abs"].includes(operator.type) ? 1 : 2);

describe("numbers in the module", () => {
  test("are those of the specification of LEB128", () => {
    expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]);
    expect([unsigned(0), unsigned(127), unsigned(128)]).toEqual([[0], [127], [128, 1]]);
    expect(signed(-123456)).toEqual([0xc0, 0xbb, 0x78]);
    expect([signed(63), signed(64), signed(-64), signed(-65)]).toEqual([[63], [0xc0, 0], [64], [0xbf, 0x7f]]);
  });
});

describe("a kernel", () => {
  beforeAll(async () => {
    await runtime.load(compiled([exp(input("x", [1], "batch"))])); // as in a training: numbers below 2^-126 are 0 from here on
  });

  test.each(spelt.map((operator) => [operator.type, operator] as const))(
    "gives for %s what ONNX Runtime gives, to the bit",
    async (_, operator) => {
      const sizes = [1, 2, 3, 4, 5, 8, 13, 64];
      const tensors = sizes.map((size) => {
        const sources = Array.from({ length: arity(operator) }, (_, i) => input(`x${i}/${size}`, [size], "batch"));
        return applied(operator, sources);
      });
      const { plain, kernels } = await everyWay(tensors);
      for (const kernel of kernels) expect(kernel).toEqual(plain);
    },
  );

  test("of any expression gives what ONNX Runtime gives, to the bit", { timeout: 60_000 }, async () => {
    const choice = fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat());
    const shape = fc.constantFrom<Shape>([5], [2, 3], [16], [1, 7]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 1, maxLength: 3 }),
        fc.array(choice, { maxLength: 25 }),
        async (shapes, choices) => {
          const known: Tensor[] = [
            constant(0.5),
            input("scalar", [], "hyper"),
            ...shapes.flatMap((s, i) => [input(`a${i}`, s, "state"), input(`b${i}`, s, "parameter")]),
          ];
          for (const [pick, first, ...others] of choices) {
            const operator = spelt[pick % spelt.length]!;
            const base = known[first % known.length]!;
            const fitting = known.filter(({ shape: s }) => s.length === 0 || String(s) === String(base.shape));
            const rest = others.map((i) => fitting[i % fitting.length]!);
            known.push(applied(operator, [base, ...rest].slice(0, arity(operator))));
          }
          const { plain, kernels } = await everyWay(known.slice(1));
          for (const kernel of kernels) expect(kernel).toEqual(plain);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("adds up all elements of tensors of any size, beside what else it makes of them", async () => {
    const sizes = [1, 2, 3, 4, 5, 8, 13, 64, 1001];
    const tensors = sizes.flatMap((size) => {
      const x = input(`x${size}`, [size], "state");
      const y = add(x, constant(10)); // what lies behind the last element is 10
      return [y, reduceSum(y), mul(constant(0.5), add(reduceSum(square(x)), reduceSum(y)))];
    });
    const { plain, kernels } = await everyWay(tensors);
    for (const kernel of kernels) expect(largestError(kernel.flat(), plain.flat())).toBeLessThan(1e-6);
  });

  test.each([1, 3])("of %i parts adds up to a number that is not finite where one element is", async (parts) => {
    const sums = [5, 16].map((size) => reduceSum(neg(input(`x${size}`, [size], "state"))));
    const session = await runtime.load(compiled(sums, parts));
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (let at = 0; at < 16; at++) {
        const next = openArena([[5], [16], [], []]);
        const [x5, x16, result0, result1] = [next([5]), next([16]), next([]), next([])];
        x16.values[at] = value;
        if (at < 5) x5.values[at] = value;
        await session.run({ x5, x16 }, { result0, result1 });
        expect(Number.isFinite(result1.values[0])).toBe(false);
        expect(Number.isFinite(result0.values[0])).toBe(at >= 5);
      }
    }
  });

  test.each([1, 3])("of %i parts writes its results and nothing else", async (parts) => {
    const sums = [5, 16, 1].map((size) => add(input(`x${size}`, [size], "state"), constant(1)));
    const program = compiled(sums, parts);
    const shapes = [...program.manifest.inputs, ...program.manifest.outputs].flatMap(({ shape }) => [shape, [4]]);
    const next = openArena(shapes);
    const guards: Float32Array[] = [];
    const guarded = (ports: readonly { name: string; shape: Shape }[]) =>
      Object.fromEntries(
        ports.map(({ name, shape }) => {
          const tensor = next(shape);
          guards.push(next([4]).values.fill(7));
          return [name, tensor];
        }),
      );
    const [inputs, outputs] = [guarded(program.manifest.inputs), guarded(program.manifest.outputs)];
    const session = await runtime.load(program);
    await session.run(inputs, outputs);
    expect(Object.values(outputs).map(({ values }) => [...values])).toEqual([5, 16, 1].map((n) => Array(n).fill(1)));
    expect(Object.values(inputs).every(({ values }) => values.every((x) => x === 0))).toBe(true);
    expect(guards.every((guard) => guard.every((x) => x === 7))).toBe(true);
  });

  test("is none where an operator needs more than the element, or a tensor is stretched", () => {
    const x = input("x", [3, 3], "state");
    const row = input("row", [3], "state");
    for (const tensor of [
      matMul(x, x),
      reduceSum(x, { axes: [0] }),
      mul(x, reduceSum(x)),
      add(x, row),
      mul(x, exp(x)),
      add(x, constant([1, 2, 3])),
    ]) {
      expect(compiled([tensor]).kernel).toBeUndefined();
    }
  });

  test("computes in the memory of whichever tensors it is given", async () => {
    const program = compiled([mul(input("x", [6], "state"), constant(3))]);
    const session = await runtime.load(program);
    for (const value of [1, 2]) {
      const next = openArena([[6], [6]]);
      const [x, y] = [next([6]), next([6])];
      x.values.fill(value);
      await session.run({ x }, { result0: y });
      expect([...y.values]).toEqual(Array(6).fill(3 * value));
    }
  });
});
