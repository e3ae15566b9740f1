/**
 * The other half of the waist: what the runner is to do with programs. A plan is made by the compiler and followed by the runner. The rules in it are
 * pure functions; they run nothing themselves.
 */
import type { Program, Slices, TensorSpec } from "./program.ts";
import type { Reals } from "./random.ts";

/** Everything the runner needs to train: what lives, who moves in which order, and how to look at the result. */
export interface Plan {
  readonly tensors: readonly TensorSpec[];
  /** In the order in which they move in an iteration. */
  readonly players: readonly Player[];
  readonly order: Order;
  /** Latents to samples: input `latents` [n, latent size], output `sample` [n, ...shape]. Absent where there is nothing to look at. */
  readonly sampler?: Program;
  /**
   * What the discriminator says of examples: input `examples` [n, ...shape], output `verdicts` [n, 2] of the logit, and the slope of the generator's loss by
   * it if the example were a generated one. Absent where nobody judges.
   */
  readonly critic?: Program;
}

/**
 * Who sees what: `alternating` - each player sees the moves before its own; `simultaneous` - all move from one point; `extragradient` - all move from one
 * point, twice, the second time along the gradients where the first brought them (Korpelevich 1976).
 */
export type Order = "alternating" | "simultaneous" | "extragradient";

/** One side of the game: the blocks it can move, and how it chooses. */
export interface Player {
  readonly name: string;
  readonly moves: readonly Move[];
  readonly blocks: readonly Block[];
  readonly selection: SelectionRule;
  /** Moves of an iteration. */
  readonly steps: number;
  /** Steps that a block stays before the next is selected. */
  readonly hold: number;
  /** Steps on one batch. */
  readonly innerSteps: number;
  /** Name of the input of the learning rate, and its value by the number of moves that the player has made. */
  readonly learningRate: { readonly input: string; readonly at: (moves: number) => number };
  /** Moves that are made instead where they are due, one for each of `moves`: their programs leave out a costly part of the objective. */
  readonly light?: { readonly moves: readonly Move[]; isDue(moves: number): boolean };
  /** Measures |g_b|^2 of every block: output `NAME/norms`. */
  readonly norms?: Program;
  /** Measures the Lipschitz constant of a block's gradient, in tensors named here; in the beginning of all blocks, later of one block after the other. */
  readonly lipschitz?: Lipschitz;
  /** Runs after every sweep, of as many visits as there are blocks, on the batch of its last move. */
  readonly afterSweep?: Program;
  /** Name of the metric that the player minimises. */
  readonly objective: string;
  /** Moves over which the objective is averaged, to compare one window with the next. */
  readonly window: number;
}

/** Programs that turn a direction towards the one of largest curvature. */
export interface Lipschitz {
  /** One for each move: output `NAME/curvature`, the length of Hv over that of v. */
  readonly programs: readonly Program[];
  /** Tensor of an estimate for each block. */
  readonly estimates: string;
  /** Power iterations in the beginning. */
  readonly rounds: number;
  /** Visits of the player from one measurement of a block to that of the next; 0: never again. */
  readonly every: number;
}

/** Something that can be selected. */
export interface Block {
  readonly name: string;
  /** Index in the moves of the player. */
  readonly move: number;
  /** Number of the block among those of its move. */
  readonly number: number;
  /** Where the values of the move's index inputs come from; absent where the move is one block. */
  readonly slices?: BlockSlices;
  /** Number of weights. */
  readonly size: number;
}

/** Which slices a block has. */
export type BlockSlices =
  /** Always the same. */
  | { readonly kind: "fixed"; readonly input: string; readonly numbers: readonly number[] }
  /** `size` different ones of `from`, drawn anew at every visit. */
  | { readonly kind: "drawn"; readonly input: string; readonly size: number; readonly from: number };

/** One kind of block step: programs run one after the other; gradients that one returns are summed over the replicas before the next one reads them. */
export interface Move {
  /** For example `generator/dense1`. */
  readonly name: string;
  /** Names of the weights that the move changes. */
  readonly parameters: readonly string[];
  readonly programs: readonly Program[];
  /** Runs once a batch; what it gives is in the caches that `programs` and `search.trial` read. */
  readonly prefix?: Program;
  /** The second half of an extragradient step. */
  readonly corrector?: readonly Program[];
  readonly search?: SearchPlan;
  /** Measure of the decrease that a step expects, where its programs report it. */
  readonly decrease?: string;
  /** Input that takes the number of the block, where the move is many blocks. */
  readonly numberInput?: string;
  /** What happens to the state when the block moves again after another has. */
  readonly fading: readonly Fading[];
}

