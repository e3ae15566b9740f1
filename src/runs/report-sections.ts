/** The parts of a report's page as HTML. Every text that comes from outside goes through `escapeHtml`. */

import type { LogRecord } from "../train/train.ts";
import { SMOOTHED_FROM } from "./report-script.ts";

/** A picture of the samples after a step. */
export interface ReportSample {
  readonly step: number;
  readonly png: Uint8Array;
}

/** What one block of weights is and how often it moved. */
export interface ReportBlock {
  readonly name: string;
  readonly parameters: number;
  /** Multiply-accumulates of one step of the block, per sample. */
  readonly macsPerSample: number;
  readonly steps: number;
}

type Summary = Readonly<Record<string, unknown>>;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

const finite = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;

function formatNumber(value: number, digits = 0): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

function formatDuration(elapsedMs: number): string {
  const seconds = elapsedMs / 1000;
  if (seconds < 60) return `${formatNumber(seconds, seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${formatNumber(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** What was run, as one sentence. */
export function describeRun(summary: Summary, blockCount: number): string {
  const { state } = summary;
  const dataName = nameOfData(summary);
  const data = dataName === undefined ? "" : ` on ${dataName}`;
  const step = finite(summary.step);
  const steps = finite(summary.steps);
  const elapsedMs = finite(summary.elapsedMs);
  const time = elapsedMs === undefined ? "" : formatDuration(elapsedMs);
  const of = steps === undefined || steps === step ? "" : ` of ${formatNumber(steps)}`;
  const at = step === undefined ? "" : ` at step ${formatNumber(step)}${of}`;
  const blocks = blockCount > 1 ? ` by coordinate descent over ${blockCount} blocks of weights` : "";
  const after = time && ` after ${time}`;
  if (state === "diverged") return `A GAN trained${data}${blocks}: it diverged${at}${after}.`;
  if (state === "collapsed") return `A GAN trained${data}${blocks}: stopped by the watchdog${at}${after}.`;
  if (state === "converged") return `A GAN trained${data}${blocks}: converged${at}${after}.`;
  if (state === "interrupted") return `A GAN trained${data}${blocks}: stopped${at}${after}; it can be resumed.`;
  if (state === "running") return `A GAN in training${data}${blocks}: now${at}${after}.`;
  const length = step === undefined ? "" : ` for ${formatNumber(step)}${of} steps`;
  return `A GAN trained${data}${blocks}${length}${time && ` in ${time}`}.`;
}

function nameOfData({ dataName, data }: Summary): string | undefined {
  return [dataName, data].find((name) => typeof name === "string");
}

const known = [
  "state",
  "step",
  "steps",
  "elapsedMs",
  "imagesPerSecond",
  "lossD",
  "lossG",
  "dataName",
  "data",
  "dataNote",
  "diagnosis",
] as const;

/** What the page does not show elsewhere. */
export function withoutKnown(summary: Summary): Summary {
  return Object.fromEntries(Object.entries(summary).filter(([key]) => !known.some((shown) => shown === key)));
}

/** The state and the figures of the run, in large. */
export function keyFigures(summary: Summary): string {
  const { state, lossD, lossG } = summary;
  const dataName = nameOfData(summary);
  const figures: string[] = [];
  const add = (name: string, html: string, attributes = "") =>
    figures.push(`<div><dt>${name}</dt><dd${attributes}>${html}</dd></div>`);
  const step = finite(summary.step);
  const steps = finite(summary.steps);
  const elapsedMs = finite(summary.elapsedMs);
  const imagesPerSecond = finite(summary.imagesPerSecond);
  if (typeof state === "string") add("State", escapeHtml(state), ` class="state ${escapeHtml(state)}"`);
  if (dataName !== undefined) add("Data", escapeHtml(dataName));
  if (step !== undefined) {
    const of = steps === undefined || steps === step ? "" : ` <small>of ${formatNumber(steps)}</small>`;
    add("Steps", formatNumber(step) + of);
  }
  if (elapsedMs !== undefined) add("Time", formatDuration(elapsedMs));
  if (imagesPerSecond !== undefined) add("Images per second", formatNumber(imagesPerSecond));
  if (typeof lossD === "number") add("Discriminator loss", formatLoss(lossD));
  if (typeof lossG === "number") add("Generator loss", formatLoss(lossG));
  return figures.length === 0 ? "" : `<dl class="figures">${figures.join("")}</dl>`;
}

/** A number in four digits. */
export function formatLoss(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "not finite";
}

/** All pictures on top of each other, the newest visible; the page's script moves through them. */
export function pictureSection(samples: readonly ReportSample[]): string {
  const heading = "<h2>Samples</h2>";
  if (samples.length === 0) return `${heading}<p class="note">No samples were written.</p>`;
  const last = samples.length - 1;
  const images = samples.map(({ step, png }, i) => {
    const source = `data:image/png;base64,${Buffer.from(png.buffer, png.byteOffset, png.byteLength).toString("base64")}`;
    const name = `Samples of the generator at step ${formatNumber(step)}`;
    const attributes = `${isGreyscale(png) ? ' class="pixels"' : ""}${i === last ? "" : " hidden"}`;
    return `<img src="${source}" alt="${name}" data-step="${step}" decoding="sync"${attributes}>`;
  });
  const player = `<div class="player">
<button type="button" id="play">Play</button>
<input type="range" id="slider" min="0" max="${last}" value="${last}" aria-label="Step of the samples shown">
<output id="shown" for="slider" aria-live="off">step ${formatNumber(samples[last]!.step)}</output>
</div>`;
  const about =
    last > 0
      ? "The same latents at every step; the charts mark the step shown."
      : `At step ${formatNumber(samples[last]!.step)}.`;
  return `<figure>
<figcaption>${heading}<span class="note">${about}</span></figcaption>
<div id="frames">${images.join("\n")}</div>
${last > 0 ? player : ""}
</figure>`;
}

/** Grids of images are greyscale and keep their pixels when they are enlarged; byte 25 of a PNG is its colour type. */
function isGreyscale(png: Uint8Array): boolean {
  return png[25] === 0;
}

/** The two charts of the players; the script draws them. */
export function curveSection(log: readonly LogRecord[]): string {
  const last = log.at(-1);
  if (!last) return `<h2>Curves</h2><p class="note">Nothing was logged.</p>`;
  const means = log.length < SMOOTHED_FROM ? "" : "Moving means over the log. ";
  const until = `${formatNumber(log[0]!.step)} to ${formatNumber(last.step)}`;
  return `${chart("losses", "Losses", `${means}Drag to zoom, double-click to reset.`, {
    label: `Losses over steps ${until}: discriminator ${formatLoss(last.lossD)}, generator ${formatLoss(last.lossG)} at the end`,
    height: 230,
  })}
${chart(
  "probabilities",
  "The discriminator\u2019s belief",
  "Its probability that an example is real; 0.5 is a guess.",
  {
    label:
      `Discriminator's probabilities over steps ${until}: ${formatLoss(last.probabilityReal)} on real examples, ` +
      `${formatLoss(last.probabilityFake)} on generated ones at the end`,
    height: 230,
  },
)}`;
}

/** The curve of images per second. */
export function speedSection(log: readonly LogRecord[]): string {
  const last = log.at(-1);
  if (!last) return "";
  const label = `Images per second, ${formatLoss(last.imagesPerSecond)} at the end`;
  return chart("speed", "Speed", "", { label, height: 150 });
}

/** What the searches found: lengths of steps, and decreases on the batch of the step; nothing where nothing was searched for or measured. */
export function searchSection(log: readonly LogRecord[]): string {
  const has = (key: "length" | "predicted" | "realised") => log.some((record) => record[key] !== undefined);
  const lengths = has("length")
    ? chart("length", "Length of the steps", "Of the generator, as its search chose them.", {
        label: "Lengths of the generator's steps",
        height: 150,
      })
    : "";
  const decrease = has("predicted")
    ? chart("decrease", "Decrease of the generator\u2019s loss", "On the batch of the step.", {
        label: "Decrease of the generator's loss on the batch of each step, expected and found",
        height: 190,
      })
    : "";
  return decrease + lengths;
}

interface ChartOptions {
  /** What someone who cannot see the chart should know of it. */
  readonly label: string;
  /** Pixels, kept free until the script has drawn. */
  readonly height: number;
}

/** A figure that the page's script draws a chart into. */
export function chart(id: string, heading: string, note: string, { label, height }: ChartOptions): string {
  return `<figure>
<figcaption><h2>${heading}</h2>${note && `<span class="note">${note}</span>`}</figcaption>
<div class="chart" id="${id}" style="min-height: ${height}px" data-label="${escapeHtml(label)}"><noscript>${escapeHtml(label)}.</noscript></div>
</figure>`;
}

/** The table of blocks. */
export function blockSection(blocks: readonly ReportBlock[]): string {
  if (blocks.length === 0) return "";
  const sum = (of: (block: ReportBlock) => number) => blocks.reduce((total, block) => total + of(block), 0);
  const moves = sum(({ steps }) => steps);
  const rows = blocks.map(({ name, parameters, macsPerSample, steps }) => {
    const share = moves === 0 ? 0 : (100 * steps) / moves;
    const bar = `<span class="bar" aria-hidden="true"><i style="width: ${share.toFixed(2)}%"></i></span>`;
    const cells = [parameters, macsPerSample, steps].map((value) => `<td>${formatNumber(value)}</td>`).join("");
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code></th>${cells}<td class="share">${bar}${share.toFixed(1)}%</td></tr>`;
  });
  const total = `<td>${formatNumber(sum(({ parameters }) => parameters))}</td><td></td><td>${formatNumber(moves)}</td><td></td>`;
  return `<h2 id="blocks">Blocks</h2>
<div class="scroll" role="region" aria-labelledby="blocks" tabindex="0">
<table class="blocks">
<thead><tr><th scope="col">Block</th><th scope="col">Weights</th><th scope="col"><abbr title="Multiply-accumulates of one step of the block, per sample">MACs / sample</abbr></th><th scope="col">Moved</th><th scope="col">Share</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
<tfoot><tr><th scope="row">All</th>${total}</tr></tfoot>
</table>
</div>`;
}

/** A nested object as a table of dotted keys; nothing where there are none. */
export function settingSection(heading: string, settings: unknown): string {
  const rows = flatten(settings, "").map(
    ([key, value]) => `<div><dt>${escapeHtml(key)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  );
  if (rows.length === 0) return "";
  return `<section><h2>${heading}</h2><dl class="settings">\n${rows.join("\n")}\n</dl></section>`;
}

function flatten(value: unknown, key: string): [key: string, text: string][] {
  if (value === undefined) return [];
  const isOpen = typeof value === "object" && value !== null && !isPlainList(value);
  if (!isOpen) return [[key, textOf(value)]];
  return Object.entries(value).flatMap(([name, item]) => flatten(item, key === "" ? name : `${key}.${name}`));
}

function isPlainList(value: object): value is readonly unknown[] {
  return Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(", ") || "none";
  return value === null || value === "" ? "none" : String(value);
}
