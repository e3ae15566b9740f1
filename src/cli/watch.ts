import type { Training } from "../runs/training.ts";
import { exitCodes } from "./exit-codes.ts";
import { duration, type Terminal } from "./terminal.ts";

const signals = { SIGINT: 130, SIGTERM: 143 } as const;

/** Waits for a training. The first SIGINT or SIGTERM lets it save and end with 130 or 143, a second one ends the process at once. */
export async function finish(training: Training, terminal: Terminal): Promise<void> {
  let stoppedBy: keyof typeof signals | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    const name = signal as keyof typeof signals;
    if (stoppedBy) process.exit(signals[name]);
    stoppedBy = name;
    terminal.say("Stopping: saving a checkpoint. Once more to stop without.");
    training.stop();
  };
  for (const name of Object.keys(signals)) process.on(name, onSignal);
  try {
    const summary = await training.finished;
    const { run, step, steps, elapsedMs, imagesPerSecond, report, samples } = summary;
    const speed = `${imagesPerSecond.toLocaleString("en")} images/s`;
    terminal.result(summary, [
      `${step} of ${steps} iterations in ${duration(elapsedMs)} (${speed}).`,
      ...(samples ? [`Samples: ${samples}`] : []),
      `Report:  ${report}`,
      step < steps
        ? `Go on:   coordescent resume ${run}`
        : `More:    coordescent sample ${run} --count 100 --out grid.png`,
    ]);
    if (summary.problem !== null) {
      process.stderr.write(
        `coordescent: diverged at ${summary.problem} The newest checkpoint is ${summary.checkpoint}.\n`,
      );
      process.exitCode = exitCodes.diverged;
      return;
    }
    process.exitCode = stoppedBy && summary.state === "interrupted" ? signals[stoppedBy] : exitCodes.done;
  } finally {
    for (const name of Object.keys(signals)) process.off(name, onSignal);
  }
}
