import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import koffi from "koffi";
import { settleAllocator } from "./allocator.ts";
import { sessionSettings } from "./session-settings.ts";
import { refuseTelemetry } from "./telemetry.ts";

/** An address; 0 is none. */
export type Pointer = bigint;

/** A function of the C interface; what it returns is an error unless it is null. */
type Fallible = (...parameters: readonly unknown[]) => Pointer | null;

/** The inputs or the outputs of a run: where arrays of C hold the addresses of their names and of their tensors. */
export interface Side {
  readonly names: Pointer;
  readonly values: Pointer;
  readonly count: number;
}

/** ONNX Runtime's native library, as far as training needs it. Tensors are float32. Who made an array or a tensor keeps its memory alive. */
export interface OnnxLibrary {
  /** Loads a model that runs on so many threads. Throws Error where the library refuses it. */
  openSession(model: Uint8Array, threads: number): Pointer;
  closeSession(session: Pointer): void;
  /** A tensor over memory that must not move, such as that of an ArrayBuffer: it is read and written in place. */
  openValue(values: Float32Array, shape: readonly number[]): Pointer;
  closeValue(value: Pointer): void;
  /** Runs a model on this thread and those of its session. Throws Error where the library refuses the inputs or outputs. */
  run(session: Pointer, inputs: Side, outputs: Side): void;
}

/** Version of the C interface in which every function below is. */
const interfaceVersion = 16;

/**
 * Position in the table of the C interface (onnxruntime_c_api.h, which only grows at its end), and parameters. What is named Release returns nothing, GetErrorMessage a text, the others a status.
 */
const functions = {
  GetErrorMessage: [2, ["void *"]],
  CreateEnv: [3, ["int", "str", "void *"]],
  CreateSessionFromArray: [8, ["void *", "void *", "size_t", "void *", "void *"]],
  Run: [9, ["void *", "void *", "void *", "void *", "size_t", "void *", "size_t", "void *"]],
  CreateSessionOptions: [10, ["void *"]],
  SetSessionLogSeverityLevel: [22, ["void *", "int"]],
  SetIntraOpNumThreads: [24, ["void *", "int"]],
  CreateTensorWithDataAsOrtValue: [49, ["void *", "void *", "size_t", "void *", "size_t", "int", "void *"]],
  CreateCpuMemoryInfo: [69, ["int", "int", "void *"]],
  ReleaseStatus: [93, ["void *"]],
  ReleaseSession: [95, ["void *"]],
  ReleaseValue: [96, ["void *"]],
  ReleaseSessionOptions: [100, ["void *"]],
  AddSessionConfigEntry: [130, ["void *", "str", "str"]],
} as const;

const float32 = 1;
const errorsOnly = 3;

let opened: OnnxLibrary | undefined;

/** The library that comes with onnxruntime-node, once for each thread. Throws Error where there is none for this machine. */
export function onnxLibrary(): OnnxLibrary {
  opened ??= openLibrary();
  return opened;
}

function openLibrary(): OnnxLibrary {
  settleAllocator();
  refuseTelemetry();
  refuseTelemetryHere();
  const { call, check, run } = functionsOf(libraryFile());
  const made = (create: (...parameters: readonly unknown[]) => void, ...parameters: readonly unknown[]): Pointer => {
    const place = new BigUint64Array(1);
    create(...parameters, place);
    return place[0]!;
  };
  const environment = made(call.CreateEnv, errorsOnly, "coordescent");
  const memory = made(call.CreateCpuMemoryInfo, 1, 0);
  return {
    openSession(model, threads) {
      const options = made(call.CreateSessionOptions);
      call.SetSessionLogSeverityLevel(options, errorsOnly);
      call.SetIntraOpNumThreads(options, threads);
      for (const [key, value] of Object.entries(sessionSettings)) {
        call.AddSessionConfigEntry(options, `session.${key}`, value);
      }
      try {
        return made(call.CreateSessionFromArray, environment, model, model.byteLength, options);
      } finally {
        call.ReleaseSessionOptions(options);
      }
    },
    closeSession: call.ReleaseSession,
    openValue(values, shape) {
      const sizes = BigInt64Array.from(shape, BigInt);
      const { CreateTensorWithDataAsOrtValue: create } = call;
      return made(create, memory, values, values.byteLength, sizes, shape.length, float32);
    },
    closeValue: call.ReleaseValue,
    run(session, { names, values, count }, outputs) {
      check(run(session, null, names, values, count, outputs.names, outputs.count, outputs.values));
    },
  };
}

