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

/** What a program wants. */
export interface ProgramInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: InputRole;
}

/** What a program gives. */
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

/** What the runner has to know of a program. */
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

/** How a tensor starts. */
export type Initialiser =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number };

/** A weight, or state of an update rule, that lives as long as the training. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: "parameter" | "state";
  readonly initialiser: Initialiser;
}

/** One block step: programs run one after the other; gradients that one returns are summed over the replicas before the next one reads them. */
export interface Move {
  /** For example `generator/dense1`. */
  readonly block: string;
  /** Names of the weights that the move changes. */
  readonly parameters: readonly string[];
  readonly programs: readonly Program[];
}

/** One side of the game: the moves it can make, and which one it makes at an iteration. */
export interface Player {
  readonly name: string;
  readonly moves: readonly Move[];
  /** Index of the move at an iteration, counted from 0, of a training with a seed. */
  select(iteration: number, seed: number): number;
}

/** Everything the runner needs to train: what lives, who moves in which order, and how to look at the result. */
export interface Plan {
  readonly tensors: readonly TensorSpec[];
  /** In the order in which they move in an iteration. */
  readonly players: readonly Player[];
  /** Values of the hyper-parameter inputs. */
  readonly hyper: Readonly<Record<string, number>>;
  /** Latents to samples: input `latents` [n, latent size], output `sample` [n, ...shape]. */
  readonly sampler: Program;
}
