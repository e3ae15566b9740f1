/** The errors a caller may want to catch. Each carries its facts as fields; the message is written from them. */

/** An option or configuration value is unknown or out of range. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** Dotted configuration key or option, for example `descent.learningRate`. */
  readonly key: string | undefined;

  constructor(message: string, key?: string) {
    super(message);
    this.key = key;
  }
}

/** A tensor operation was asked for shapes that do not fit. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A file or data set that was read is not what it should be. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly file: string;
  /** Byte offset of the first wrong byte, where it is known. */
  readonly offset: number | undefined;

  constructor(file: string, problem: string, offset?: number) {
    super(offset === undefined ? `${file}: ${problem}` : `${file}: at byte ${offset}: ${problem}`);
    this.file = file;
    this.offset = offset;
  }
}

/** A checkpoint is corrupt, or belongs to another model or version. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  readonly file: string;

  constructor(file: string, problem: string) {
    super(`${file}: ${problem}`);
    this.file = file;
  }
}

/** Reading or writing a file failed. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly file: string;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${problem}`, options);
    this.file = file;
  }
}

/** A run is being written by another process. */
export class LockedError extends Error {
  override readonly name = "LockedError";
  readonly run: string;

  constructor(run: string, problem: string) {
    super(`${run}: ${problem}`);
    this.run = run;
  }
}

/** A value that should be finite is not: the training has diverged. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
  readonly step: number;

  constructor(step: number, problem: string) {
    super(`step ${step}: ${problem}`);
    this.step = step;
  }
}
