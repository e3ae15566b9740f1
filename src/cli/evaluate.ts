import type { Command } from "commander";
import type { Evaluation, ImageEvaluation, PointEvaluation, StackedEvaluation } from "../runs/evaluating.ts";
import { checkName } from "./data.ts";
import { addOutputOptions, parseNumber } from "./options.ts";
import { aligned } from "./table.ts";
import { openTerminal } from "./terminal.ts";

interface EvaluateCliOptions {
  count?: number;
  seed: number;
  split: string;
  data?: string;
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `coordescent evaluate`: how good samples are, with what real examples reach beside every figure. */
export function addEvaluateCommand(program: Command): void {
  const command = program
    .command("evaluate <path>")
    .description("measure samples of a run, of one of its checkpoints, or of an NPY file or folder of PNG images")
    .option("--count <n>", "number of samples (default: 10000 images, 26000 stacked digits, 2500 points)", parseNumber)
    .option("--seed <n>", "seed of the latents", parseNumber, 1)
    .option("--split <name>", "real examples to compare with: validation to choose by, test to report", "test")
    .option("--data <name>", "what a file of samples imitates: a data set, or the path of images (default: mnist)")
    .option("--out <file>", "PNG of samples beside their nearest training images (default: nearest.png in the run)")
    .addHelpText("after", "\nExample:\n  npx coordescent evaluate runs/first --count 10000 --json");
  addOutputOptions(command).action(evaluate);
}

async function evaluate(path: string, options: EvaluateCliOptions): Promise<void> {
  const terminal = openTerminal(options);
  const { checkChoice, checkInteger, checkPictureName } = await import("../runs/config.ts");
  const runs = await import("../runs/evaluating.ts");
  const { writeOver, writeWhole } = await import("../runs/files.ts");
  const { count, data, out } = options;
  const seed = checkInteger("--seed", options.seed, 0, 2 ** 32 - 1);
  const split = checkChoice("--split", options.split, ["validation", "test"]);
  if (count !== undefined) checkInteger("--count", count, runs.fewestSamples, 100_000);
  if (out !== undefined) checkPictureName(out);
  const evaluation = await runs.evaluate(path, {
    count,
    seed,
    split,
    data: data === undefined ? undefined : await checkName("--data", data),
    wantsPicture: out !== undefined,
    onNotice: (notice) => terminal.say(notice),
  });
  const { damaged, ...result } = evaluation;
  for (const error of damaged) terminal.say(`${error.message} Using an older one.`);
  const places = runs.placesOf(path, split);
  const lines = [heading(evaluation), ...(result.kind === "images" ? imageLines(result) : otherLines(result))];
  const { nearest, ...found } = result.kind === "images" ? result : { ...result, nearest: undefined };
  const picture = nearest && (out ?? places?.picture);
  const printed = { ...found, ...(nearest && { picture: picture ?? null }) };
  if (picture) {
    await writeOver(picture, nearest);
    lines.push(`Samples, each with the training images nearest to it: ${picture}`);
  }
  if (places) await writeWhole(places.result, `${JSON.stringify(printed, undefined, 2)}\n`);
  terminal.result(printed, lines);
}

function heading({ path, step, samples, data, split, kind }: Evaluation): string {
  const of = step === undefined ? path : `step ${step} of ${path}`;
  return `${samples.toLocaleString("en")} samples of ${of}, against ${kind === "points" ? "the true distribution" : `the ${split} images`} of ${data}:`;
}

const columns = ["samples", "real", "unseen", "one class", "mean image", "noise"] as const;

function imageLines({ scale, fid, kid, precision, recall, density, coverage, classes, ...rest }: ImageEvaluation) {
  const { trainingImages, unseenImages, oneClass, meanImage, noise } = scale;
  const others = [trainingImages, unseenImages, oneClass, meanImage, noise];
  type Figure = (typeof others)[number];
  const line = (name: string, value: number, of: (figures: Figure) => number, digits = 2) => [
    name,
    ...[value, ...others.map(of)].map((figure) => figure.toFixed(digits)),
  ];
  const { nearestNeighbour, memorisation, check } = rest;
  const table = [
    ["", ...columns],
    line("KID", kid.value, (of) => of.kid.value),
    line("FID-C", fid.value, (of) => of.fid),
    line("precision", precision.value, (of) => of.precision, 3),
    line("recall", recall.value, (of) => of.recall, 3),
    line("density", density.value, (of) => of.density, 3),
    line("coverage", coverage.value, (of) => of.coverage, 3),
    line("KL of classes", classes.kl, (of) => of.kl, 4),
    line("classifier score", classes.score.value, (of) => of.score),
    line("confidence", classes.confidence.value, (of) => of.confidence, 3),
    line("1-NN accuracy", nearestNeighbour.accuracy, (of) => of.nearestNeighbour.accuracy, 3),
    line("memorisation C_T", memorisation.score, (of) => of.memorisation),
    line("FID, untrained", check.value, (of) => of.checkFid, 4),
  ];
  const shares = classes.histogram.map((share, digit) => `${digit} ${(100 * share).toFixed(1)} %`).join("  ");
  const [low, high] = kid.interval.map((bound) => bound.toFixed(2));
  return [
    ...aligned(table),
    `Classes: ${shares}`,
    `FID-C is ${(fid.value / fid.floor).toFixed(2)} times that of real images; ${fid.bias.toFixed(2)} of it is the bias of so few samples. KID lies in [${low}, ${high}] with 95 %.`,
    ...(classes.areRead
      ? ["The images have no labels: their classes are the digits that the classifier takes them for."]
      : []),
    `Features: ${fid.features}, and ${check.features} as a check.`,
  ];
}

function otherLines({ figures, floor, scale, ...rest }: StackedEvaluation | PointEvaluation): string[] {
  const sets = { samples: figures, real: floor, ...scale };
  const table = Object.values(sets).map((each) => Object.entries(each).flatMap(([name, value]) => flat(name, value)));
  const [ofSamples] = table as [[string, number][]];
  return [
    ...aligned([
      ["", ...Object.keys(sets).map(spaced)],
      ...ofSamples.map(([name], i) => [spaced(name), ...table.map((column) => show(column[i]![1]))]),
    ]),
    ...("features" in rest ? [`Features: ${rest.features}.`] : []),
  ];
}

/** Words of a key: `modesOfFive` as `modes of five`. */
const spaced = (key: string) => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function flat(name: string, value: unknown): [string, number][] {
  if (typeof value === "number") return [[name, value]];
  return Object.entries(value as object).flatMap(([part, inner]) => flat(`${name} ${part}`, inner));
}

const show = (value: number) => (Number.isInteger(value) ? String(value) : value.toPrecision(4));
