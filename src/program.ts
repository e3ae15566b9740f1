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
  /** Which slices of its tensors a block is, as whole numbers in floating point. */
  | "index"
  /** A gradient, summed over the replicas. */
  | "gradient"
  /** What an earlier program of the same move gave under this name. */
  | "cache"
  /** The weight that a corrector starts from, while `parameter` is the point that the predictor reached. */
  | "base";

/** What an output is to the runner: where its values go. */
export type OutputRole =
  | "parameter"
  | "state"
  /** Summed over the replicas, then fed to the next program of the move. */
  | "gradient"
  /** A scalar for the log; also summed over the replicas. */
  | "metric"
  /** Numbers that the runner decides by: a length, a decrease, the norms of all blocks. */
  | "measure"
  /** Read by a later program of the same move. */
  | "cache"
  /** A scalar that is finite only if everything is that the program puts in place of something. */
  | "check"
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
  /** Where in that input it belongs; absent where it is all of it. */
  readonly slices?: Slices;
}

/**
 * Some slices along one axis of a tensor, seen as [outer, count, inner]: those whose numbers are in the input `index` of the program.
 */
export interface Slices {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
  readonly index: string;
}

/** Work of a program on a whole batch, counted from its graph. */
export interface ProgramCost {
  /** Multiply-accumulates of the matrix products and convolutions. */
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
  /**
   * Equal parts of a batch, of which a run sees one: inputs of the roles batch, noise and cache have a tensor for each part, and so has every output. A metric of
   * the batch is the mean of those of the parts. 1: the batch is not divided.
   */
  readonly shards: number;
}

/** A computation that a runtime can load: ONNX model bytes, and what each input and output is for. */
export interface Program {
  readonly model: Uint8Array;
  readonly manifest: Manifest;
  /** The same computation in one pass over memory, where it goes element by element. */
  readonly kernel?: ProgramKernel;
}

/**
 * A WebAssembly module that imports `env.memory` and exports `run(table, part)`, which reads the addresses of the inputs
 * and then of the outputs, in the order of the manifest, from int32 numbers at `table`. Every tensor begins at a multiple of 16 bytes and owns the bytes up
 * to the next. A run is one of every part from 0, on any thread, and when all have ended one of the part number `parts`.
 */
export interface ProgramKernel {
  readonly module: Uint8Array;
  readonly parts: number;
}

/** Name of what belongs to one shard of a batch. */
export function shardName(name: string, shard: number, shards: number): string {
  return shards === 1 ? name : `${name}/shard/${shard}`;
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** How a tensor starts. */
export type Initialiser =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  /** These numbers. */
  | { readonly kind: "values"; readonly values: readonly number[] }
  /** Like another tensor of the plan. */
  | { readonly kind: "copy"; readonly of: string };

/** A weight, or state of an update rule, that lives as long as the training. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: "parameter" | "state";
  readonly initialiser: Initialiser;
}
