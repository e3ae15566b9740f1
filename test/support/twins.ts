import fc from "fast-check";
import { expect } from "vitest";
import { broadcast } from "../../src/graph/broadcast.ts";
import { constant, input, type Shape, type Tensor } from "../../src/graph/tensor.ts";
import { sizeOf } from "../../src/program.ts";
import { type Dense, type KernelAttributes, kernels } from "../../src/runtime/kernels.ts";
import { evaluator, largestError, numbers, type Values } from "./evaluate.ts";

/** A tensor as the library builds it, and its value as the kernels give it at once: not simplified, not fused, not encoded. */
export interface Twin {
  readonly tensor: Tensor;
  readonly value: Dense;
}

/** Makes a twin of two others; `choice` stands for whatever else there is to choose. Undefined where they do not fit. */
export type Rule = (a: Twin, b: Twin, choice: number) => Twin | undefined;

/** The value of an operator applied to values. */
export function evaluated(operator: string, inputs: readonly Dense[], attributes: KernelAttributes = {}): Dense {
  return kernels[operator]!(inputs, attributes);
}

/** An int64 vector, as some kernels want it. */
export function operand(values: readonly number[]): Dense {
  return { shape: [values.length], values: Float64Array.from(values) };
}

/** Inputs of some shapes by name, with values in (low, high). */
export function inputTwins(shapes: Readonly<Record<string, Shape>>, low: number, high: number) {
  const named = Object.entries(shapes);
  const values: Values = Object.fromEntries(
    named.map(([name, shape]) => [name, numbers(sizeOf(shape), name, low, high)]),
  );
  const twins = named.map(([name, shape]): Twin => {
    return { tensor: input(name, shape, "batch"), value: { shape, values: Float64Array.from(values[name]!) } };
  });
  return { twins, values };
}

/** One number, under a shape of one element. */
export function constantTwin(number: number, shape: Shape): Twin {
  return { tensor: constant([number], shape), value: { shape, values: Float64Array.of(number) } };
}

export function unaryRule(operator: string, f: (x: Tensor) => Tensor): Rule {
  return (a) => ({ tensor: f(a.tensor), value: evaluated(operator, [a.value]) });
}

export function binaryRule(operator: string, f: (a: Tensor, b: Tensor) => Tensor): Rule {
  return (a, b) =>
    isBroadcastable(a.value.shape, b.value.shape)
      ? { tensor: f(a.tensor, b.tensor), value: evaluated(operator, [a.value, b.value]) }
      : undefined;
}

function isBroadcastable(a: Shape, b: Shape): boolean {
  try {
    return broadcast("test", a, b).length >= 0;
  } catch {
    return false;
  }
}

/** Random graphs: each step applies one rule to what is there already; the twins that no random number leaves out are the outputs. */
export function randomTwins(start: readonly Twin[], rules: readonly Rule[], { steps = 12, largest = 48 } = {}) {
  const step = fc.record({
    rule: fc.constantFrom(...rules),
    // mostly what was made last, so that graphs are deep
    a: fc.oneof(fc.constant(0), fc.nat(start.length + steps)),
    b: fc.nat(start.length + steps),
    choice: fc.nat(1000),
    isOutput: fc.boolean(),
  });
  return fc.array(step, { minLength: 1, maxLength: steps }).map((list) => {
    const twins = [...start];
    const outputs: Twin[] = [];
    for (const { rule, a, b, choice, isOutput } of list) {
      const pick = (back: number) => twins[twins.length - 1 - (back % twins.length)]!;
      const twin = rule(pick(a), pick(b), choice);
      if (!twin || sizeOf(twin.tensor.shape) > largest || !isTame(twin)) continue;
      twins.push(twin);
      if (isOutput) outputs.push(twin);
    }
    return outputs.length > 0 ? outputs : [twins.at(-1)!];
  });
}

/** Whether rounding errors stay small: differences of huge numbers would show them. */
function isTame({ value }: Twin): boolean {
  return value.values.every((x) => Math.abs(x) < 1e4);
}

/** Expects the tensors of twins, compiled and run, to have the shapes and the values that the kernels gave. */
export async function expectEqualTwins(twins: readonly Twin[], inputs: Values): Promise<void> {
  const run = await evaluator(twins.map(({ tensor }) => tensor));
  const results = await run(inputs);
  for (const [i, { tensor, value }] of twins.entries()) {
    expect(tensor.shape).toEqual([...value.shape]);
    expect(largestError(results[i]!, [...value.values])).toBeLessThan(1e-9);
  }
}
