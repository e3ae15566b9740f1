import type { Training } from "../runs/training.ts";
import { stateNames } from "../train/watchdog.ts";
import { exitCodes } from "./exit-codes.ts";
import { duration, qualityText, type Terminal, writeError } from "./terminal.ts";

/** Signals that ask a command to end, and the exit codes of one that does. */
export const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal can come twice for one request, within milliseconds: npm passes on what the terminal has sent to the whole group. */
const sameRequestMs = 100;
/** For so long a training may take to end its iteration and to save. */
const patienceMs = 9500;

/**
 * Waits for a training. The first SIGINT, SIGTERM or SIGHUP lets it save and end with 130, 143 or 129; a later one ends the process at once, and so does this
 * one where saving takes too long: the last checkpoint is there.
 */
export async function finish(training: Training, terminal: Terminal): Promise<void> {
  let stoppedBy: keyof typeof signals | undefined;
  let stoppedAt = 0;
  let patience: NodeJS.Timeout | undefined;
  const endNow = (signal: NodeJS.Signals) => {
    // not process.exit: it would tear down the thread in the middle of a native step
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (stoppedBy && performance.now() - stoppedAt < sameRequestMs) return;
    if (stoppedBy) return endNow(signal);
    stoppedBy = signal as keyof typeof signals;
    stoppedAt = performance.now();
    terminal.say("Stopping: saving a checkpoint. Once more to stop without.");
    patience = setTimeout(() => {
      terminal.say(
        "The iteration under way takes too long: stopping without. resume goes on from the last checkpoint.",
      );
      endNow(signal);
    }, patienceMs);
    training.stop();
  };
  for (const name of Object.keys(signals)) process.on(name, onSignal);
  try {
    const summary = await training.finished;
    const {
      run,
      change,
      diagnosis,
      rollbacks,
      saved,
      degraded,
      step,
      steps,
      elapsedMs,
      imagesPerSecond,
      quality,
      best,
      report,
      samples,
    } = summary;
    const speed = `${imagesPerSecond.toLocaleString("en")} images/s`;
    terminal.result(summary, [
      `${step} of ${steps} iterations in ${duration(elapsedMs)} (${speed}).`,
      ...(change === null
        ? []
        : [
            `Converged: the generator's mean loss changed by ${(100 * change).toPrecision(2)} % from one window to the next.`,
          ]),
      ...(diagnosis && diagnosis.state !== "healthy"
        ? [`Watchdog: ${stateNames[diagnosis.state]} since step ${diagnosis.step}. ${diagnosis.advice}`]
        : []),
      ...(rollbacks > 0 ? [`Went back to the best weights ${rollbacks} time${rollbacks === 1 ? "" : "s"}.`] : []),
      ...(saved ? [`Not spent: ${saved.steps} iterations, about ${duration(saved.ms)}.`] : []),
      ...(quality
        ? [`Quality: ${qualityText(quality)}.${best ? ` Best: step ${best.step}, ${best.checkpoint}` : ""}`]
        : []),
      ...(degraded ? [`Degraded: ${degraded.files} writes failed, the last one so: ${degraded.problem}`] : []),
      ...(samples ? [`Samples: ${samples}`] : []),
      `Report:  ${report}`,
      step < steps
        ? `Go on:   npx coordescent resume ${run}`
        : `More:    npx coordescent sample ${run} --count 100 --out grid.png`,
    ]);
    if (summary.state === "collapsed") {
      writeError(
        `coordescent: stopped by the watchdog at step ${step}: ${summary.problem}. Its best checkpoint is ${(best ?? summary).checkpoint}.\n`,
      );
      process.exitCode = exitCodes.diverged;
      return;
    }
    if (summary.problem !== null) {
      writeError(`coordescent: diverged at ${summary.problem} The newest checkpoint is ${summary.checkpoint}.\n`);
      process.exitCode = exitCodes.diverged;
      return;
    }
    process.exitCode = stoppedBy && summary.state === "interrupted" ? signals[stoppedBy] : exitCodes.done;
  } finally {
    clearTimeout(patience);
    for (const name of Object.keys(signals)) process.off(name, onSignal);
  }
}
