import { aligned } from "../src/cli/table.ts";

/** What a figure is to be: at least, or at most, so much. */
interface Goal {
  readonly title: string;
  readonly must: number;
  readonly aim: number;
  readonly isLeast: boolean;
  /** Written behind the numbers. */
  readonly unit?: string;
}

const atLeast = (title: string, must: number, aim: number): Goal => ({ title, must, aim, isLeast: true });
const atMost = (title: string, must: number, aim: number, unit?: string): Goal => ({
  title,
  must,
  aim,
  isLeast: false,
  ...(unit && { unit }),
});

/** The figures of the project's speed, and what is wanted of them; "over" another library: iterations a second. */
export const goals = {
  adam128: atLeast("over PyTorch, Adam on both, batch 128", 1.4, 2),
  adam64: atLeast("over PyTorch, Adam on both, batch 64", 1.4, 2),
  block128: atLeast("over PyTorch, block descent on G, batch 128", 1.6, 2.5),
  block64: atLeast("over PyTorch, block descent on G, batch 64", 1.6, 2.5),
  jax: atLeast("over jax-js, Adam on both, batch 128", 6, 9),
  tensorflow: atLeast("over TensorFlow.js WASM, Adam on both, batch 128", 32, 45),
  peakShare: atLeast("useful arithmetic over the sgemm peak, batch 128", 0.4, 0.55),
  dcgan64: atLeast("over PyTorch, DCGAN-28, batch 64", 1, 1.3),
  memory: atMost("peak resident memory over PyTorch's", 0.6, 0.5),
  heap: atMost("JavaScript heap of a step", 1024, 0, " bytes"),
  wasm: atLeast("onnxruntime-web WASM over the native session, one thread each", 0.2, 0.3),
  help: atMost("coordescent --help over node -e 0", 3, 2),
  start: atMost("start of train to its first step on MNIST", 2.5, 1.5, " s"),
} as const satisfies Record<string, Goal>;

export type FigureName = keyof typeof goals;

/** What was measured, or why it was not. */
export type Figure =
  | { readonly value: number; readonly least?: number; readonly most?: number }
  | { readonly missing: string };

/** What a command measures; the reason is the figure where it fails. */
export async function figureOf(measure: () => Promise<Figure>): Promise<Figure> {
  try {
    return await measure();
  } catch (error) {
    return { missing: (error as Error).message.split("\n")[0]! };
  }
}

/** A table of figures beside what is wanted, and below it what is missing and why. */
export function tableOf(figures: Readonly<Partial<Record<FigureName, Figure>>>): string {
  const rows = [["figure", "measured", "spread", "must", "aim", ""]];
  const missing: string[] = [];
  for (const [name, figure] of Object.entries(figures)) {
    const { title, must, aim, isLeast, unit = "" }: Goal = goals[name as FigureName];
    const wanted = [must, aim].map((goal) => `${isLeast ? ">=" : "<="} ${goal}${unit}`);
    if ("missing" in figure) {
      rows.push([title, "missing", "", ...wanted, ""]);
      missing.push(`missing: ${title}: ${figure.missing}`);
      continue;
    }
    const { value, least, most } = figure;
    const reaches = (goal: number) => (isLeast ? value >= goal : value <= goal);
    const verdict = reaches(aim) ? "aim" : reaches(must) ? "must" : "short";
    const spread = least === undefined ? "" : `${shown(least)} to ${shown(most!)}`;
    rows.push([title, shown(value) + unit, spread, ...wanted, verdict]);
  }
  return [...aligned(rows).map((line) => line.trimEnd()), ...missing].join("\n");
}

const shown = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));
