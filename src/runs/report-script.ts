/** From so many records on, a curve is drawn faintly, with its moving mean over it. */
export const SMOOTHED_FROM = 120;

/**
 * The script of a report's page: plain browser JavaScript, run after uPlot's. It reads the columns of the log from `#records` and draws a chart into
 * every `.chart` that is there; the slider shows one of the pictures of `#frames`.
 */
export const reportScript = String.raw`"use strict";
const find = (id) => document.getElementById(id);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const records = JSON.parse(find("records").textContent);
const last = records.step.length - 1;
const charts = [];
/** The step of the picture shown, where it is not the newest. */
let markedStep = null;

/** Means over a moving window of a thirtieth of the log. */
function smooth(values) {
  const reach = Math.floor(values.length / 60);
  return values.map((value, i) => {
    if (value === null) return null;
    const near = values.slice(Math.max(0, i - reach), i + reach + 1).filter((v) => v !== null);
    return near.reduce((sum, v) => sum + v, 0) / near.length;
  });
}

function format(value) {
  if (value == null) return "not finite";
  const size = Math.abs(value);
  if (size >= 1000) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  return size >= 0.01 || size === 0 ? value.toFixed(size >= 100 ? 1 : 3) : value.toExponential(1);
}

/** Ticks are spaced evenly, so all of them have as many decimals as the finest needs. */
function formatTicks(chart, ticks) {
  if (Math.max(...ticks.map(Math.abs)) < 1e-4) return ticks.map((tick) => (tick === 0 ? "0" : tick.toExponential(1)));
  const decimals = (tick) => (String(Number(tick.toPrecision(12))).split(".")[1] ?? "").length;
  const digits = Math.min(6, Math.max(0, ...ticks.map(decimals)));
  return ticks.map((tick) =>
    Math.abs(tick) >= 1e5
      ? tick.toLocaleString("en-US", { notation: "compact", maximumSignificantDigits: 4 })
      : tick.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
}

function drawLine(chart, [fromX, fromY, toX, toY], colour, dash) {
  const { ctx } = chart;
  ctx.save();
  ctx.strokeStyle = css(colour);
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(fromX, fromY);
  ctx.lineTo(toX, toY);
  ctx.stroke();
  ctx.restore();
}

function drawLevel(chart, value) {
  const { left, width } = chart.bbox;
  const y = chart.valToPos(value, "y", true);
  drawLine(chart, [left, y, left + width, y], "--muted", [5, 4]);
}

/** Where the watchdog found something wrong. */
function drawTroubles(chart) {
  const { ctx } = chart;
  const { left, top, width, height } = chart.bbox;
  const xOf = (step) => Math.min(left + width, Math.max(left, chart.valToPos(step, "x", true)));
  ctx.save();
  ctx.fillStyle = css("--bad");
  ctx.globalAlpha = 0.12;
  for (const [from, to] of records.troubles) {
    ctx.fillRect(xOf(from), top, Math.max(2 * devicePixelRatio, xOf(to) - xOf(from)), height);
  }
  ctx.restore();
}

function drawMark(chart) {
  if (markedStep === null) return;
  const { left, top, width, height } = chart.bbox;
  const x = chart.valToPos(markedStep, "x", true);
  if (x >= left && x <= left + width) drawLine(chart, [x, top, x, top + height], "--ink", []);
}

/** One curve: as logged where the log is short, else faintly as logged with its moving mean over it. */
function curvesOf({ key, label, colour }) {
  const values = records[key];
  const isLong = values.filter((value) => value !== null).length >= ${SMOOTHED_FROM};
  const curve = {
    label,
    spanGaps: ["distance", "diversity", "separation", "memory", "difference", "repeats"].includes(key),
    class: colour.slice(2),
    stroke: () => css(colour),
    width: 1.75,
    value: (chart, value, series, i) => (i == null ? "" : format(values[i])),
    points: { show: values.filter((value) => value !== null).length < 40, size: 5 },
  };
  const raw = { ...curve, class: "raw", width: 1, alpha: 0.28, points: { show: false } };
  return isLong ? [[values, raw], [smooth(values), curve]] : [[values, curve]];
}

/** The point under the cursor is the value logged, not the mean of those around it. */
function pointSize(chart, i) {
  return chart.series[i - 1]?.class === "raw" ? 0 : 7;
}

/** A chart without a single number has axes too. */
function rangeOf(chart, low, high) {
  return low === null ? [0, 1] : uPlot.rangeNum(low, high, 0.1, true);
}

function axis(extra) {
  return {
    stroke: () => css("--muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: () => css("--line"), width: 1 },
    ticks: { show: false },
    values: formatTicks,
    ...extra,
  };
}

function chart(id, height, curves, { range = rangeOf, level } = {}) {
  const target = find(id);
  if (!target) return;
  const parts = curves.flatMap(curvesOf);
  const nameStep = (self, value, series, i) =>
    i == null ? "" : value.toLocaleString("en-US") + " \u00b7 " + records.block[i];
  const options = {
    width: target.clientWidth,
    height,
    padding: [8, 26, 0, 0],
    scales: { x: { time: false }, y: { range } },
    axes: [axis({ size: 30, space: 70 }), axis({ size: 52, space: 34 })],
    series: [{ label: "Step", class: "step", value: nameStep }, ...parts.map(([, series]) => series)],
    legend: { markers: { show: false } },
    cursor: { sync: { key: "step" }, y: false, points: { size: pointSize }, dataIdx: (self, series, i) => i },
    hooks: {
      drawAxes: [drawTroubles, ...(level === undefined ? [] : [(self) => drawLevel(self, level)])],
      draw: [drawMark],
      setLegend: [(self) => self.legend.idxs[0] == null && self.setLegend({ idx: last }, false)],
      setSeries: [
        (self, i, { show }) => {
          const isPaired = show !== undefined && self.series[i - 1]?.class === "raw";
          if (isPaired && self.series[i - 1].show !== show) self.setSeries(i - 1, { show });
        },
      ],
    },
  };
  const made = new uPlot(options, [records.step, ...parts.map(([values]) => values)], target);
  made.setLegend({ idx: last }, false);
  made.ctx.canvas.setAttribute("role", "img");
  made.ctx.canvas.setAttribute("aria-label", target.dataset.label);
  for (const head of target.querySelectorAll(".u-series:not(.step) th")) makeButton(head);
  new ResizeObserver(() => made.setSize({ width: target.clientWidth, height })).observe(target);
  charts.push(made);
}

/** uPlot hides and shows a curve by a click on its name; this lets the keyboard do it too. */
function makeButton(head) {
  head.tabIndex = 0;
  head.setAttribute("role", "button");
  head.title = "Hide or show this curve";
  head.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    head.click();
  });
}

const redraw = () => charts.forEach((made) => made.redraw(false));

function player(frames) {
  const slider = find("slider");
  const button = find("play");
  const milliseconds = Math.max(60, Math.min(500, 6000 / frames.length));
  let timer;
  const show = (index) => {
    frames.forEach((frame, i) => { frame.hidden = i !== index; });
    const step = Number(frames[index].dataset.step);
    const name = "step " + step.toLocaleString("en-US");
    markedStep = index < frames.length - 1 ? step : null;
    slider.value = index;
    slider.setAttribute("aria-valuetext", name);
    find("shown").textContent = name;
    redraw();
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    button.textContent = "Play";
  };
  const advance = () => {
    show(Number(slider.value) + 1);
    if (Number(slider.value) === frames.length - 1) stop();
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (Number(slider.value) === frames.length - 1) show(0);
    timer = setInterval(advance, milliseconds);
    button.textContent = "Pause";
  });
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  show(frames.length - 1);
}

chart("losses", 230, [
  { key: "lossD", label: "Discriminator", colour: "--discriminator" },
  { key: "lossG", label: "Generator", colour: "--generator" },
]);
chart("probabilities", 230, [
  { key: "probabilityReal", label: "On real", colour: "--real" },
  { key: "probabilityFake", label: "On generated", colour: "--generator" },
], { range: [0, 1], level: 0.5 });
chart("speed", 150, [{ key: "imagesPerSecond", label: "Images per second", colour: "--muted" }]);
chart("signals", 190, [
  { key: "separation", label: "Ranked right by D", colour: "--discriminator" },
  { key: "memory", label: "Learnt over held-out", colour: "--real" },
  { key: "difference", label: "Diversity", colour: "--generator" },
  { key: "repeats", label: "Repeats", colour: "--muted" },
].filter(({ key }) => records[key] && records[key].some((value) => value !== null)), { level: 0.5 });
chart("distance", 230, [{ key: "distance", label: "Distance", colour: "--generator" }]);
chart("diversity", 130, [{ key: "diversity", label: "Diversity", colour: "--generator" }], { level: 1 });
chart("length", 150, [{ key: "length", label: "Length", colour: "--generator" }]);
chart("decrease", 190, [
  { key: "predicted", label: "Expected to first order", colour: "--muted" },
  { key: "realised", label: "Found", colour: "--generator" },
].filter(({ key }) => records[key]));
const frames = [...document.querySelectorAll("#frames img")];
if (frames.length > 1) player(frames);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
`;
