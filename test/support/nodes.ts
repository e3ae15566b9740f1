import { type Program, sizeOf } from "../../src/program.ts";
import { type Dense, kernels } from "../../src/runtime/kernels.ts";
import { type OnnxNode, readOnnx } from "../../src/runtime/onnx-reader.ts";

/** A node of a program's ONNX bytes, with the shapes of what it reads and gives. */
export interface ShapedNode extends OnnxNode {
  readonly shapes: readonly (readonly number[])[];
  readonly shape: readonly number[];
}

/** The nodes of a program, read back from its bytes; the shapes are those that running it on zeros gives. */
export function nodesOf({ model, manifest }: Program): ShapedNode[] {
  const { nodes, initializers } = readOnnx(model);
  const values = new Map<string, Dense>(initializers.map((tensor) => [tensor.name, tensor]));
  for (const { name, shape } of manifest.inputs) values.set(name, { shape, values: new Float64Array(sizeOf(shape)) });
  return nodes.map((node) => {
    const inputs = node.inputs.map((name) => values.get(name)!);
    const result = kernels[node.type]!(inputs, node.attributes);
    values.set(node.output, result);
    return { ...node, shapes: inputs.map(({ shape }) => shape), shape: result.shape };
  });
}

/** The nodes of a program as text, one line a node. */
export function printNodes(program: Program): string {
  return nodesOf(program)
    .map(({ output, type, inputs, shape }) => `${output} = ${type}(${inputs.join(", ")}) [${shape.join(", ")}]`)
    .join("\n");
}
