import type { LogRecord, Quality } from "../train/train.ts";
import { stateNames, type WatchState } from "../train/watchdog.ts";

/** Where a command writes: results to standard output, everything else to standard error; no control character of others reaches either. */
export interface Terminal {
  /** A line for people. */
  say(line: string): void;
  /** The state of a training: one live line on a terminal, a plain line now and then elsewhere. */
  progress(record: LogRecord, steps: number): void;
  /** The same for a download. */
  transfer(line: string): void;
  /** The result: the object with `--json`, the lines without. */
  result(value: unknown, lines: readonly string[]): void;
}

interface Flags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const plainIntervalMs = 5000;

let hasLiveLine = false;

/** Every control character of C0 and C1 but the end of a line: what a terminal obeys. */
const control = /(?!\n)\p{Cc}/gu;

/**
 * A text as it is printed: control characters by their numbers, `\u001b`, but for the ends of lines. Names of files, logs and locks may come from anyone. JSON
 * stays what it is.
 */
export function printable(text: string): string {
  return text.replace(control, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes a text to standard error. */
export function writeError(text: string): void {
  process.stderr.write(printable(text));
}

/** Writes a text to standard output. */
export function writeResult(text: string): void {
  process.stdout.write(printable(text));
}

/** Moves on to a fresh line if the live line is on the terminal. */
export function endLiveLine(): void {
  if (hasLiveLine) process.stderr.write("\n");
  hasLiveLine = false;
}

/** The terminal of a command. */
export function openTerminal({ json = false, quiet = false }: Flags): Terminal {
  const { stderr } = process;
  const isLive = stderr.isTTY && process.env.TERM !== "dumb" && !quiet;
  let quality: Quality | undefined; // stays on the line until the next probe
  let state: WatchState | undefined; // until the next look of the watchdog
  let spokeAt = Number.NEGATIVE_INFINITY;

  const live = (line: string) => {
    stderr.write(`\r\x1b[2K${printable(line).slice(0, (stderr.columns || 80) - 1)}`);
    hasLiveLine = true;
  };
  const status = (line: string, isLast: boolean) => {
    if (quiet) return;
    if (isLive) return live(line);
    const now = performance.now();
    if (now - spokeAt < plainIntervalMs && !isLast) return;
    spokeAt = now;
    writeError(`${line}\n`);
  };

  return {
    say(line) {
      if (quiet) return;
      endLiveLine();
      writeError(`${line}\n`);
    },
    progress(record, steps) {
      quality = record.quality ?? quality;
      state = record.watch?.state ?? state;
      status(progressLine(record, steps, quality, state), record.step === steps);
    },
    transfer: (line) => status(line, false),
    result(value, lines) {
      endLiveLine();
      if (json) writeResult(`${JSON.stringify(value)}\n`);
      else if (!quiet) for (const line of lines) writeResult(`${line}\n`);
    },
  };
}

/** `step 1500/20000  2m 31s left  loss D 0.812  G 1.520  D(x) 0.72  D(G(z)) 0.24  9,800 images/s`; what is wrong stands behind the step. */
export function progressLine(
  record: LogRecord,
  steps: number,
  quality = record.quality,
  state = record.watch?.state,
): string {
  const { step, lossD, lossG, probabilityReal, probabilityFake, imagesPerSecond, elapsedMs } = record;
  const leftMs = (elapsedMs / step) * (steps - step);
  return [
    `step ${step}/${steps}`,
    ...(state && state !== "healthy" ? [stateNames[state].toUpperCase()] : []),
    step < steps ? `${duration(leftMs)} left` : `in ${duration(elapsedMs)}`,
    `loss D ${lossD.toFixed(3)}  G ${lossG.toFixed(3)}`,
    `D(x) ${probabilityReal.toFixed(2)}  D(G(z)) ${probabilityFake.toFixed(2)}`,
    ...(record.skipped === undefined ? [] : [`${record.skipped} skipped`]),
    ...(quality ? [qualityText(quality)] : []),
    `${imagesPerSecond.toLocaleString("en")} images/s`,
  ].join("  ");
}

/** What the watchdog has to say of a step, where it has something new. */
export function watchNews({ step, watch }: LogRecord): string | undefined {
  if (!watch) return undefined;
  const { state, why, advice, rollback } = watch;
  const at = `Step ${step}:`;
  const back = rollback
    ? `${at} back to the weights of step ${rollback.to}, on with the learning rates times ${rollback.pace}.`
    : undefined;
  const found =
    why === undefined
      ? undefined
      : state === "healthy"
        ? `${at} healthy again.`
        : `${at} ${stateNames[state]}: ${why}. ${advice}`;
  return [found, back].filter((line) => line !== undefined).join("\n") || undefined;
}

/** `distance 12.3 (real 4.5), 10 modes` */
export function qualityText({ distance, floor, modes }: Quality): string {
  const real = floor === undefined ? "" : ` (real ${floor.toPrecision(2)})`;
  return `distance ${distance.toPrecision(3)}${real}, ${modes} mode${modes === 1 ? "" : "s"}`;
}

/** `45s`, `2m 31s`, `1h 02m` */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const digits = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${digits(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${digits(minutes % 60)}m`;
}
