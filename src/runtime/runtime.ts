import type { Awaitable } from "../awaitable.ts";
import type { Program } from "../program.ts";
import type { Reals, Stream } from "../random.ts";

/** A tensor in the memory of a runtime. */
export interface DeviceTensor {
  readonly shape: readonly number[];
  /** Lets `fill` set the values; they are in place before the next run. What `fill` gets holds the present values only on a CPU. */
  write(fill: (values: Reals) => void): void;
  /** The values: a copy, or a view that the next run may change. */
  read(): Awaitable<Reals>;
  /** Whether every value is finite. */
  isFinite(): boolean;
}

/** Tensors by the names of inputs or outputs. */
export type Bindings = Readonly<Record<string, DeviceTensor>>;

/** What one run of a program reads and writes. */
export interface Run {
  readonly inputs: Bindings;
  readonly outputs: Bindings;
}

/** A loaded program. */
export interface Session {
  /**
   * Runs the program on `inputs`, one tensor for each input of the manifest, and writes the results to `outputs`, one for each output. No tensor may
   * be both. Extra entries are ignored. Runs of one runtime must not overlap: where a promise is given, it has to be waited for.
   */
  run(inputs: Bindings, outputs: Bindings): Promise<void> | undefined;
  /** The runs of all shards of a batch, at the same time; the results are those of one after the other. Absent where the runtime cannot do that. */
  runAll?(runs: readonly Run[]): Promise<void> | undefined;
  release(): Promise<void>;
}

/** Normal numbers for a tensor: of each step of a stream those from number `first` on. */
export interface NormalDraw {
  readonly tensor: DeviceTensor;
  readonly source: Stream;
  readonly first: number;
}

/** A thread beside this one that has learnt a task: parts of a kernel, by the address of its table and the number of the part, or normal numbers, by the step. */
export interface Helper {
  /** Lets it begin; it does one thing at a time. */
  start(first: number, second: number): void;
  /** Waits until it has ended. Throws Error where it failed. */
  finish(): void;
  /** It will not be asked again. */
  release(): void;
}

/** Something that runs programs. */
export interface Runtime {
  /** For people: `onnxruntime-node cpu, 2 threads`. */
  readonly name: string;
  /** A tensor of zeros. */
  allocate(shape: readonly number[]): DeviceTensor;
  /** Memory for tensors of these shapes, given one after the other; the kernels of programs compute in it. Absent where the runtime runs no kernels. */
  arena?(shapes: readonly (readonly number[])[]): (shape: readonly number[]) => DeviceTensor;
  load(program: Program): Promise<Session>;
  /** A thread that draws while this one does something else; none where the runtime has none. It knows of the programs that were loaded before. */
  normalsBeside?(draws: readonly NormalDraw[]): Helper | undefined;
  /** Gives the event loop a turn where runs have kept it waiting for some time. Absent where runs do not. */
  rest?(): Promise<void> | undefined;
}

/** Where programs run. */
export type Device = "cpu" | "wasm" | "webgpu";

/** What can be chosen for every device. */
export interface RuntimeOptions {
  /** Threads of one operator; 0 leaves the choice to the runtime. */
  readonly threads?: number;
}
