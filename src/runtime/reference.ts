import { type Program, sizeOf } from "../program.ts";
import { type HostTensor, hostTensor } from "./host.ts";
import { type Dense, kernels } from "./kernels.ts";
import { type OnnxNode, readOnnx } from "./onnx-reader.ts";
import type { Runtime, Session } from "./runtime.ts";

/**
 * A runtime that computes in float64 with the plain kernels of this project: slow, exact, and independent of ONNX Runtime. What gradients and
 * update rules are proved with.
 */
export function referenceRuntime(): Runtime {
  return {
    name: "reference, float64",
    allocate: (shape) => hostTensor(shape, new Float64Array(sizeOf(shape))),
    load: (program) => Promise.resolve(openSession(program)),
  };
}

function openSession({ model, manifest }: Program): Session {
  const { nodes, initializers } = readOnnx(model);
  return {
    run(inputs, outputs) {
      const values = new Map<string, Dense>(initializers.map((tensor) => [tensor.name, tensor]));
      for (const { name, shape } of manifest.inputs) {
        values.set(name, { shape, values: Float64Array.from((inputs[name] as HostTensor<Float64Array>).values) });
      }
      for (const node of nodes) values.set(node.output, evaluate(node, values));
      for (const { name } of manifest.outputs) {
        (outputs[name] as HostTensor<Float64Array>).values.set(values.get(name)!.values);
      }
    },
    release: () => Promise.resolve(),
  };
}

function evaluate(node: OnnxNode, values: ReadonlyMap<string, Dense>): Dense {
  const kernel = kernels[node.type];
  if (!kernel) throw new Error(`internal: the reference runtime has no kernel for ${node.type}.`);
  return kernel(
    node.inputs.map((name) => values.get(name)!),
    node.attributes,
  );
}
