import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  binaryRule,
  constantTwin,
  evaluated,
  expectEqualTwins,
  inputTwins,
  operand,
  type Rule,
  randomTwins,
  unaryRule,
} from "../../test/support/twins.ts";
import { buildGraph } from "../graph/graph.ts";
import { print } from "../graph/print.ts";
import { constant, input, isScalarConstant, type Shape, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { expand, fill, reduceSum, reshape, sumTo } from "./broadcasting.ts";
import { sqrt } from "./elementwise.ts";
import { concat, pad, slice, transpose } from "./layout.ts";

const x = input("x", [2, 3], "batch");
const s = input("s", [], "hyper");
const text = (tensor: Tensor) => print(buildGraph([{ name: "y", tensor }]));

describe("at construction", () => {
  test.each<[string, Tensor]>([
    ["x + 0", add(x, constant(0))],
    ["0 + x", add(constant([0], [1, 1]), x)],
    ["x - 0", sub(x, constant(0))],
    ["1 * x", mul(constant(1), x)],
    ["x * 1", mul(x, constant([1], [1]))],
    ["x / 1", div(x, constant(1))],
    ["-(-x)", neg(neg(x))],
    ["0.5 * (2 * x)", mul(constant(0.5), mul(constant(2), x))],
    ["x transposed twice", transpose(transpose(x))],
    ["x transposed in the order of its axes", transpose(x, [0, 1])],
    ["x reshaped and reshaped back", reshape(reshape(x, [6]), [2, 3])],
    ["x expanded to its own shape", expand(x, [2, 3])],
    ["x summed over no axes", reduceSum(x, { axes: [] })],
    ["x summed to its own shape", sumTo(x, [2, 3])],
    ["the whole of x", slice(x, 1, 0, 3)],
    ["x with no padding", pad(x, 0, 0, 0)],
    ["x alone, one after the other", concat([x], 0)],
  ])("%s is x itself", (_, tensor) => {
    expect(tensor).toBe(x);
  });

  test.each<[string, Tensor, number]>([
    ["2 + 3", add(constant(2), constant(3)), 5],
    ["2 - 3", sub(constant(2), constant([3], [1, 1])), -1],
    ["2 * 3", mul(constant(2), constant(3)), 6],
    ["2 / 4", div(constant(2), constant(4)), 0.5],
    ["-2", neg(constant(2)), -2],
    ["sqrt 4", sqrt(constant(4)), 2],
    ["0 * 2, under another shape", reshape(mul(constant(0), constant(2)), [1, 1]), 0],
  ])("%s is one constant", (_, tensor, value) => {
    expect(isScalarConstant(tensor, value)).toBe(true);
  });

  test("scalar factors gather in front", () => {
    expect(text(mul(mul(mul(x, constant(2)), constant(3)), constant(4)))).toMatchInlineSnapshot(`
      "x [2, 3] batch
      %2 = Mul(24, x) [2, 3]
      -> y = %2"
    `);
  });

  test("transposes, reshapes and expansions do not pile up", () => {
    const t = input("t", [2, 3, 4], "batch");
    expect(text(transpose(transpose(t, [1, 2, 0]), [2, 1, 0]))).toMatchInlineSnapshot(`
      "t [2, 3, 4] batch
      %1 = Transpose(t) {perm=[0,2,1]} [2, 4, 3]
      -> y = %1"
    `);
    expect(text(reshape(reshape(t, [6, 4]), [4, 6]))).toMatchInlineSnapshot(`
      "t [2, 3, 4] batch
      %1 = Reshape(t) {shape=[4,6]} [4, 6]
      -> y = %1"
    `);
    expect(text(expand(expand(s, [3]), [2, 3]))).toMatchInlineSnapshot(`
      "s [] hyper
      %1 = Expand(s) {shape=[2,3]} [2, 3]
      -> y = %1"
    `);
  });

  test("broadcasting does the work of an expansion", () => {
    expect(text(mul(fill([2, 3], 2), x))).toMatchInlineSnapshot(`
      "x [2, 3] batch
      %2 = Mul(2, x) [2, 3]
      -> y = %2"
    `);
    expect(text(add(expand(s, [3]), x))).toMatchInlineSnapshot(`
      "s [] hyper
      x [2, 3] batch
      %2 = Add(s, x) [2, 3]
      -> y = %2"
    `);
    expect(text(add(expand(s, [2, 3]), fill([2, 3], 5)))).toMatchInlineSnapshot(`
      "s [] hyper
      %2 = Add(s, 5) []
      %3 = Expand(%2) {shape=[2,3]} [2, 3]
      -> y = %3"
    `);
    // here the expansion alone makes the rows
    expect(text(mul(expand(s, [2, 1]), input("row", [3], "batch")))).toMatchInlineSnapshot(`
      "s [] hyper
      %1 = Expand(s) {shape=[2,1]} [2, 1]
      row [3] batch
      %3 = Mul(%1, row) [2, 3]
      -> y = %3"
    `);
  });

  test.each([add, sub, mul, div])("a constant of higher rank still lends its rank (%o)", (f) => {
    for (const value of [0, 1, 2]) {
      expect(f(s, constant([value], [1, 1])).shape).toEqual([1, 1]);
      expect(f(constant([value], [1, 1]), s).shape).toEqual([1, 1]);
      expect(f(input("row", [3], "batch"), constant([value], [1, 1])).shape).toEqual([1, 3]);
    }
  });

  test("negative axes count from the last", () => {
    const t = input("t", [2, 3, 4], "batch");
    expect(text(transpose(t, [-1, 0, -2]))).toBe(text(transpose(t, [2, 0, 1])));
  });
});

describe("any expression", () => {
  const shapes = { scalar: [], row: [3], column: [2, 1], matrix: [2, 3], one: [1, 1], none: [0, 3] };
  const { twins: inputs, values } = inputTwins(shapes, 0.5, 2);
  const constants = [0, 1, -1, 2].flatMap((number) =>
    [[], [1], [1, 1], [1, 1, 1]].map((shape) => constantTwin(number, shape)),
  );
  const [sum, difference, product, quotient] = [
    binaryRule("Add", add),
    binaryRule("Sub", sub),
    binaryRule("Mul", mul),
    binaryRule("Div", div),
  ];
  const shaped =
    (operator: string, f: (x: Tensor, shape: Shape) => Tensor, shapesOf: (shape: Shape) => Shape[]): Rule =>
    (a, _, choice) => {
      const shapes = shapesOf(a.tensor.shape);
      const shape = shapes[choice % shapes.length]!;
      return { tensor: f(a.tensor, shape), value: evaluated(operator, [a.value, operand(shape)]) };
    };
  const rules: Rule[] = [
    ...[sum, difference, product, product, unaryRule("Neg", neg)],
    (a, b) => (b.value.values.every((divisor) => Math.abs(divisor) > 0.1) ? quotient(a, b, 0) : undefined),
    shaped("Expand", expand, (shape) => [[2, ...shape], [1, ...shape], shape.map((size) => (size === 1 ? 3 : size))]),
    shaped("Reshape", reshape, (shape) => [[sizeOf(shape)], [...shape, 1], [1, ...shape], shape.toReversed()]),
    (a, _, choice) => {
      const perm = [...a.tensor.shape.keys()].toSorted((i, j) => ((i + choice) % 5) - ((j + choice) % 5));
      return { tensor: transpose(a.tensor, perm), value: evaluated("Transpose", [a.value], { perm }) };
    },
    ({ tensor, value }, _, choice) => {
      const axes = [...tensor.shape.keys()].filter((axis) => (choice >> axis) & 1);
      const sum = evaluated("ReduceSum", [value, operand(axes)], { keepdims: choice % 2 });
      return { tensor: reduceSum(tensor, { axes, keepdims: choice % 2 === 1 }), value: sum };
    },
  ];

  test("keeps its value and its shape when it is simplified", async () => {
    await fc.assert(
      fc.asyncProperty(randomTwins([...inputs, ...constants], rules), (twins) => expectEqualTwins(twins, values)),
      { numRuns: 400 },
    );
  });
});
