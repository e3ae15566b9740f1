/**
 * The waist between the compiler, which writes programs and runs nothing, and the runner, which runs programs and knows no operator.
 */

/** What an input is to the runner: where its values come from. */
export type InputRole =
  /** A weight, replaced by the output that names it. */
  | "parameter"
  /** State of an update rule, replaced like a weight. */
  | "state"
  /** Examples of the data set. */
  | "batch"
  /** Random numbers. */
  | "noise"
  /** A number that the runner sets at each step, such as the learning rate. */
  | "hyper"
  /** A gradient, summed over the replicas. */
  | "gradient";

/** What an output is to the runner: where its values go. */
export type OutputRole =
  | "parameter"
  | "state"
  /** Summed over the replicas, then fed to the next program of the move. */
  | "gradient"
  /** A scalar for the log; also summed over the replicas. */
  | "metric"
  /** Generated examples. */
  | "sample";

export interface ProgramInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: InputRole;
}

export interface ProgramOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: OutputRole;
  /** The input that this output is the next value of. */
  readonly replaces?: string;
}

/** Work of one run of a program, counted from its graph. */
export interface ProgramCost {
  /** Multiply-accumulates of the matrix products. */
  readonly macs: number;
  /** Intermediate values (batch and noise included) that the forward pass leaves for the backward pass to read. */
  readonly bytesHeld: number;
  /** Weights, state and gradients that the program gives back. */
  readonly bytesReturned: number;
}

export interface Manifest {
  readonly name: string;
  readonly inputs: readonly ProgramInput[];
  readonly outputs: readonly ProgramOutput[];
  readonly cost: ProgramCost;
}

/** A computation that a runtime can load: ONNX model bytes, and what each input and output is for. */
export interface Program {
  readonly model: Uint8Array;
  readonly manifest: Manifest;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
