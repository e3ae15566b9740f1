/** A run as one HTML page that needs nothing but itself: no server, no network, no other file. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { LogRecord } from "../train/train.ts";
import { movesSection } from "./report-moves.ts";
import { qualitySections } from "./report-quality.ts";
import { reportScript } from "./report-script.ts";
import {
  blockSection,
  curveSection,
  describeRun,
  escapeHtml,
  keyFigures,
  pictureSection,
  type ReportBlock,
  type ReportSample,
  searchSection,
  settingSection,
  speedSection,
  withoutKnown,
} from "./report-sections.ts";
import { reportStyle } from "./report-style.ts";
import { troublesOf, watchSections } from "./report-watch.ts";

export type { ReportBlock, ReportSample } from "./report-sections.ts";

/** What a report shows. */
export interface ReportInput {
  readonly title: string;
  /** Everything that determines the run: what `config.json` holds. `version` or `coordescent` is that of the code. */
  readonly config: unknown;
  /**
   * The result: what `summary.json` holds. The page knows `state` ("finished", "interrupted", "diverged" or "running"), `step`, `steps`, `elapsedMs`,
   * `imagesPerSecond`, `lossD`, `lossG`, `dataName` (or `data`) and `dataNote`, and lists whatever else there is.
   */
  readonly summary: Readonly<Record<string, unknown>>;
  /** In the order in which they were logged. Where steps were made again after a resume, the later record counts. */
  readonly records: readonly LogRecord[];
  /** Pictures of the same latents at different steps. */
  readonly samples: readonly ReportSample[];
  readonly blocks: readonly ReportBlock[];
  /** Names of the blocks that `visits` of the records count, in their order; those of `blocks` by default. */
  readonly blockNames?: readonly string[];
}

/** More points than a chart has pixels would only make the page heavy, as would more pictures than one looks at. */
const MOST_RECORDS = 2000;
const MOST_SAMPLES = 120;

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** The page of a run: curves, samples as they evolved, blocks and configuration. At most 2000 records and 120 pictures are shown, evenly chosen. */
export function renderReport({
  title,
  config,
  summary,
  records,
  samples,
  blocks,
  blockNames = blocks.map(({ name }) => name),
}: ReportInput): string {
  const all = withoutReplaced(records);
  const shown = new Set(thin(all, MOST_RECORDS));
  const log = all.filter((record) => shown.has(record) || record.quality);
  const pictures = thin(
    samples.toSorted((a, b) => a.step - b.step),
    MOST_SAMPLES,
  );
  const plot = readPlot();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>${plot.style}${reportStyle}</style>
</head>
<body>
<main>
<header>
<p class="over">Run report</p>
<h1>${escapeHtml(title)}</h1>
<p class="lead">${escapeHtml(describeRun(summary, blockNames.length))}</p>
${typeof summary.dataNote === "string" ? `<p class="note">${escapeHtml(summary.dataNote)}</p>` : ""}
</header>
${keyFigures(summary)}
${sideBySide(pictureSection(pictures), curveSection(log))}
${sideBySide(...watchSections(all))}
${sideBySide(...qualitySections(log))}
${sideBySide(blockSection(blocks), speedSection(log))}
${sideBySide(movesSection(all, blockNames), searchSection(log))}
${settingSection("Results", withoutKnown(summary))}
${settingSection("Configuration", config)}
</main>
<footer>${escapeHtml(`Written by coordescent ${versionOf(config)}`.trim())}. This page loads nothing from anywhere.</footer>
<script type="application/json" id="records">${scriptJson({ ...columnsOf(log), troubles: troublesOf(all).map(({ from, to }) => [from, to]) })}</script>
<script>
/*! uPlot is under this licence:

${plot.licence}
*/
${plot.script}</script>
<script>${reportScript}</script>
</body>
</html>
`;
}

function sideBySide(...parts: readonly string[]): string {
  const sections = parts.filter((part) => part !== "").map((part) => `<section>${part}</section>`);
  return sections.length === 0 ? "" : `<div class="columns">\n${sections.join("\n")}\n</div>`;
}

/** The records of the steps as they count in the end: one with an earlier step, after a resume, replaces those from that step on. */
function withoutReplaced(records: readonly LogRecord[]): LogRecord[] {
  const kept: LogRecord[] = [];
  for (const record of records) {
    if (!Number.isFinite(record.step)) continue;
    while (kept.length > 0 && kept.at(-1)!.step >= record.step) kept.pop();
    kept.push(record);
  }
  return kept;
}

/** At most `most` (two or more) of the items, evenly spaced, the first and the last among them. */
function thin<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!);
}

/** What the charts draw, column by column; a number that is not finite becomes null, which is a gap. */
function columnsOf(log: readonly LogRecord[]): Record<string, unknown[]> {
  const column = (key: NumberKey) => log.map((record) => short(record[key] ?? Number.NaN));
  const optional = (key: NumberKey) => (log.some((record) => record[key] !== undefined) ? { [key]: column(key) } : {});
  return {
    step: log.map(({ step }) => step),
    lossD: column("lossD"),
    lossG: column("lossG"),
    probabilityReal: column("probabilityReal"),
    probabilityFake: column("probabilityFake"),
    imagesPerSecond: column("imagesPerSecond"),
    block: log.map(({ block }) => block),
    ...optional("length"),
    ...optional("predicted"),
    ...optional("realised"),
    ...(log.some(({ watch }) => watch) && {
      separation: ofWatch(log, "separation"),
      memory: ofWatch(log, "memory"),
      difference: ofWatch(log, "diversity"),
      repeats: ofWatch(log, "repeats"),
    }),
    ...(log.some(({ quality }) => quality) && {
      distance: log.map(({ quality }) => short(quality?.distance ?? Number.NaN)),
      diversity: log.map(({ quality }) => short(quality?.diversity ?? Number.NaN)),
    }),
  };
}

function ofWatch(log: readonly LogRecord[], key: "separation" | "memory" | "diversity" | "repeats") {
  return log.map(({ watch }) => short(watch?.signals[key] ?? Number.NaN));
}

type NumberKey = Exclude<keyof LogRecord, "block" | "blockD" | "visits" | "quality" | "watch">;

/** Five digits are finer than any screen. */
function short(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}

/** JSON in which nothing can end a script element or, as JavaScript, a line. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function readPlot(): { readonly script: string; readonly style: string; readonly licence: string } {
  const { resolve } = createRequire(import.meta.url);
  const read = (name: string) => readFileSync(resolve(`uplot/${name}`), "utf8").trim();
  return { script: read("dist/uPlot.iife.min.js"), style: read("dist/uPlot.min.css"), licence: read("LICENSE") };
}

function versionOf(config: unknown): string {
  if (typeof config !== "object" || config === null) return "";
  const { version, coordescent } = config as { readonly version?: unknown; readonly coordescent?: unknown };
  return [version, coordescent].find((text) => typeof text === "string") ?? "";
}
