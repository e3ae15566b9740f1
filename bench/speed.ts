// Whole iterations of trainings, of this project and of its peers in turn, beside what is wanted of them: docs/speed.md says what each figure is.
// Usage: npm run bench [-- --quick]; COORDESCENT_BENCH_PYTHON names a command that runs a script with torch; npm ci --prefix bench installs the peers in JavaScript.
import { parseArgs } from "node:util";
import { aligned } from "../src/cli/table.ts";
import { firstStep, heapOfStep, helpOverNode, peakMemory } from "./commands.ts";
import { lanesOf, openField, sgemmSide } from "./field.ts";
import { type Figure, type FigureName, figureOf, tableOf } from "./figures.ts";
import { flopsOf, productsOf } from "./products.ts";
import { fastest, type Lane, race, ratioOf } from "./race.ts";
import { columnsOf, median, report, stamped } from "./report.ts";

const isQuick = parseArgs({ options: { quick: { type: "boolean", default: false } } }).values.quick;
const python = process.env.COORDESCENT_BENCH_PYTHON;
const field = await openField({ python, isQuick, iterations: isQuick ? 30 : 120 });
const lanes = lanesOf(field);
await race(lanes, isQuick ? 5 : 7, (round, rounds) => console.error(`round ${round} of ${rounds}`));
for (const { contestant } of lanes) contestant?.stop();

/** How many times as long the best of some lanes takes as another lane. */
function over(peers: readonly Lane[], lane: Lane): Figure {
  const [slow, quick] = [fastest(peers), fastest([lane])];
  if (slow && quick) return ratioOf(slow, quick);
  return { missing: [lane, ...peers].find(({ problem }) => problem !== undefined)!.problem! };
}

/** The useful arithmetic of an iteration over what the largest speed of a matrix product would do in its time. */
function peakShare(iteration: Lane): Figure {
  const [best, own] = [fastest(field.sgemm), fastest([iteration])];
  if (!best || !own) return { missing: iteration.problem ?? "no matrix product could be measured" };
  const flopsPerMs = flopsOf([[sgemmSide, sgemmSide, sgemmSide]]) / median(best.times);
  return { value: flopsOf(productsOf(iteration.batch)) / median(own.times) / flopsPerMs };
}

/** The ratio of each training of this project to PyTorch's of the same task. */
function overPyTorch(style: "" | "tuned-"): Record<string, Figure> {
  const { own, pytorch } = field;
  const names = Object.keys(own).filter((name) => style + name in pytorch);
  return Object.fromEntries(names.map((name) => [name, over(pytorch[style + name]!, own[name]!)]));
}

const adam = field.own.adam128!;
const ratio = {
  pytorch: overPyTorch(""),
  pytorchTuned: overPyTorch("tuned-"),
  jax: { adam128: over([field.jax], adam) },
  tensorflow: { adam128: over([field.tensorflow], adam) },
};
const figures: Partial<Record<FigureName, Figure>> = {
  ...ratio.pytorch,
  jax: ratio.jax.adam128,
  tensorflow: ratio.tensorflow.adam128,
  peakShare: peakShare(adam),
  ...(isQuick ? {} : await ofCommands()),
};
console.log(`${linesOf(lanes).join("\n")}\n\n${tableOf(figures)}`);

const plain = (figure: Figure) => ("missing" in figure ? null : figure.value);
const values = (of: Readonly<Record<string, Figure>>) => mapped(of, plain);
const measured = lanes.map(({ contestant, ...lane }) => ({ by: contestant?.name, ...lane }));
const missing = Object.fromEntries(
  Object.entries(figures).flatMap(([name, figure]) => ("missing" in figure ? [[name, figure.missing]] : [])),
);
if (isQuick) console.log(stamped({ ratio: mapped(ratio, values), peakShare: plain(figures.peakShare!), missing }));
else report({ bench: "speed", figures, ratio, lanes: measured });

/** What is measured of the commands and of processes of their own, after the race. */
async function ofCommands(): Promise<Partial<Record<FigureName, Figure>>> {
  const { cpu, wasm } = field.oneThread;
  return {
    memory: await figureOf(() => peakMemory(python)),
    heap: await figureOf(heapOfStep),
    wasm: over([cpu!], wasm!),
    help: await figureOf(() => helpOverNode(9)),
    start: await figureOf(() => firstStep(5)),
  };
}

function mapped<T, U>(record: Readonly<Record<string, T>>, f: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}

/** What was measured, for people: milliseconds of an iteration. */
function linesOf(lanes: readonly Lane[]): string[] {
  const rows = lanes.flatMap(({ contestant, task, batch, times }) => {
    if (times.length === 0) return [];
    return [[`${task} ${batch}, ${contestant!.name}`, ...columnsOf(times)]];
  });
  return aligned(rows);
}
