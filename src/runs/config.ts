import { z } from "zod";
import { partitions } from "../descent/partition.ts";
import { selectionRules } from "../descent/selection.ts";
import { statePolicies } from "../descent/state-policy.ts";
import { ConfigError } from "../errors.ts";
import { losses } from "../gan/losses.ts";
import { architectures } from "../nn/architectures.ts";
import { initialisers } from "../nn/initialiser.ts";
import { proximalOperators } from "../optim/proximal.ts";
import { schedules } from "../optim/schedule.ts";
import { updateRules } from "../optim/update-rules.ts";
import { reactions } from "../train/guard.ts";
import { dataNames, isDataName } from "./data-source.ts";
import { didYouMean } from "./did-you-mean.ts";
import { foundBy, keyOf, problemOf, show } from "./mismatch.ts";
import type { Setting } from "./setting.ts";

const nameIn = <T extends Record<string, unknown>>(registry: T) =>
  z.enum(Object.keys(registry) as (keyof T & string)[]);
const wholeNumber = (least: number, most: number) => z.int().min(least).max(most);
const positive = z.number().positive().max(1e6);
const widths = z.array(wholeNumber(1, 65_536)).max(32);

const devices = ["cpu", "wasm", "webgpu"] as const;

const penalty = z.number().min(0).max(1e6);

const part = z.number().min(0).max(1);

const descent = z.strictObject({
  partition: nameIn(partitions),
  blockSize: wholeNumber(1, 2 ** 24),
  blocks: z.array(z.array(z.string()).min(1)).max(1024),
  select: nameIn(selectionRules),
  order: z.union([z.enum(["ascending", "descending"]), z.array(wholeNumber(0, 2 ** 24))]),
  exponent: z.number().min(0).max(10),
  floor: part,
  epsilon: part,
  refresh: wholeNumber(0, 2 ** 31),
  discount: z.number().positive().max(1),
  staleness: z.number().positive().lt(1),
  active: wholeNumber(0, 64),
  periods: z.array(wholeNumber(1, 64)).max(64),
  update: nameIn(updateRules),
  learningRate: positive,
  schedule: nameIn(schedules),
  perSweep: z.boolean(),
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  momentum: z.number().gt(-1).lt(1),
  weightDecay: z.number().min(0).max(1e6),
  relative: z.boolean(),
  damping: z.number().min(0).max(1e6),
  iterations: wholeNumber(1, 100),
  optimistic: z.boolean(),
  largest: wholeNumber(0, 2 ** 24),
  proximal: nameIn(proximalOperators),
  proximalWeight: positive,
  state: nameIn(statePolicies),
  stateDecay: part,
  steps: z.union([wholeNumber(1, 10_000), z.literal("sweep")]),
  hold: wholeNumber(1, 2 ** 31),
  innerSteps: wholeNumber(1, 10_000),
  average: z.number().min(0).lt(1),
  anderson: wholeNumber(0, 20),
  lipschitz: z.strictObject({ rounds: wholeNumber(0, 1000), every: wholeNumber(0, 2 ** 31) }),
});

const data = z.string().superRefine((input, context) => {
  if (!isDataName(input)) context.addIssue({ code: "invalid_value", values: dataNames, input });
});

