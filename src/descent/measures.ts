import { gradients } from "../autodiff/gradients.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { compile } from "../onnx/compile.ts";
import type { Precision } from "../onnx/model.ts";
import { add, div, mul, square } from "../ops/arithmetic.ts";
import { reduceSum, reshape } from "../ops/broadcasting.ts";
import { greater, where } from "../ops/comparison.ts";
import { sqrt } from "../ops/elementwise.ts";
import { take } from "../ops/indexing.ts";
import { concat } from "../ops/layout.ts";
import { type Program, sizeOf, type TensorSpec } from "../program.ts";
import { squaredColumns, squaredNorm } from "./norms.ts";
import type { BlockGroup } from "./partition.ts";
import { differentiate, type StepOptions, weightInput } from "./step.ts";
import { viewOf } from "./view.ts";

/** Name of the measure |g_b|^2 of every block of a player, in the order of its blocks. */
export const normsName = (player: string) => `${player}/norms`;

/** Name of the measure of curvature of a player. */
export const curvatureName = (player: string) => `${player}/curvature`;

/**
 * |g_b|^2 of every block at one point. Where a layer is one block its gradient is not made if there is a cheaper way (`squaredNorm`). Of elements that are
 * drawn it is the expected value.
 */
export function normsProgram(
  player: string,
  groups: readonly BlockGroup[],
  { objective, parameters, precision }: StepOptions & { readonly precision?: Precision | undefined },
): Program {
  const inputs = new Map(parameters.map((spec) => [spec.name, weightInput(spec)]));
  const { value } = objective((name) => inputs.get(name)!);
  const specs = groups.flatMap((group) => group.parameters);
  const slopes = gradients(
    value,
    specs.map(({ name }) => inputs.get(name)!),
  );
  const slopeOf = new Map(specs.map(({ name }, i) => [name, slopes[i]!]));
  const norms = groups.map((group) => groupNorms(group, (name) => slopeOf.get(name)!));
  return compile(normsName(player), [{ name: normsName(player), tensor: concat(norms, 0), role: "measure" }], {
    precision,
  });
}

/** Squared norms of the blocks of a group: [blocks]. */
function groupNorms({ parameters, pieces }: BlockGroup, slope: (name: string) => Tensor): Tensor {
  const slopes = parameters.map(({ name }) => slope(name));
  if (pieces?.kind !== "slices") {
    const total = slopes.map(squaredNorm).reduce(add);
    const share = pieces ? pieces.size / sizeOf(parameters[0]!.shape) : 1;
    return reshape(mul(constant(share), total), [1]);
  }
  const { axes, table } = pieces;
  const ofSlices = slopes.map((x, i) => squaredSlices(x, axes[i]!)).reduce(add);
  const chosen = take(ofSlices, constant(table.flat()), 0);
  return reduceSum(reshape(chosen, [table.length, table[0]!.length]), { axes: [1] });
}

/** Squares summed over all axes but one. */
function squaredSlices(x: Tensor, axis: number): Tensor {
  if (x.shape.length === 2 && axis === 1) return squaredColumns(x);
  return reduceSum(square(x), { axes: [...x.shape.keys()].filter((other) => other !== axis) });
}

/** Name of the measure of the units of a layer. */
export const unitCurvatureName = (layer: string) => `${layer}/unitCurvature`;

/**
 * For each output unit of every layer an unbiased estimate of the sum of its weights' second derivatives: the sum of v o Hv with random signs v (Hutchinson
 * 1990). What similar units are told by (`sorted`, `averaged`); it is to be averaged over several runs. Measures `LAYER/unitCurvature` [units].
 */
export function unitCurvatureProgram(
  player: string,
  layers: readonly BlockGroup[],
  options: StepOptions & { readonly precision?: Precision | undefined },
): Program {
  const step = differentiate(
    layers.map(({ name, parameters }) => ({ name, parameters })),
    options,
  );
  const results = layers.map(({ name, parameters, pieces }, i) => {
    const axes = pieces?.kind === "slices" ? pieces.axes : [];
    const signs = parameters.map(({ name: weight, shape }) =>
      where(greater(input(`batch/${weight}/signs`, shape, "noise"), constant(0)), constant(1), constant(-1)),
    );
    const images = step.curvature(i, signs);
    const sums = images.map((image, j) => {
      const others = [...image.shape.keys()].filter((axis) => axis !== axes[j]);
      return reduceSum(mul(signs[j]!, image), { axes: others });
    });
    return { name: unitCurvatureName(name), tensor: sums.reduce(add), role: "measure" as const };
  });
  return compile(`${player}/unitCurvature`, results, { precision: options.precision });
}

/** Name of the direction in which the curvature of a block is measured, a state of the shape of a weight. */
const directionName = (weight: string) => `${weight}/lipschitz/direction`;

/** The directions, random at first. */
export function directionSpecs(parameters: readonly TensorSpec[]): TensorSpec[] {
  return parameters.map(({ name, shape }) => ({
    name: directionName(name),
    shape,
    role: "state",
    initialiser: { kind: "uniform", low: -1, high: 1 },
  }));
}

/**
 * One round of power iteration on the Hessian of a block (U3): v' = Hv / |Hv|, and the measure |Hv| / |v|, which tends to the largest absolute eigenvalue,
 * the Lipschitz constant of the block's gradient near these weights.
 */
export function curvatureProgram(
  player: string,
  groups: readonly BlockGroup[],
  options: StepOptions & { readonly precision?: Precision | undefined },
): Program {
  const step = differentiate(groups, options);
  const views = groups.map(viewOf);
  const rows = views.flatMap((view, i) => {
    const names = step.moved[i]!.map(({ name }) => name);
    const directions = names.map((name) => {
      const { shape } = options.parameters.find((spec) => spec.name === name)!;
      return view.part(name, input(directionName(name), shape, "state"));
    });
    const images = step.curvature(i, directions);
    return names.map((name, j) => ({ name, view, direction: directions[j]!, image: images[j]! }));
  });
  const length = (of: "direction" | "image") => sqrt(rows.map((row) => reduceSum(square(row[of]))).reduce(add));
  const [before, after] = [length("direction"), length("image")];
  const some = constant(1e-30);
  const results = rows.map(({ name, view, direction, image }) => {
    const slices = view.slices(name);
    return {
      name: `${directionName(name)}/next`,
      tensor: where(greater(after, some), div(image, where(greater(after, some), after, constant(1))), direction),
      role: "state" as const,
      replaces: directionName(name),
      ...(slices && { slices }),
    };
  });
  const curvature = div(after, where(greater(before, some), before, constant(1)));
  return compile(
    `${groups.map((group) => group.name).join("+")}/curvature`,
    [{ name: curvatureName(player), tensor: curvature, role: "measure" }, ...results],
    { precision: options.precision },
  );
}
