import { join } from "node:path";
import type { LogRecord } from "../train/train.ts";
import { dataSetOf } from "./data-source.ts";
import { disk } from "./file-system.ts";
import { isAbsent, readIfThere, storageError, type WriteOptions, writeWhole } from "./files.ts";
import { inspect } from "./inspection.ts";
import { readLog } from "./log.ts";
import { planOf } from "./model.ts";
import { type ReportSample, renderReport } from "./report.ts";
import type { RunPaths, RunRecord } from "./run-directory.ts";
import type { Summary } from "./summary.ts";

/** Writes `report.html` from what the run directory holds. */
export async function writeReport(
  paths: RunPaths,
  record: RunRecord,
  summary: Summary,
  options: WriteOptions,
): Promise<void> {
  const records = await readLog(paths.log);
  const html = renderReport({
    title: `${record.config.preset} on ${record.data.name}`,
    config: { coordescent: record.coordescent, data: record.data, ...flattenData(record) },
    summary: shown(summary),
    records,
    samples: await readSamples(paths.samples),
    ...blocksOf(record, records),
  });
  await writeWhole(paths.report, html, options);
}

/** The configuration without the name of the data, which stands beside its fingerprint. */
function flattenData({ config }: RunRecord): object {
  const { data: _, ...rest } = config;
  return rest;
}

/** A summary without the paths of one machine, and without what there was not. */
function shown({ run: _, checkpoint: __, samples: ___, report: ____, ...rest }: Summary): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
}

/** The pictures that are there; what is no file is none. */
async function readSamples(folder: string): Promise<ReportSample[]> {
  const names = (await namesIn(folder)).filter((name) => /^\d+\.png$/.test(name));
  const samples = await Promise.all(
    names.map(async (name) => ({ step: Number.parseInt(name, 10), png: await readIfThere(join(folder, name)) })),
  );
  return samples.flatMap(({ step, png }) => (png ? [{ step, png }] : []));
}

/** Names in a folder; none where there is no such folder. Throws StorageError. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await disk.list(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw storageError(folder, "cannot be read", error);
  }
}

/** The blocks of the generator, and what is known of each kind of them: their cost, and how often the log says that they moved. */
function blocksOf({ config }: RunRecord, records: readonly LogRecord[]) {
  const { examples } = dataSetOf(config.data);
  const { blocks } = planOf(config, examples).players.find(({ name }) => name === "generator")!;
  const moved = blocks.map((_, i) => records.reduce((sum, { visits }) => sum + (visits?.[i] ?? 0), 0));
  const kinds = inspect(config, examples).blocks.map(({ name, blocks: count, parameters, macsPerSample }, move) => ({
    name: count === 1 ? name : `${name} × ${count}`,
    parameters: count * parameters,
    macsPerSample,
    steps: blocks.reduce((sum, block, i) => sum + (block.move === move ? moved[i]! : 0), 0),
  }));
  return { blocks: kinds, blockNames: blocks.map(({ name }) => name) };
}
