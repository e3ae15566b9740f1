import type { Dataset } from "../data/dataset.ts";
import type { Descent, PlayerSpec } from "../descent/descent.ts";
import { byLayer } from "../descent/partition.ts";
import { cyclic } from "../descent/selection-order.ts";
import { type GanOptions, ganPlayers } from "../gan/game.ts";
import { nonSaturating } from "../gan/losses.ts";
import { topological } from "../graph/graph.ts";
import { apply, constant, type Tensor } from "../graph/tensor.ts";
import { perceptron } from "../nn/network.ts";
import { gradientStep } from "../optim/gradient.ts";
import type { UpdateRule } from "../optim/update-rule.ts";
import { type UpdateSettings, updateRules } from "../optim/update-rules.ts";
import type { SelectionRule } from "../plan.ts";
import { type Program, sizeOf } from "../program.ts";
import { fillNormal, fillUniform, stream } from "../random.ts";
import { type Dense, kernels } from "../runtime/kernels.ts";
import { readOnnx } from "../runtime/onnx-reader.ts";

/** Widths from the latent vector to the example, and from the example to the logit. */
export interface Sizes {
  readonly generator: readonly number[];
  readonly discriminator: readonly number[];
}

/** Three layers each. */
export const tiny: Sizes = { generator: [3, 4, 5, 6], discriminator: [6, 7, 9, 1] };

/** Settings of a small GAN; those of a descent are for both players, unless `generator` or `discriminator` has them. */
export interface SmallGan {
  readonly sizes?: Sizes;
  readonly batch?: number;
  readonly r1?: number;
  readonly r2?: number;
  readonly descent?: Partial<Descent>;
  readonly generator?: Partial<Descent>;
  readonly discriminator?: Partial<Descent>;
}

/** The discriminator and the generator of a GAN of perceptrons, moved layer by layer by gradient steps unless told otherwise. */
export function smallGan(options: SmallGan = {}): PlayerSpec[] {
  const { sizes = tiny, batch = 4, r1 = 0, r2 = 0, descent = {}, generator = {}, discriminator = {} } = options;
  const network = (name: keyof Sizes, output: "sigmoid" | "linear") => {
    const widths = sizes[name];
    return perceptron(name, [widths[0]!], [widths.at(-1)!], { hidden: widths.slice(1, -1), output });
  };
  const common: Descent = {
    partition: byLayer,
    select: cyclic(),
    update: gradientStep(),
    learningRate: 0.05,
    ...descent,
  };
  const gan: GanOptions = {
    generator: network("generator", "sigmoid"),
    discriminator: network("discriminator", "linear"),
    latent: sizes.generator[0]!,
    shape: [sizes.discriminator[0]!],
    batch,
    loss: nonSaturating,
    r1,
    r2,
    descent: { generator: { ...common, ...generator }, discriminator: { ...common, ...discriminator } },
  };
  return ganPlayers(gan);
}

/** Standard normal examples of a shape. */
export const normals = (size = tiny.discriminator[0]!): Dataset => ({
  name: "normals",
  shape: [size],
  range: "real",
  count: undefined,
  fingerprint: "",
  fill: (seed, step, out, part = 0) => fillNormal(stream(seed, "examples"), step, out, part * out.length),
});

/** A player whose batch and opponent are always the same numbers in (-1, 1): minimisation of a function that stands still. */
export function standingStill(spec: PlayerSpec): PlayerSpec {
  const own = new Set(spec.network.parameters.map(({ name }) => name));
  return {
    ...spec,
    objective(weights) {
      const { value, metrics } = spec.objective(weights);
      const names = Object.keys(metrics);
      const [fixed, ...others] = withConstants([value, ...names.map((name) => metrics[name]!)], own);
      const named = names.map((name, i) => [name, metrics[name] === value ? fixed! : others[i]!] as const);
      return { value: fixed!, metrics: Object.fromEntries(named) };
    },
  };
}

/** Tensors with numbers, drawn by its name, in place of every input but the own weights, states and settings. */
function withConstants(tensors: readonly Tensor[], own: ReadonlySet<string>): Tensor[] {
  const copies = new Map<Tensor, Tensor>();
  for (const tensor of topological(tensors)) copies.set(tensor, copied(tensor, own, copies));
  return tensors.map((tensor) => copies.get(tensor)!);
}

function copied(tensor: Tensor, own: ReadonlySet<string>, copies: ReadonlyMap<Tensor, Tensor>): Tensor {
  if (tensor.kind === "application") {
    return apply(
      tensor.operator,
      tensor.inputs.map((source) => copies.get(source)!),
      tensor.attributes,
    );
  }
  if (tensor.kind === "constant" || own.has(tensor.name)) return tensor;
  if (tensor.role !== "parameter" && tensor.role !== "batch" && tensor.role !== "noise") return tensor;
  const values = new Float64Array(sizeOf(tensor.shape));
  fillUniform(stream(1, tensor.name), 0, values, -1, 1);
  return constant([...values], tensor.shape);
}

/** A selection rule that takes the block that `choice` gives, of so many. */
export function chosen(choice: (blockCount: number) => number): SelectionRule {
  return { name: "chosen", needs: [], select: ({ blockCount }) => choice(blockCount) };
}

/** Rules that need nothing but the gradient, by name. */
export function firstOrderRules(settings: UpdateSettings = {}): [string, UpdateRule][] {
  return Object.entries(updateRules)
    .map(([name, rule]): [string, UpdateRule] => [name, rule(settings)])
    .filter(([, { needs = [] }]) => needs.length === 0);
}

/** Multiply-accumulates of the matrix products that a program runs, sums of rows apart, counted from its ONNX bytes and the shapes that they have when it runs. */
export function countedMacs({ model, manifest }: Program): number {
  const { nodes, initializers } = readOnnx(model);
  const values = new Map<string, Dense>(initializers.map((tensor) => [tensor.name, tensor]));
  const ones = new Set(initializers.filter((tensor) => tensor.values.every((x) => x === 1)).map(({ name }) => name));
  for (const { name, shape } of manifest.inputs) values.set(name, { shape, values: new Float64Array(sizeOf(shape)) });
  let macs = 0;
  for (const { type, inputs, attributes, output } of nodes) {
    const operands = inputs.map((name) => values.get(name)!);
    const result = kernels[type]!(operands, attributes);
    values.set(output, result);
    if ((type !== "Gemm" && type !== "MatMul") || ones.has(inputs[0]!)) continue;
    const [rows, columns] = operands[0]!.shape.slice(-2) as [number, number];
    macs += sizeOf(result.shape) * (attributes.transA ? rows : columns);
  }
  return macs;
}
