import type { Command } from "commander";
import type { Status } from "../runs/status.ts";
import { addOutputOptions } from "./options.ts";
import { duration, openTerminal } from "./terminal.ts";

/** `coordescent status`: what has become of a run. */
export function addStatusCommand(program: Command): void {
  const command = program
    .command("status <run>")
    .description("say whether a run is running, finished, interrupted or killed, and how to go on")
    .addHelpText("after", "\nExample:\n  npx coordescent status runs/first");
  addOutputOptions(command).action(async (run: string, options: { json?: boolean; quiet?: boolean }) => {
    const { statusOf } = await import("../runs/status.ts");
    const status = await statusOf(run);
    openTerminal(options).result(status, describe(status));
  });
}

function describe(status: Status): string[] {
  const { run, state, step, steps, holder, lastSeenMs, imagesPerSecond, leftMs, checkpoint, problem } = status;
  const at = `at step ${step} of ${steps}`;
  const writer = holder ? `process ${holder.pid} on ${holder.host} since ${holder.since}` : "its process";
  const speed = imagesPerSecond === null ? "" : `, ${imagesPerSecond.toLocaleString("en")} images/s`;
  const left = leftMs === null ? "" : `, ${duration(leftMs)} left`;
  const from = checkpoint === null ? "begins again" : `goes on from step ${checkpoint}`;
  const resume = `\`npx coordescent resume ${run}\` ${from}.`;
  // elsewhere, a process can only be heard of
  const [known, gone] =
    lastSeenMs === null ? ["", "is gone"] : [", as far as is known", `was last seen ${duration(lastSeenMs)} ago`];
  const seen = lastSeenMs === null ? "" : `, last seen ${duration(lastSeenMs)} ago`;
  const words: Readonly<Partial<Record<Status["state"], string>>> = {
    running: `running${known}: ${at}${speed}${left}; ${writer}${seen}.`,
    finished: `finished: ${step} of ${steps} steps.`,
    converged: `converged ${at}.`,
    killed: `killed ${at}: ${writer} ${gone}. ${resume}`,
  };
  return [words[state] ?? `${state} ${at}; ${resume}`, ...(problem === null ? [] : [problem])];
}
