import { chooseThreads } from "../src/runtime/threads.ts";
import { type Contestant, openContestant } from "./contestant.ts";
import type { Lane } from "./race.ts";
import type { Task } from "./training.ts";

/** Everything that is measured in one race, by what it is. */
export interface Field {
  /** Trainings of this project by task and batch. */
  readonly own: Readonly<Record<string, Lane>>;
  /** The first of them on one thread, by device. */
  readonly oneThread: Readonly<Record<string, Lane>>;
  /** The same of PyTorch, in several ways each; names of those with fused Adam and no gradient in vain begin with `tuned-`. */
  readonly pytorch: Readonly<Record<string, readonly Lane[]>>;
  readonly jax: Lane;
  readonly tensorflow: Lane;
  /** The matrix products of an iteration alone. */
  readonly products: Lane;
  /** A large matrix product, by several libraries. */
  readonly sgemm: readonly Lane[];
}

/** The side of the matrices of `sgemm`. */
export const sgemmSide = 1024;

interface FieldOptions {
  /** A command that runs a script with torch. */
  readonly python: string | undefined;
  /** Iterations of a round; a multiple of the three blocks. */
  readonly iterations: number;
  /** Whether only the perceptrons on the CPU take part. */
  readonly isQuick: boolean;
}

type Opened = { readonly contestant: Contestant } | { readonly problem: string };

/** Opens all contestants: this project's first and one by one, as a training may try at its start how many threads suit it. */
export async function openField({ python, iterations, isQuick }: FieldOptions): Promise<Field> {
  const own: Record<string, Lane> = {};
  for (const task of ["adam", "block"] as const) {
    for (const batch of [128, 64]) own[task + batch] = await training(task, batch, iterations);
  }
  if (!isQuick) own.dcgan64 = await training("dcgan", 64, 3);
  const oneThread: Record<string, Lane> = {};
  if (!isQuick) {
    for (const device of ["cpu", "wasm"]) {
      oneThread[device] = await training("adam", 128, 12, `device=${device}`, "threads=1");
    }
  }
  const products = await open(process.execPath, [built("sgemm.js"), "0"]);
  const torch: Opened[] = [];
  for (const threads of new Set([1, chooseThreads(0, "cpu")])) torch.push(await openPyTorch(python, threads));
  const pytorch: Record<string, Lane[]> = {};
  for (const style of ["", "tuned-"]) {
    for (const [name, { task, batch, iterations }] of Object.entries(own)) {
      pytorch[style + name] = torch.map((each) => lane(each, style + task, batch, iterations, warmUpOf(task as Task)));
    }
  }
  return {
    own,
    oneThread,
    pytorch,
    jax: lane(await open(process.execPath, [peer("jax.mjs")]), "adam", 128, 8, 40),
    tensorflow: lane(await open(process.execPath, [peer("tensorflow.mjs")]), "adam", 128, 2, 10),
    products: lane(products, "products", 128, 30),
    sgemm: [products, torch.at(-1)!].map((each) => lane(each, "sgemm", sgemmSide, 10)),
  };
}

/** All lanes of a field, in the order of the race. */
export function lanesOf({ own, oneThread, pytorch, jax, tensorflow, products, sgemm }: Field): Lane[] {
  return [
    ...Object.values(own),
    ...Object.values(oneThread),
    ...Object.values(pytorch).flat(),
    jax,
    tensorflow,
    products,
    ...sgemm,
  ];
}

/**
 * PyTorch with a number of threads. What the environment says of the kernels of OpenBLAS is left out: without, it takes the fastest that the processor
 * has.
 */
export async function openPyTorch(python: string | undefined, threads: number, ...args: string[]): Promise<Opened> {
  if (!python) return { problem: "COORDESCENT_BENCH_PYTHON names no command that runs a script with torch" };
  const env = { OMP_NUM_THREADS: String(threads), OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined };
  return open(python, [peer("gan.py"), String(threads), ...args], env);
}

/** A training of this project in a process of its own. */
export function openTraining(
  task: Task,
  batch: number,
  logEvery: number,
  { settings = [], flags = [] }: { settings?: readonly string[]; flags?: readonly string[] } = {},
): Promise<Opened> {
  return open(process.execPath, [...flags, built("ours.js"), task, String(batch), String(logEvery), ...settings]);
}

async function training(task: Task, batch: number, iterations: number, ...settings: string[]): Promise<Lane> {
  const logEvery = Math.min(30, iterations);
  return lane(await openTraining(task, batch, logEvery, { settings }), task, batch, iterations, 3 * warmUpOf(task));
}

/** Iterations before those that count; ours need more, until the engine has compiled. */
const warmUpOf = (task: Task) => (task === "dcgan" ? 3 : 100);

const built = (file: string) => new URL(file, import.meta.url).pathname;
const peer = (file: string) => new URL(`../../bench/peers/${file}`, import.meta.url).pathname;

async function open(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Opened> {
  try {
    return { contestant: await openContestant(command, args, env) };
  } catch (error) {
    const { message } = error as Error;
    return { problem: message.includes("ERR_MODULE_NOT_FOUND") ? "not installed: npm ci --prefix bench" : message };
  }
}

function lane(opened: Opened, task: string, batch: number, iterations: number, warmUp = 0): Lane {
  return { contestant: undefined, ...opened, task, batch, iterations, warmUp, times: [] };
}
