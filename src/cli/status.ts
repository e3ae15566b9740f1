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

function describe({ run, state, step, steps, holder, imagesPerSecond, leftMs, checkpoint, problem }: Status): string[] {
  const at = `at step ${step} of ${steps}`;
  const writer = holder ? `process ${holder.pid} on ${holder.host} since ${holder.since}` : "its process";
  const speed = imagesPerSecond === null ? "" : `, ${imagesPerSecond.toLocaleString("en")} images/s`;
  const left = leftMs === null ? "" : `, ${duration(leftMs)} left`;
  const from = checkpoint === null ? "begins again" : `goes on from step ${checkpoint}`;
  const resume = `\`npx coordescent resume ${run}\` ${from}.`;
  const words: Readonly<Partial<Record<Status["state"], string>>> = {
    running: `running: ${at}${speed}${left}; ${writer}.`,
    finished: `finished: ${step} of ${steps} steps.`,
    converged: `converged ${at}.`,
    killed: `killed ${at}: ${writer} is gone. ${resume}`,
  };
  return [words[state] ?? `${state} ${at}; ${resume}`, ...(problem === null ? [] : [problem])];
}