/** How the length of a step is found: `programs` give the value, the slope and the direction, `trial` the value at a length. */
export interface SearchPlan {
  readonly rule: Search;
  readonly trial: Program;
  /** Input of the trial: the length. */
  readonly length: string;
  /** Measures of the programs, and of the trial. */
  readonly value: string;
  readonly slope: string;
  readonly reached: string;
  /** Tensor of a number for each block of the move, which the rule keeps. */
  readonly memory: string;
}

/** A state tensor at a block switch: next = initial + factor * (present - initial). */
export interface Fading {
  readonly name: string;
  readonly initial: number;
  readonly factor: number;
  readonly slices?: Slices;
}

/** What a search knows when it begins, all of one batch. */
export interface SearchStart {
  /** The objective at the block as it is. */
  readonly value: number;
  /** Its slope along the direction of descent d = -g, which is g'd = -|g|^2. */
  readonly slope: number;
  /** The configured learning rate: a first guess of a length. */
  readonly learningRate: number;
  /** What the last search of this block left; 0 before the first. */
  readonly memory: number;
}

/** How a search ends. */
export interface SearchResult {
  /** The length of the step; 0 leaves the block where it is. */
  readonly length: number;
  /** For the next search of this block. */
  readonly memory: number;
}

/**
 * A one-dimensional search along the direction of descent of a block: yields lengths to try, is told the objective there - with the same batch and everything
 * else as it was - and returns the length to take. Never returns a length other than 0 at which the objective is not lower than at the start.
 */
export type Search = (start: SearchStart) => Generator<number, SearchResult, number>;

/** What a rule may want to know of every block before it selects, or of the block that moved. */
export type Quantity =
  /** |g_b|^2 of every block at the present weights and batch. */
  | "norms"
  /** An estimate of the Lipschitz constant of the gradient of every block. */
  | "lipschitz"
  /** The decrease of the objective by the last step of the block that moved: realised where the update evaluates it, else predicted to first order. */
  | "decrease";

/** What a rule is told when it selects. */
export interface SelectionContext {
  /** Selections made so far; a block may stay for several steps. */
  readonly visit: number;
  readonly blockCount: number;
  /** Seed of the training. */
  readonly seed: number;
  /** Name of the player, the first part of the names of random streams. */
  readonly player: string;
  /** Multiply-accumulates of a step of each block. */
  readonly macs: readonly number[];
  /** Number of weights of each block. */
  readonly sizes: readonly number[];
  /** |g_b|^2 of each block; there in the visits in which the rule wants it. */
  readonly norms: ArrayLike<number> | undefined;
  /** L_b of each block; there if the rule needs it. */
  readonly lipschitz: ArrayLike<number> | undefined;
  /** The rule's own numbers, saved with the training; zeros at the start. The rule may change them. */
  readonly memory: Reals;
}

/** Which block moves. Random rules draw from streams of the seed by the visit and keep nothing. */
export interface SelectionRule {
  readonly name: string;
  readonly needs: readonly Quantity[];
  /** Throws ConfigError where the rule cannot choose among so many blocks. */
  check?(blockCount: number): void;
  /** Whether `norms` are wanted at a visit; by default at every one if the needs list them. */
  wantsNorms?(visit: number, blockCount: number): boolean;
  /** The sets of blocks that it chooses from, each moved at once from one point; by default every block alone. `select` then gives the index of a set. */
  sets?(blockCount: number): number[][];
  /** How many numbers it keeps; by default none. */
  memorySize?(blockCount: number): number;
  /** The index of the block. */
  select(context: SelectionContext): number;
  /** Why: the quantity by which the block was chosen, for the log. Called after `select` with the same context. */
  score?(context: SelectionContext, block: number): number;
  /** Told after each step of the block what it brought; only where `decrease` is needed. */
  observe?(context: SelectionContext, block: number, decrease: number): void;
}
