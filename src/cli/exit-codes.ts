/** Exit codes; part of the interface. */
export const exitCodes = {
  done: 0,
  /** An oracle of `conformance` does not hold, or a comparison of `verify-resume`; also an internal error. */
  failed: 1,
  usage: 2,
  locked: 3,
  /** A value is not finite; or the watchdog has ended the training, as `--on-collapse` asks. */
  diverged: 4,
  port: 5,
  input: 6,
  storage: 7,
  checkpoint: 8,
} as const;

const byErrorName: Readonly<Record<string, number>> = {
  ConfigError: exitCodes.usage,
  ShapeError: exitCodes.usage,
  LockedError: exitCodes.locked,
  DivergedError: exitCodes.diverged,
  InputError: exitCodes.input,
  StorageError: exitCodes.storage,
  CheckpointError: exitCodes.checkpoint,
};

/** The name of an error that ends a command with an exit code, or undefined where no user can cause it. */
export function errorNameOf(exitCode: number): string | undefined {
  return Object.keys(byErrorName).find((name) => byErrorName[name] === exitCode);
}

/** The exit code of an error, or undefined where it is none that a user can cause. */
export function exitCodeOf(error: unknown): number | undefined {
  return error instanceof Error ? byErrorName[error.name] : undefined;
}
