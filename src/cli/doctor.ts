import { totalmem } from "node:os";
import type { Command } from "commander";
import { addOutputOptions } from "./options.ts";
import { openTerminal } from "./terminal.ts";

interface Finding {
  readonly what: string;
  readonly good: boolean;
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** `coordescent doctor`: what this machine can run. */
export function addDoctorCommand(program: Command): void {
  const command = program
    .command("doctor")
    .description("say what this machine can run, and what to do about what is missing")
    .addHelpText("after", "\nExample:\n  npx coordescent doctor");
  addOutputOptions(command).action(async (options: { json?: boolean; quiet?: boolean }) => {
    const findings = [
      await node(),
      await runtime("cpu"),
      await runtime("wasm"),
      await runtime("webgpu"),
      await threads(),
      memory(),
      await mnist(),
    ];
    const lines = findings.flatMap(({ what, good, found, advice }) => [
      `${good ? "ok     " : "missing"}  ${what}: ${found}`,
      ...(advice ? [`         ${advice}`] : []),
    ]);
    openTerminal(options).result({ findings }, lines);
  });
}

async function node(): Promise<Finding> {
  return { what: "Node", good: true, found: process.version };
}

/** Runs a small program on a device and compares the result. */
async function runtime(device: "cpu" | "wasm" | "webgpu"): Promise<Finding> {
  const { tryRuntime } = await import("../runs/self-check.ts");
  const advice = {
    cpu: "Install onnxruntime-node for this platform, or train with --device wasm.",
    wasm: "Only needed where there is no native library: npm install onnxruntime-web.",
    webgpu: "Only needed for --device webgpu, which wants a GPU with a Vulkan, Metal or Direct3D 12 driver.",
  };
  try {
    return { what: `device ${device}`, good: true, found: await tryRuntime(device) };
  } catch (error) {
    return {
      what: `device ${device}`,
      good: false,
      found: lastSentence((error as Error).message),
      advice: advice[device],
    };
  }
}

async function threads(): Promise<Finding> {
  const { availableParallelism } = await import("node:os");
  const { chooseThreads } = await import("../runtime/threads.ts");
  return { what: "threads", good: true, found: `${chooseThreads(0, "cpu")} of ${availableParallelism()} cores` };
}

function memory(): Finding {
  return { what: "memory", good: true, found: `${(totalmem() / 2 ** 30).toFixed(1)} GiB` };
}

async function mnist(): Promise<Finding> {
  const { findMnist } = await import("../data/mnist.ts");
  try {
    const found = findMnist();
    if (found) return { what: "data mnist", good: true, found: found.folder };
    const advice = "Run `coordescent data fetch mnist`, or train on `--data strokes`.";
    return { what: "data mnist", good: false, found: "not on this machine", advice };
  } catch (error) {
    return { what: "data mnist", good: false, found: firstLine((error as Error).message) };
  }
}

/** What a native library says after its source line and assertion, without the advice of who trains. */
const lastSentence = (text: string) =>
  firstLine(text)
    .replace(/ Choose --device cpu\.$/, "")
    .split(/(?<=[a-z])\. /)
    .at(-1)!;

const firstLine = (text: string) => text.split("\n")[0]!;
