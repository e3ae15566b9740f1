import { describe, expect, test } from "vitest";
import { centralDifferences, evaluator, largestError, numbers, type Values } from "../../test/support/evaluate.ts";
import { type OperatorCase, operatorContracts } from "../../test/support/operator-cases.ts";
import { gradients } from "../autodiff/gradients.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { kernels } from "../runtime/kernels.ts";
import { add, mul } from "./arithmetic.ts";
import { reduceSum } from "./broadcasting.ts";
import { operators } from "./operators.ts";

test("every operator has a contract and a reference kernel", () => {
  const names = operators.map((operator) => operator.type).sort();
  expect(operatorContracts.map(({ operator }) => operator.type).sort()).toEqual(names);
  expect(Object.keys(kernels).sort()).toEqual(names);
});

/** A scalar in which every element of a tensor counts differently. */
function weighted(tensor: Tensor): Tensor {
  return reduceSum(mul(tensor, constant(numbers(sizeOf(tensor.shape), "weights", 0.5, 1.5), tensor.shape)));
}

function inputsOf({ shapes, domain: [low, high] = [-2, 2] }: OperatorCase) {
  const inputs = shapes.map((shape, i) => input(`x${i}`, shape, "batch"));
  const values: Values = Object.fromEntries(inputs.map((x) => [x.name, numbers(sizeOf(x.shape), x.name, low, high)]));
  return { inputs, values };
}

async function checkGradients(y: Tensor, inputs: readonly Tensor[], values: Values): Promise<void> {
  const names = inputs.flatMap((x) => (x.kind === "input" ? [x.name] : []));
  const forward = await evaluator([y]);
  const exact = await (await evaluator(gradients(y, inputs)))(values);
  for (const [i, name] of names.entries()) {
    const slopes = await centralDifferences(async (at) => (await forward(at))[0]![0]!, values, name);
    expect(largestError(exact[i]!, slopes), `gradient with respect to ${name}`).toBeLessThan(1e-6);
  }
}

describe.each(operatorContracts.map((contract) => [contract.operator.type, contract] as const))("%s", (_, contract) => {
  test("gives the answers worked out by hand", async () => {
    for (const { shapes, build, inputs, result } of contract.known) {
      const tensors = shapes.map((shape, i) => input(`x${i}`, shape, "batch"));
      const run = await evaluator([build(tensors)]);
      const [actual] = await run(Object.fromEntries(inputs.map((values, i) => [`x${i}`, values])));
      expect(largestError(actual!, result)).toBeLessThan(1e-14);
    }
  });

  test.each(contract.cases.map((example) => [JSON.stringify(example.shapes), example] as const))(
    "%s: gradient, and gradient of the gradient, agree with central differences",
    async (_, example) => {
      const { inputs, values } = inputsOf(example);
      const y = weighted(example.build(inputs));
      await checkGradients(y, inputs, values);
      const slopes = gradients(y, inputs).map(weighted).reduce(add);
      await checkGradients(slopes, inputs, values);
    },
  );
});
