import { expect, test } from "vitest";
import { largestError } from "../../test/support/evaluate.ts";
import { form, variables } from "../conformance/problems.ts";
import { constant } from "../graph/tensor.ts";
import { mul } from "../ops/arithmetic.ts";
import { gradientStep } from "../optim/gradient.ts";
import { referenceRuntime } from "../runtime/reference.ts";
import { unitCurvatureName, unitCurvatureProgram } from "./measures.ts";
import { partitions } from "./partition.ts";

const H = [
  [2, 0.5, -1, 0.25],
  [0.5, 3, 0.75, 0],
  [-1, 0.75, 5, 1.5],
  [0.25, 0, 1.5, 7],
];

test("the curvature of units, over all random signs, is on average the diagonal of the Hessian", async () => {
  const network = variables("min", { x: { shape: [4], start: { kind: "constant", value: 1 } } });
  const { name } = network.parameters[0]!;
  const program = unitCurvatureProgram("min", partitions.unit({})(network), {
    objective(weights) {
      const value = mul(constant(0.5), form(weights(name), H, weights(name)));
      return { value, metrics: { f: value } };
    },
    parameters: network.parameters,
    update: gradientStep(),
    learningRate: constant(0),
    precision: "float64",
  });
  const runtime = referenceRuntime();
  const session = await runtime.load(program);
  const inputs = Object.fromEntries(program.manifest.inputs.map((port) => [port.name, runtime.allocate(port.shape)]));
  const output = unitCurvatureName("min/x");
  const outputs = { [output]: runtime.allocate([4]) };
  const mean = [0, 0, 0, 0];
  for (let signs = 0; signs < 16; signs++) {
    inputs[`batch/${name}/signs`]!.write((values) => {
      for (let i = 0; i < 4; i++) values[i] = (signs >> i) & 1 ? 0.7 : -1.3;
    });
    await session.run(inputs, outputs);
    for (const [i, value] of [...(await outputs[output]!.read())].entries()) mean[i]! += value / 16;
  }
  expect(largestError(mean, [2, 3, 5, 7])).toBeLessThan(1e-14);
});