/** Numbers of 64 bits outside the heap, where nothing moves. */
export const pointers = (count: number) => new BigUint64Array(new ArrayBuffer(8 * count));

/** Where memory outside the heap lies. */
export const addressOf = (memory: ArrayBuffer | BigUint64Array): Pointer => koffi.address(memory);

/** Texts as C wants them: an array of their addresses, and the memory that has to live as long as these are used. */
export function texts(list: readonly string[]) {
  const memory = list.map((text) => {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const buffer = new ArrayBuffer(bytes.length);
    new Uint8Array(buffer).set(bytes);
    return buffer;
  });
  const array = pointers(list.length);
  array.set(memory.map(addressOf));
  return { array, memory };
}

type Calls = Readonly<Record<Exclude<keyof typeof functions, "Run">, (...parameters: readonly unknown[]) => void>>;

/** The functions of the table, which throw what they return as a status; and `run`, called in every step, as it is, with the `check` of its status. */
function functionsOf(file: string) {
  pin(file);
  const pointer = (from: Pointer, index: number) => koffi.decode(from, index * koffi.sizeof("void *"), "void *");
  const base = koffi.load(file).func("OrtGetApiBase", "void *", [])() as Pointer;
  const table = koffi.call(pointer(base, 0), koffi.proto("void *", ["uint32_t"]), interfaceVersion) as Pointer | null;
  if (table === null) throw new Error(`${file} has no interface of version ${interfaceVersion}`);
  const at = ([index, parameters]: readonly [number, readonly string[]], result: string) =>
    koffi.decode(pointer(table, index), koffi.proto(result, [...parameters]));
  const messageOf = at(functions.GetErrorMessage, "str") as (status: Pointer) => string;
  const release = at(functions.ReleaseStatus, "void") as (status: Pointer) => void;
  const check = (status: Pointer | null) => {
    if (status === null) return;
    const message = messageOf(status);
    release(status);
    throw new Error(message);
  };
  const throwing =
    (call: Fallible) =>
    (...parameters: readonly unknown[]) =>
      check(call(...parameters));
  const { Run, ...others } = functions;
  const entries = Object.entries(others).map(([name, entry]) => {
    const call = at(entry, name.startsWith("Release") ? "void" : "void *") as Fallible;
    return [name, name.startsWith("Release") ? call : throwing(call)];
  });
  const run = at(Run, "void *") as Fallible;
  return { call: Object.fromEntries(entries) as Calls, check, run };
}

/** For a thread that was started by somebody else, whose environment is a copy. */
function refuseTelemetryHere(): void {
  try {
    koffi.load(null).func("setenv", "int", ["str", "str", "int"])("ORT_DISABLE_TELEMETRY", "1", 1);
  } catch {
    // Windows has another function
  }
}

/** Keeps the library in the process: sessions of other threads run in it when the thread that loaded it ends. */
function pin(file: string): void {
  if (process.platform === "win32") koffi.load("kernel32.dll").func("LoadLibraryA", "void *", ["str"])(file);
  else koffi.load(null).func("dlopen", "void *", ["str", "int"])(file, 2);
}

/** Where onnxruntime-node keeps the library of this machine. */
function libraryFile(): string {
  const { platform, arch } = process;
  const names: Readonly<Record<string, string>> = { darwin: "libonnxruntime.1.dylib", win32: "onnxruntime.dll" };
  const package_ = dirname(dirname(createRequire(import.meta.url).resolve("onnxruntime-node")));
  return join(package_, "bin", "napi-v6", platform, arch, names[platform] ?? "libonnxruntime.so.1");
}
