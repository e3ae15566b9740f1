import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import type { Kill } from "../runs/verify-resume.ts";
import { errorNameOf, exitCodes } from "./exit-codes.ts";
import { addOutputOptions, parseNumber } from "./options.ts";
import { openTerminal } from "./terminal.ts";
import { signals } from "./watch.ts";

interface VerifyCliOptions {
  kills: number;
  preset?: string;
  data: string;
  steps: number;
  seed: number;
  threads?: number;
  set: string[];
  json?: boolean;
  quiet?: boolean;
}

/** A small training that logs, looks, probes and saves all the time. */
const small = [
  "generator.hidden=[16]",
  "discriminator.hidden=[16]",
  "batch=16",
  "threads=1",
  "log.every=1",
  "checkpoint.every=5",
  "watch.every=10",
  "probe.every=20",
  "probe.count=100",
  "sample.every=50",
];

/** `coordescent verify-resume`: kills trainings, resumes them and compares. */
export function addVerifyResumeCommand(program: Command): void {
  const command = program
    .command("verify-resume")
    .description("prove that killed and resumed trainings end like one that was never killed, bit for bit")
    .option("--kills <n>", "processes to kill: two at random steps, then one at any time of its life", parseNumber, 20)
    .option("--preset <name>", "configuration of the trainings")
    .option("--data <name>", "data of the trainings", "ring")
    .option("--steps <n>", "iterations of each training", parseNumber, 100)
    .option("--seed <n>", "seed of the trainings and of the kills", parseNumber, 1)
    .option("--threads <n>", "threads of each training (default: 1)", parseNumber)
    .addOption(
      new Option("--set <key=value>", "any configuration key; may be repeated")
        .argParser((text: string, previous: string[]) => [...previous, text])
        .default([], "none"),
    )
    .addHelpText("after", "\nExample:\n  npx coordescent verify-resume --kills 5");
  addOutputOptions(command).action(verify);
}

async function verify({ kills, preset, data, steps, seed, threads, set, ...output }: VerifyCliOptions): Promise<void> {
  const terminal = openTerminal(output);
  const { checkInteger } = await import("../runs/config.ts");
  const { verifyResume } = await import("../runs/verify-resume.ts");
  checkInteger("--kills", kills, 1, 100_000);
  checkInteger("--steps", steps, 1, 1_000_000);
  checkInteger("--seed", seed, 0, 2 ** 32 - 1);
  const settings = [...small, ...set].flatMap((setting) => ["--set", setting]);
  const training = [
    ...(preset === undefined ? [] : ["--preset", preset]),
    "--data",
    data,
    "--seed",
    String(seed),
    ...settings,
    ...(threads === undefined ? [] : ["--threads", String(threads)]),
  ];
  const stop = stopOnSignal();
  const folder = await mkdtemp(join(tmpdir(), "coordescent-verify-"));
  try {
    const done = await verifyResume({
      command: [process.execPath, fileURLToPath(new URL("./main.js", import.meta.url))],
      folder,
      training,
      steps,
      kills,
      seed,
      errorNameOf,
      signal: stop.signal,
      onWhole: (hashes, ms) => terminal.say(`never killed: ${steps} steps in ${ms} ms. ${show(hashes)}`),
      onKill: (kill) =>
        terminal.say(
          `kill ${kill.number} of ${kills}: after ${kill.afterMs} ms, at step ${kill.step}${kill.kind === "any time" ? " (at any time)" : ""}. ${show(kill.hashes)} ${kill.isEqual ? "equal" : "NOT EQUAL"}`,
        ),
    });
    const equal = done.filter(({ isEqual }) => isEqual).length;
    const anyTime = done.filter(({ kind }) => kind === "any time").length;
    const words = equal === kills ? "every run ended like the one that was never killed" : "the others differ";
    terminal.result({ kills: done, equal, anyTime }, [
      `${equal} of ${kills} equal, ${anyTime} of these kills at any time of a process, the others at a step: ${words}.`,
    ]);
    process.exitCode = equal === kills ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (stop.exitCode() === undefined) throw error;
    process.exitCode = stop.exitCode();
  } finally {
    await rm(folder, { recursive: true, force: true });
    stop.release();
  }
}

/** From now on SIGINT, SIGTERM and SIGHUP end no process but abort, and the first one has an exit code. */
function stopOnSignal() {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const onSignal = (name: NodeJS.Signals) => {
    exitCode ??= signals[name as keyof typeof signals];
    controller.abort();
  };
  for (const name of Object.keys(signals)) process.on(name, onSignal);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    release() {
      for (const name of Object.keys(signals)) process.off(name, onSignal);
    },
  };
}

const show = ({ checkpoints, log, pictures }: Kill["hashes"]) =>
  `checkpoints ${checkpoints.slice(0, 16)}  log ${log.slice(0, 16)}  pictures ${pictures.slice(0, 16)}`;
