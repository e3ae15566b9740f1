/** What the probes of a training found, for its report. */
import type { LogRecord } from "../train/train.ts";
import { chart, formatLoss } from "./report-sections.ts";

/** The distance from real examples, and beside it the classes of the last samples and the diversity; nothing where there was no probe. */
export function qualitySections(log: readonly LogRecord[]): string[] {
  const last = log.findLast(({ quality }) => quality);
  if (!last?.quality) return [];
  const { distance, floor, diversity, histogram, modes } = last.quality;
  const best = floor === undefined ? "the smaller, the better" : `as many real ones have ${formatLoss(floor)}`;
  const distances = chart("distance", "Distance from real examples", `On held-out examples; ${best}.`, {
    label: `Distance of samples from real examples over steps, ${formatLoss(distance)} at the end`,
    height: 230,
  });
  const classes = `<figure>
<figcaption><h2>Classes of the samples</h2><span class="note">At step ${last.step.toLocaleString("en-US")}; ${modes} modes are there.</span></figcaption>
${bars(histogram)}
</figure>`;
  const diversities = chart("diversity", "Diversity", "How much samples differ; 1: as much as real examples.", {
    label: `Mean distance of two samples over that of two real examples over steps, ${formatLoss(diversity)} at the end`,
    height: 130,
  });
  return [distances, classes + diversities];
}

function bars(shares: readonly number[]): string {
  const largest = Math.max(...shares, Number.MIN_VALUE);
  const columns = shares.map((share, i) => {
    const percent = `${(100 * share).toFixed(1)} %`;
    return `<li title="${i}: ${percent}"><i style="height: ${((100 * share) / largest).toFixed(1)}%"></i><span>${i}</span></li>`;
  });
  const label = `Share of each class: ${shares.map((share, i) => `${i} ${(100 * share).toFixed(1)} %`).join(", ")}`;
  return `<ol class="classes" role="img" aria-label="${label}" start="0">${columns.join("")}</ol>`;
}