const schema = z.strictObject({
  preset: z.string().regex(/^[a-z0-9-]{1,40}$/),
  data,
  steps: wholeNumber(1, 2 ** 31),
  batch: wholeNumber(1, 65_536),
  seed: wholeNumber(0, 2 ** 32 - 1),
  device: z.enum(devices),
  threads: wholeNumber(0, 256),
  loss: nameIn(losses),
  generator: z.strictObject({
    architecture: nameIn(architectures),
    latent: wholeNumber(1, 65_536),
    hidden: widths,
    slope: z.number().min(0).max(1),
    output: z.enum(["auto", "sigmoid", "linear"]),
    initialiser: nameIn(initialisers),
  }),
  discriminator: z.strictObject({
    architecture: nameIn(architectures),
    hidden: widths,
    slope: z.number().min(0).max(1),
    initialiser: nameIn(initialisers),
    spectralNorm: z.boolean(),
    smoothing: z.number().min(0).max(0.5),
    r1: penalty,
    r2: penalty,
    wganGp: penalty,
    dragan: penalty,
    penaltyEvery: wholeNumber(1, 1000),
    descent,
  }),
  descent,
  game: z.strictObject({ order: z.enum(["alternating", "simultaneous", "extragradient"]) }),
  convergence: z.strictObject({ tolerance: z.number().min(0).lt(1), window: wholeNumber(1, 2 ** 31) }),
  log: z.strictObject({ every: wholeNumber(1, 2 ** 31) }),
  sample: z.strictObject({ every: wholeNumber(1, 2 ** 31), count: wholeNumber(1, 10_000) }),
  probe: z.strictObject({ every: wholeNumber(0, 2 ** 31), count: wholeNumber(100, 100_000) }),
  watch: z.strictObject({ every: wholeNumber(0, 2 ** 31), onCollapse: z.enum(reactions) }),
  checkpoint: z.strictObject({ every: wholeNumber(1, 2 ** 31), keep: wholeNumber(2, 1000) }),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Everything that determines a training but the data and the code. */
export type Config = DeepReadonly<z.infer<typeof schema>>;

type Tree = { readonly [key: string]: unknown };

/** `base` with settings replaced, checked. Throws ConfigError for an unknown key (with the nearest one) and for a value out of range. */
export function configure(base: Config, settings: readonly Setting[]): Config {
  const preset = settings.find(([key, value]) => key === "preset" && value !== base.preset);
  if (preset) throw new ConfigError(`preset: is chosen with --preset, got ${show(preset[1])} as a setting.`, "preset");
  return parseConfig(settings.reduce<Tree>((tree, [key, value]) => replaced(tree, key.split("."), value, key), base));
}

/** A configuration from parsed JSON. Throws ConfigError. */
export function parseConfig(value: unknown): Config {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw explain(issue!, value);
}

/** The settings in a tree of them, as a configuration file holds it. Throws ConfigError where it is none. */
export function settingsOf(tree: unknown, prefix = ""): Setting[] {
  if (!isTree(tree)) throw new ConfigError("configuration file: expected an object of settings.");
  return Object.entries(tree).flatMap(([name, value]): Setting[] => {
    const key = prefix + name;
    return isTree(value) ? settingsOf(value, `${key}.`) : [[key, value]];
  });
}

/** `key=value` with the value in JSON, or a plain word. Throws ConfigError. */
export function parseSetting(text: string): Setting {
  const at = text.indexOf("=");
  if (at < 1) throw new ConfigError(`--set ${text}: expected key=value, for example descent.learningRate=0.001.`);
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch {
    return [text.slice(0, at), value];
  }
}

/** A whole number in a range. Throws ConfigError that names the option. */
export function checkInteger(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ConfigError(`${name}: expected a whole number from ${least} to ${most}, got ${value}.`, name);
}

/** One of some names. Throws ConfigError that suggests the nearest. */
export function checkChoice<T extends string>(what: string, value: string, known: readonly T[]): T {
  const choice = known.find((name) => name === value);
  if (choice !== undefined) return choice;
  throw new ConfigError(
    `${what}: expected one of ${known.join(", ")}, got ${value}. ${didYouMean(value, known)}`.trim(),
    what,
  );
}

/**
 * What samples are written as by the name of their file, which cannot be that of another file of a run; a device under /dev gets a picture. Throws
 * ConfigError.
 */
export function sampleFormat(name: string): "npy" | "png" {
  if (/\.npy$/i.test(name)) return "npy";
  if (/\.png$/i.test(name) || name.startsWith("/dev/")) return "png";
  throw new ConfigError(`--out: expected the name of a .png or .npy file, got "${name}".`, "out");
}

/** The name of a picture. Throws ConfigError. */
export function checkPictureName(name: string): void {
  if (sampleFormat(name) === "png") return;
  throw new ConfigError(`--out: expected the name of a .png file, got "${name}".`, "out");
}

/** A device. Throws ConfigError. */
export const checkDevice = (value: string) => checkChoice("--device", value, devices);

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function replaced(tree: Tree, [name, ...rest]: string[], value: unknown, key: string): Tree {
  const child = Object.hasOwn(tree, name!) ? tree[name!] : undefined;
  if (child === undefined || (rest.length > 0 && !isTree(child))) throw unknownKey(key);
  if (rest.length === 0 && isTree(child)) {
    throw new ConfigError(
      `${key}: names a group of settings, got a value. Set one of ${Object.keys(child).join(", ")}.`,
      key,
    );
  }
  return { ...tree, [name!]: rest.length > 0 ? replaced(child as Tree, rest, value, key) : value };
}

function unknownKey(key: string): ConfigError {
  return new ConfigError(`${key}: unknown configuration key. ${didYouMean(key, configKeys())}`.trim(), key);
}

function configKeys(): string[] {
  const keysOf = (shape: z.ZodType, prefix: string): string[] =>
    shape instanceof z.ZodObject
      ? Object.entries(shape.shape).flatMap(([name, child]) =>
          keysOf(child as z.ZodType, prefix ? `${prefix}.${name}` : name),
        )
      : [prefix];
  return keysOf(schema, "");
}

function explain(issue: z.core.$ZodIssue, value: unknown): ConfigError {
  const key = keyOf(issue);
  if (issue.code === "unrecognized_keys") return unknownKey([key, issue.keys[0]].filter(Boolean).join("."));
  const advice =
    issue.code === "invalid_value" ? didYouMean(String(foundBy(issue, value)), issue.values.map(String)) : "";
  return new ConfigError(`${problemOf(issue, value)} ${advice}`.trim(), key);
}
