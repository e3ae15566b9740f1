// Time and memory of an iteration against batch, width, number of blocks and size of the data set, beside its multiply-accumulates: a table, and docs/scaling.svg.
// Usage: npm run bench:scaling
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { aligned } from "../src/cli/table.ts";
import { report } from "./report.ts";
import { type Point, picture, type Series, slope } from "./scaling-picture.ts";
import type { Task } from "./training.ts";

/** Measures one training in a process of its own. */
function measure(x: number | "blocks", task: Task, images: number, ...settings: string[]): Point {
  const args = [new URL("scaling-point.js", import.meta.url).pathname, task, String(images), ...settings];
  const found = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  return { ...found, x: x === "blocks" ? found.blocks : x };
}

const images = 50_000;
const widthsOf = (factor: number) => [
  `generator.hidden=[${128 * factor},${256 * factor}]`,
  `discriminator.hidden=[${256 * factor},${128 * factor}]`,
];
// layers of as many units each, so that blocks of one size divide all of them
const even = ["batch=128", "generator.hidden=[784,784]"];
const series: Series[] = [
  {
    title: "batch",
    points: [16, 32, 64, 128, 256, 512, 1024, 2048].map((batch) => measure(batch, "adam", images, `batch=${batch}`)),
  },
  {
    title: "width",
    points: [1, 2, 4, 8].map((factor) => measure(factor, "adam", images, "batch=128", ...widthsOf(factor))),
  },
  {
    title: "blocks of G",
    points: [
      measure("blocks", "adam", images, ...even),
      measure("blocks", "block", images, ...even),
      ...[392, 196, 98, 49].map((size) =>
        measure("blocks", "block", images, ...even, "descent.partition=unit", `descent.blockSize=${size}`),
      ),
    ],
  },
  {
    title: "images",
    points: [1000, 10_000, 50_000, 200_000].map((count) => measure(count, "adam", count, "batch=128")),
  },
];

const rows = series.flatMap(({ title, points }) => [
  ...points.map(({ x, ms, macs, mb }) => [`${title} ${x}`, ms.toFixed(2), (macs / 1e6).toFixed(0), mb.toFixed(0)]),
  ["slope", ...(["ms", "macs", "mb"] as const).map((of) => slope(points, of).toFixed(2))],
]);
console.log(aligned([["", "ms", "million MACs", "MB"], ...rows]).join("\n"));
writeFileSync(new URL("../../docs/scaling.svg", import.meta.url), picture(series));
report({ bench: "scaling", series });
