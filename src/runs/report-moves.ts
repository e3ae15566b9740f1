/** Which block moved when, as a picture for the report. */
import type { LogRecord } from "../train/train.ts";
import { escapeHtml } from "./report-sections.ts";

/** More columns or rows than this nobody can tell apart. */
const MOST_COLUMNS = 120;
const MOST_ROWS = 64;

/** Blocks down, time across; the darker, the larger the part of the moves of that time that the block had. Nothing where there is one block or no log. */
export function movesSection(log: readonly LogRecord[], names: readonly string[]): string {
  const counted = log.filter(({ visits }) => visits && visits.length === names.length);
  if (names.length < 2 || counted.length === 0) return "";
  const rows = bands(names.length, MOST_ROWS);
  const columns = bands(counted.length, MOST_COLUMNS);
  const shares = columns.map((times) => sharesOf(counted.slice(times.from, times.to), rows));
  const largest = Math.max(...shares.flat());
  const cells = shares.flatMap((column, x) =>
    column.flatMap((share, y) =>
      share > 0
        ? [`<rect x="${x}" y="${y}" width="1.02" height="1" fill-opacity="${(share / largest).toFixed(3)}"/>`]
        : [],
    ),
  );
  const height = Math.max(96, Math.min(384, (rows.length <= 16 ? 28 : 6) * rows.length));
  const last = counted.at(-1)!.step.toLocaleString("en-US");
  const first = counted[0]!.step.toLocaleString("en-US");
  const list = rows.length <= 16 ? names : [names[0]!, names.at(-1)!];
  return `<figure class="moves">
<figcaption><h2>Which block moved</h2><span class="note">The darker, the larger its part of the moves of that time.</span></figcaption>
<div class="map" style="height: ${height}px">
<ol${rows.length <= 16 ? "" : ' class="ends"'}>${list.map((name) => `<li><code>${escapeHtml(name)}</code></li>`).join("")}</ol>
<svg viewBox="0 0 ${columns.length} ${rows.length}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(
    `Part of the moves that each of ${names.length} blocks had, from step ${first} to ${last}`,
  )}">${cells.join("")}</svg>
</div>
<p class="ends note"><span>step ${first}</span><span>${last}</span></p>
</figure>`;
}

interface Band {
  readonly from: number;
  readonly to: number;
}

/** `count` things in at most `most` groups of neighbours. */
function bands(count: number, most: number): Band[] {
  const groups = Math.min(count, most);
  return Array.from({ length: groups }, (_, i) => ({
    from: Math.floor((i * count) / groups),
    to: Math.floor(((i + 1) * count) / groups),
  }));
}

function sharesOf(records: readonly LogRecord[], rows: readonly Band[]): number[] {
  const counts = rows.map(({ from, to }) =>
    records.reduce((sum, { visits }) => sum + visits!.slice(from, to).reduce((a, b) => a + b, 0), 0),
  );
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.map((count) => (total === 0 ? 0 : count / total));
}
