import { input } from "../graph/tensor.ts";
import { compile } from "../onnx/compile.ts";
import { gemm } from "../ops/product.ts";
import { openRuntime } from "../runtime/open.ts";
import type { Device } from "../runtime/runtime.ts";

/** Runs a small matrix product on a device and returns the runtime's name. Throws Error where it cannot, or where the result is wrong. */
export async function tryRuntime(device: Device): Promise<string> {
  const runtime = await openRuntime(device, { threads: 1 });
  const [a, b] = [input("a", [2, 2], "batch"), input("b", [2, 2], "batch")];
  const session = await runtime.load(compile("check", [{ name: "product", tensor: gemm(a, b), role: "sample" }]));
  const tensors = { a: runtime.allocate([2, 2]), b: runtime.allocate([2, 2]), product: runtime.allocate([2, 2]) };
  tensors.a.write((values) => values.set([1, 2, 3, 4]));
  tensors.b.write((values) => values.set([5, 6, 7, 8]));
  await session.run(tensors, tensors);
  const product = [...(await tensors.product.read())];
  await session.release();
  if (String(product) !== "19,22,43,50") throw new Error(`computed a wrong product: ${product}`);
  return runtime.name;
}
