import { ShapeError } from "../errors.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import type { Weights } from "../nn/layer.ts";
import { compile } from "../onnx/compile.ts";
import type { DeviceTensor, Runtime } from "../runtime/runtime.ts";

/** Looks at digits and says in numbers what it sees. */
export interface Extractor {
  /** Of what makes the features: part of the name of a metric, which means nothing without. */
  readonly name: string;
  /** Features of an image. */
  readonly columns: number;
  /**
   * Features [n, columns] of images [n, 1, 28, 28] in [0, 1], first rounded to the 256 grey levels that real images have, and for a classifier logits [n, 10].
   * An image gives the same whatever others come with it. Throws ShapeError for a part of an image.
   */
  extract(images: Float32Array): Promise<{ features: Float32Array; logits?: Float32Array }>;
  release(): Promise<void>;
}

/** A network with its weights. */
export interface ExtractorOptions {
  readonly name: string;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
  /** Features [N, columns] of images [N, 1, 28, 28], and logits [N, 10]. */
  see(weights: Weights, images: Tensor): { readonly features: Tensor; readonly logits?: Tensor };
}

const pixels = 28 * 28;
/** Images of one run; the last run is filled up. */
const rows = 100;

/** Loads the program of a network that looks at digits. */
export async function openExtractor(runtime: Runtime, { name, weights, see }: ExtractorOptions): Promise<Extractor> {
  const inputs: Record<string, DeviceTensor> = { images: runtime.allocate([rows, 1, 28, 28]) };
  const parameters = new Map<string, Tensor>();
  for (const [weight, { shape, values }] of weights) {
    parameters.set(weight, input(weight, shape, "parameter"));
    inputs[weight] = runtime.allocate(shape);
    inputs[weight].write((memory) => memory.set(values));
  }
  const seen = see((weight) => parameters.get(weight)!, input("images", [rows, 1, 28, 28], "batch"));
  const results = Object.entries(seen).map(([name, tensor]) => ({ name, tensor, role: "measure" as const }));
  const session = await runtime.load(compile("features", results));
  const outputs: Record<string, DeviceTensor> = {};
  for (const { name, tensor } of results) outputs[name] = runtime.allocate(tensor.shape);
  return {
    name,
    columns: seen.features.shape[1]!,
    async extract(images) {
      const count = images.length / pixels;
      if (!Number.isInteger(count)) {
        throw new ShapeError(`extract: expected whole images of ${pixels} pixels, got ${images.length} pixels.`);
      }
      const lists = results.map(({ tensor }) => new Float32Array(count * tensor.shape[1]!));
      for (let first = 0; first < count; first += rows) {
        const part = images.subarray(first * pixels, (first + rows) * pixels);
        inputs.images!.write((memory) => {
          for (let i = 0; i < part.length; i++) memory[i] = Math.round(255 * Math.min(1, Math.max(0, part[i]!))) / 255;
        });
        await session.run(inputs, outputs);
        await runtime.rest?.();
        for (const [i, { name, tensor }] of results.entries()) {
          const width = tensor.shape[1]!;
          const found = await outputs[name]!.read();
          lists[i]!.set(found.subarray(0, Math.min(rows, count - first) * width), first * width);
        }
      }
      const [features, logits] = lists;
      return { features: features!, ...(logits && { logits }) };
    },
    release: () => session.release(),
  };
}
