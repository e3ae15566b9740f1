import type { Command } from "commander";
import type { Config } from "../runs/config.ts";
import { type DataSource, dataNameOf, titleOf } from "../runs/data-source.ts";
import type { Setting } from "../runs/setting.ts";
import { addTrainingOptions, type TrainingCliOptions } from "./options.ts";
import { openTerminal, type Terminal, watchNews } from "./terminal.ts";
import { finish } from "./watch.ts";

/** `coordescent train`: a new run. */
export function addTrainCommand(program: Command): void {
  const command = program
    .command("train")
    .description("train a generator; with no options MNIST, the default preset and a new directory under runs/")
    .addHelpText("after", "\nExample:\n  npx coordescent train --data strokes --steps 2000 --run runs/first");
  addTrainingOptions(command).action(async (options: TrainingCliOptions) => {
    await train(options, openTerminal(options));
  });
}

async function train(options: TrainingCliOptions, terminal: Terminal): Promise<void> {
  const { checkFree } = await import("../runs/run-directory.ts");
  const requested = await chooseConfig(options);
  if (options.run !== undefined) await checkFree(options.run);
  const { config, source } = await chooseData(requested, terminal);
  const { startRun } = await import("../runs/training.ts");
  await finish(startRun(options.run, config, source, observer(terminal, config)), terminal);
}

/** What a command says while it trains. */
export function observer(terminal: Terminal, { steps, preset, data }: Config) {
  return {
    onStart: ({ run, runtime, step }: { run: string; runtime: string; step: number }) =>
      terminal.say(
        `${step > 0 ? `Resuming at step ${step}` : "Training"}: preset ${preset} on ${titleOf(data)}, ${runtime}. Run: ${run}`,
      ),
    onRecord: (record: Parameters<Terminal["progress"]>[0]) => {
      const news = watchNews(record);
      if (news) terminal.say(news);
      terminal.progress(record, steps);
    },
    onNotice: (notice: string) => terminal.say(notice),
  };
}

interface Requested {
  readonly base: Config;
  /** Settings of the user, weakest first. */
  readonly settings: readonly Setting[];
}

/** The preset and, above it, the configuration file, --set and the other options. */
async function chooseConfig(options: TrainingCliOptions): Promise<Requested> {
  const { checkChoice, configure, parseSetting, settingsOf } = await import("../runs/config.ts");
  const { presets } = await import("../runs/presets.ts");
  const { reactions } = await import("../train/guard.ts");
  const fromFile = options.config === undefined ? [] : settingsOf(await readConfigFile(options.config));
  const preset = options.preset ?? (fromFile.find(([key]) => key === "preset")?.[1] as string | undefined) ?? "default";
  const { config: base } = presets[checkChoice("--preset", preset, Object.keys(presets) as (keyof typeof presets)[])];
  const given = (["data", "steps", "batch", "seed", "device", "threads"] as const).flatMap((key): Setting[] =>
    options[key] === undefined ? [] : [[key, options[key]]],
  );
  if (options.onCollapse !== undefined) {
    given.push(["watch.onCollapse", checkChoice("--on-collapse", options.onCollapse, reactions)]);
  }
  const settings = [...fromFile.filter(([key]) => key !== "preset"), ...options.set.map(parseSetting), ...given].map(
    ([key, value]): Setting => [key, key === "data" && typeof value === "string" ? dataNameOf(value) : value],
  );
  configure(base, settings);
  return { base, settings };
}

async function readConfigFile(file: string): Promise<unknown> {
  const { stat } = await import("node:fs/promises");
  const { parseJson } = await import("../data/json.ts");
  const { readRegular } = await import("../data/reading.ts");
  const { isAbsent } = await import("../runs/files.ts");
  const { maxConfigBytes } = await import("../runs/run-directory.ts");
  const { ConfigError, InputError } = await import("../errors.ts");
  await stat(file).catch((error) => {
    if (isAbsent(error)) throw new ConfigError(`--config ${file}: no such file.`, "config"); // else the reader says why
  });
  const tree = parseJson(
    readRegular(file, maxConfigBytes),
    (problem, at) => new InputError(file, `expected settings in JSON: ${problem}.`, at),
  ) as Record<string, unknown> | null;
  return tree?.coordescent === undefined ? tree : tree.config; // the config.json of a run
}

/** The data that was asked for; where none was, MNIST if it can be had and otherwise `strokes`. */
async function chooseData(
  { base, settings }: Requested,
  terminal: Terminal,
): Promise<{ config: Config; source: DataSource }> {
  const { configure } = await import("../runs/config.ts");
  const { dataSetOf, findData, findDefaultData } = await import("../runs/data-source.ts");
  const { chooseTrainingThreads } = await import("../runs/model.ts");
  const asked = configure(base, settings).data;
  const isAsked = asked !== "mnist" || settings.some(([key]) => key === "data");
  const download = downloadOptions(terminal);
  const found = isAsked ? { source: await findData(asked, download) } : await findDefaultData(download);
  if ("reason" in found)
    terminal.say(`MNIST cannot be had, so this run uses the embedded strokes digits. ${found.reason}`);
  const { name } = found.source;
  const { examples, settings: ofData } = dataSetOf(name);
  const config = configure(base, [...ofData, ...settings, ["data", name]]);
  return { config: { ...config, threads: chooseTrainingThreads(config, examples) }, source: found.source };
}

/** Shows the progress of a download. */
export function downloadOptions(terminal: Terminal) {
  return {
    onProgress: ({
      file,
      receivedBytes,
      totalBytes,
    }: {
      file: string;
      receivedBytes: number;
      totalBytes: number | undefined;
    }) => {
      const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
      const total = totalBytes === undefined ? "" : ` of ${megabytes(totalBytes)}`;
      terminal.transfer(`Downloading ${file}: ${megabytes(receivedBytes)}${total} MB`);
    },
  };
}
