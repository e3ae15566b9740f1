/** What was measured at one size. */
export interface Point {
  readonly x: number;
  /** Milliseconds of an iteration. */
  readonly ms: number;
  /** Multiply-accumulates of an iteration. */
  readonly macs: number;
  /** Most megabytes resident. */
  readonly mb: number;
}

/** Points of growing `x`. */
export interface Series {
  /** What `x` is. */
  readonly title: string;
  readonly points: readonly Point[];
}

type Quantity = "ms" | "macs" | "mb";

/** Exponent of the power law that fits a quantity best: the slope of its logarithm over that of `x`, by least squares. */
export function slope(points: readonly Point[], quantity: Quantity): number {
  const pairs = points.map((point) => [Math.log(point.x), Math.log(point[quantity])] as const);
  const mean = (k: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[k], 0) / pairs.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = pairs.reduce((sum, pair) => sum + (pair[0] - x) * (pair[1] - y), 0);
  return covariance / pairs.reduce((sum, pair) => sum + (pair[0] - x) ** 2, 0);
}

const panel = { width: 250, height: 170, left: 46, top: 34 };
const colours: Readonly<Record<Quantity, string>> = { ms: "#1f6fb2", macs: "#999999", mb: "#b2521f" };

/** An SVG: for each series a panel of time, with its multiply-accumulates at the speed of the last point as a broken line, and below it one of memory. */
export function picture(series: readonly Series[]): string {
  const [width, height] = [series.length * (panel.width + panel.left) + 14, 2 * (panel.height + panel.top + 30)];
  const panels = series.flatMap(({ title, points }, column) => [
    drawn(
      column,
      0,
      `ms by ${title}: slope ${slope(points, "ms").toFixed(2)}, of MACs ${slope(points, "macs").toFixed(2)}`,
      [line(points, "ms"), atLastSpeed(points)],
    ),
    drawn(column, 1, `MB by ${title}: slope ${slope(points, "mb").toFixed(2)}`, [line(points, "mb")]),
  ]);
  const font = 'font-family="sans-serif" font-size="11"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${font}>\n<title>Time and memory of an iteration against batch, width, number of blocks and size of the data set</title>\n<rect width="100%" height="100%" fill="#fff"/>\n${panels.join("\n")}\n</svg>\n`;
}

interface Line {
  readonly colour: string;
  readonly isBroken: boolean;
  readonly at: readonly (readonly [number, number])[];
}

const line = (points: readonly Point[], quantity: Quantity): Line => ({
  colour: colours[quantity],
  isBroken: false,
  at: points.map((point) => [point.x, point[quantity]]),
});

function atLastSpeed(points: readonly Point[]): Line {
  const { ms, macs } = points.at(-1)!;
  return { colour: colours.macs, isBroken: true, at: points.map((point) => [point.x, (point.macs * ms) / macs]) };
}

function drawn(column: number, row: number, title: string, lines: readonly Line[]): string {
  const [left, top] = [
    panel.left + column * (panel.width + panel.left),
    panel.top + row * (panel.height + panel.top + 24),
  ];
  const all = lines.flatMap(({ at }) => at);
  const x = scale(
    all.map(([value]) => value),
    left,
    left + panel.width,
  );
  const y = scale(
    all.map(([, value]) => value),
    top + panel.height,
    top,
  );
  const frame = `<rect x="${left}" y="${top}" width="${panel.width}" height="${panel.height}" fill="none" stroke="#ccc"/>`;
  const ticks = [
    ...lines[0]!.at.map(
      ([value]) =>
        `<text x="${x(value)}" y="${top + panel.height + 13}" text-anchor="middle" font-size="9">${value}</text>`,
    ),
    ...[Math.min(...all.map(([, v]) => v)), Math.max(...all.map(([, v]) => v))].map(
      (value) =>
        `<text x="${left - 4}" y="${y(value) + 4}" text-anchor="end" font-size="9">${value.toPrecision(3)}</text>`,
    ),
  ];
  const curves = lines.map(({ colour, isBroken, at }) => {
    const path = at.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
    const dots = isBroken
      ? ""
      : at
          .map(([a, b]) => `<circle cx="${x(a).toFixed(1)}" cy="${y(b).toFixed(1)}" r="2.5" fill="${colour}"/>`)
          .join("");
    return `<polyline points="${path}" fill="none" stroke="${colour}"${isBroken ? ' stroke-dasharray="4 3"' : ""}/>${dots}`;
  });
  return [`<text x="${left}" y="${top - 8}">${title}</text>`, frame, ...ticks, ...curves].join("\n");
}

/** Places values on a logarithmic axis from one coordinate to another, with a margin; the axis spans a factor of 4 at least, so that noise does not look like a trend. */
function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  const span = Math.max(most - least, Math.log(4));
  const start = (least + most - span) / 2;
  return (value) => from + (to - from) * (0.06 + 0.88 * ((Math.log(value) - start) / span));
}
