/** What the watchdog said of a training, for its report. */
import type { LogRecord } from "../train/train.ts";
import { stateNames, type WatchState } from "../train/watchdog.ts";
import { chart, escapeHtml } from "./report-sections.ts";

/** A stretch of a training that was not healthy: the steps of the first look that said so and of the last. */
export interface Trouble {
  readonly from: number;
  readonly to: number;
  readonly state: WatchState;
  /** Of the first look. */
  readonly why: string;
  readonly advice: string;
}

/** The stretches of a log in which the watchdog found one and the same thing wrong. */
export function troublesOf(log: readonly LogRecord[]): Trouble[] {
  const troubles: Trouble[] = [];
  let isGoingOn = false;
  for (const { step, watch } of log) {
    if (!watch) continue;
    const { state, why, advice } = watch;
    if (why !== undefined && advice !== undefined && state !== "healthy") {
      troubles.push({ from: step, to: step, state, why, advice });
      isGoingOn = true;
    } else if (state === "healthy") isGoingOn = false;
    else if (isGoingOn) troubles.push({ ...troubles.pop()!, to: step });
  }
  return troubles;
}

/** What was wrong, when, why and what to try; and the signals. Nothing where there was no watchdog. */
export function watchSections(log: readonly LogRecord[]): string[] {
  const looks = log.flatMap(({ watch }) => watch ?? []);
  const last = looks.at(-1);
  if (!last) return [];
  const troubles = troublesOf(log);
  const backs = log.flatMap(({ step, watch }) => (watch?.rollback ? [{ step, ...watch.rollback }] : []));
  const items = [
    ...troubles.map((trouble) => ({ at: trouble.from, html: sentenceOf(trouble) })),
    ...backs.map(({ step, to, pace }) => ({
      at: step,
      html: `Step ${formatStep(step)}: back to the weights of step ${formatStep(to)}, and on with the learning rates times ${pace}.`,
    })),
  ].sort((a, b) => a.at - b.at);
  const list =
    items.length > 0
      ? `<ul class="troubles">${items.map(({ html }) => `<li>${html}</li>`).join("\n")}</ul>`
      : `<p>${formatStep(looks.length)} look${looks.length === 1 ? "" : "s"}: nothing was wrong.</p>`;
  const { separation, diversity } = last.signals;
  const signals = chart("signals", "What the watchdog sees", "The charts are shaded where it found something wrong.", {
    label: `Signals of the watchdog over steps; at the end D ranks ${separation.toFixed(2)} of the pairs right, and the diversity of the samples is ${diversity.toFixed(2)}`,
    height: 190,
  });
  return [`<h2>Watchdog</h2>${list}`, signals];
}

function sentenceOf({ from, to, state, why, advice }: Trouble): string {
  const steps = from === to ? `Step ${formatStep(from)}` : `Steps ${formatStep(from)} to ${formatStep(to)}`;
  return `${steps}: <strong>${stateNames[state]}</strong>. ${escapeHtml(why.charAt(0).toUpperCase() + why.slice(1))}. ${escapeHtml(advice)}`;
}

const formatStep = (step: number) => step.toLocaleString("en-US");
