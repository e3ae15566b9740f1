import { gradients } from "../autodiff/gradients.ts";
import { constant, input, type Tensor } from "../graph/tensor.ts";
import { compile, type ProgramResult } from "../onnx/compile.ts";
import type { Precision } from "../onnx/model.ts";
import { mul } from "../ops/arithmetic.ts";
import type { BlockSpec, Moved, UpdateRule } from "../optim/update-rule.ts";
import type { Move, Program } from "../program.ts";

/** What a player minimises, and what it reports of it. */
export interface Objective {
  readonly value: Tensor;
  /** Scalars for the log, by name; the objective itself may be among them. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** The input tensor of a weight. */
  readonly weights: (name: string) => Tensor;
}

/** How a block moves. */
export interface MoveOptions {
  readonly update: UpdateRule;
  /** Scalar input. */
  readonly learningRate: Tensor;
  /** Number of replicas that share a batch; each sees its part of it. */
  readonly replicas?: number | undefined;
  readonly precision?: Precision | undefined;
}

/**
 * The move of one block: the backward pass down to that block only, and its update. With one replica this is one program, in which the update
 * can become part of the matrix products; with more, one program for the gradients and one for the update.
 */
export function blockMove(objective: Objective, block: BlockSpec, options: MoveOptions): Move {
  const { replicas = 1 } = options;
  const parameters = block.parameters.map(({ name }) => name);
  const programs =
    replicas === 1 ? [fusedProgram(objective, block, options)] : splitPrograms(objective, block, options);
  return { block: block.name, parameters, programs };
}

function fusedProgram(objective: Objective, block: BlockSpec, options: MoveOptions): Program {
  const moved = differentiate(objective, block);
  const results = [...metricResults(objective, 1), ...updateResults(block, moved, options)];
  return compile(block.name, results, { objective: objective.value, precision: options.precision });
}

function splitPrograms(objective: Objective, block: BlockSpec, options: MoveOptions): Program[] {
  const { precision } = options;
  const share = 1 / options.replicas!;
  const value = mul(constant(share), objective.value);
  const moved = differentiate({ ...objective, value }, block);
  const gradientName = (name: string) => `${name}/gradient`;
  const exchanged = moved.map(({ name, gradient }) => ({
    name: gradientName(name),
    tensor: gradient,
    role: "gradient" as const,
  }));
  const summed = moved.map((m) => ({ ...m, gradient: input(gradientName(m.name), m.value.shape, "gradient") }));
  return [
    compile(`${block.name}/gradient`, [...metricResults(objective, share), ...exchanged], {
      objective: value,
      precision,
    }),
    compile(`${block.name}/update`, updateResults(block, summed, options), { precision }),
  ];
}

function differentiate({ value, weights }: Objective, block: BlockSpec): Moved[] {
  const values = block.parameters.map(({ name }) => weights(name));
  const slopes = gradients(value, values);
  return block.parameters.map(({ name }, i) => ({ name, value: values[i]!, gradient: slopes[i]! }));
}

function metricResults({ metrics }: Objective, share: number): ProgramResult[] {
  return Object.entries(metrics).map(([name, tensor]) => ({
    name,
    tensor: mul(constant(share), tensor),
    role: "metric",
  }));
}

function updateResults(
  block: BlockSpec,
  moved: readonly Moved[],
  { update, learningRate }: MoveOptions,
): ProgramResult[] {
  const specs = new Map([...block.parameters, ...update.init(block)].map((spec) => [spec.name, spec]));
  const state = (name: string) => input(name, specs.get(name)!.shape, "state");
  return [...update.update(block.name, moved, state, learningRate)].map(([name, tensor]) => ({
    name: `${name}/next`,
    tensor,
    role: specs.get(name)!.role,
    replaces: name,
  }));
}
