import { Script } from "node:vm";
import { describe, expect, test } from "vitest";
import { strokes } from "../data/strokes.ts";
import type { LogRecord } from "../train/train.ts";
import { imageGrid } from "./picture.ts";
import { type ReportInput, renderReport } from "./report.ts";
import { movesSection } from "./report-moves.ts";

function record(step: number, changes: Partial<LogRecord> = {}): LogRecord {
  const figures = { lossD: 1.3, lossG: 0.7, probabilityReal: 0.6, probabilityFake: 0.4 };
  const moves = { block: "generator/dense1", blockD: "discriminator", visits: [17, 17, 16] };
  return { step, ...figures, ...moves, imagesPerSecond: 12_000, elapsedMs: 10 * step, ...changes };
}

function report(changes: Partial<ReportInput> = {}): string {
  const picture = imageGrid(
    Float32Array.from(strokes({ count: 4 }).pixels, (byte) => byte / 255),
    [1, 28, 28],
  );
  return renderReport({
    title: "default on strokes",
    config: { version: "0.1.0", seed: 1, descent: { select: "cyclic", learningRate: 0.0002 }, hidden: [128, 256] },
    summary: {
      state: "finished",
      step: 10_000,
      steps: 10_000,
      elapsedMs: 252_000,
      imagesPerSecond: 12_345.6,
      lossD: 1.25,
      lossG: 0.8125,
      dataName: "strokes",
    },
    records: [record(50), record(100), record(150)],
    samples: [
      { step: 0, png: picture },
      { step: 1500, png: imageGrid(new Float32Array(784), [1, 28, 28]) },
    ],
    blocks: [
      { name: "generator/dense1", parameters: 12_928, macsPerSample: 781_000.4, steps: 30 },
      { name: "generator/dense2", parameters: 33_024, macsPerSample: 768_200, steps: 10 },
    ],
    ...changes,
  });
}

function columns(html: string): Record<string, (number | string | null)[]> {
  return JSON.parse(/id="records">(.*?)<\/script>/s.exec(html)![1]!);
}

const scripts = (html: string) => [...html.matchAll(/<script>(.*?)<\/script>/gs)].map((match) => match[1]!);
const markup = (html: string) => html.replace(/<(script|style)\b[^>]*>.*?<\/\1>/gs, "");
const words = (html: string) =>
  markup(html)
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

/** Texts that would break out of an attribute, an element or a script, if one let them. */
const hostile = `"'><script>alert(1)</script><!-- </title></style>&amp;\u2028\u2029`;

test("a report shows what the probes found, however long the log is, and says nothing of quality without one", () => {
  const quality = { distance: 12.5, modes: 2, histogram: [0.25, 0.75], diversity: 0.9 };
  const records = Array.from({ length: 5000 }, (_, i) => record(i + 1, i === 1001 ? { quality } : {}));
  const html = report({ records });
  const { distance, step } = columns(html);
  expect(distance!.filter((value) => value !== null)).toEqual([12.5]);
  expect(step![distance!.indexOf(12.5)]).toBe(1002);
  expect(markup(html)).toContain("Share of each class: 0 25.0 %, 1 75.0 %");
  expect(words(report())).not.toContain("Distance");
});

function watch(changes: Partial<NonNullable<LogRecord["watch"]>> = {}): NonNullable<LogRecord["watch"]> {
  const logits = { real: 1, fake: -1, spread: 0.5, separation: 0.9, slope: 0.7 };
  return { signals: { ...logits, diversity: 0.8, repeats: 0.02 }, state: "healthy", ...changes };
}

describe("of what the watchdog said", () => {
  const ill = { why: "it is <ill>", advice: "Try less." };
  const records = [
    record(50, { watch: watch() }),
    record(100, { watch: watch({ state: "collapsed", ...ill }) }),
    record(150),
    record(200, { watch: watch({ state: "collapsed" }) }),
    record(250, { watch: watch({ state: "frozen", ...ill, rollback: { to: 40, pace: 0.5 } }) }),
    record(300, { watch: watch({ why: "", advice: "" }) }),
    record(350, { watch: watch({ state: "frozen", ...ill }) }),
  ];

  test("a report tells when what was wrong, why, what to try, and what was done", () => {
    expect(words(report({ records }))).toContain(
      "Watchdog Steps 100 to 200: collapsed onto few samples . It is &lt;ill&gt;. Try less. " +
        "Step 250: G frozen . It is &lt;ill&gt;. Try less. " +
        "Step 250: back to the weights of step 40, and on with the learning rates times 0.5. " +
        "Step 350: G frozen . It is &lt;ill&gt;. Try less.",
    );
  });

  test("a report marks the steps on its curves, and shows the signals", () => {
    const { troubles, separation } = columns(report({ records }));
    expect(troubles).toEqual([
      [100, 200],
      [250, 250],
      [350, 350],
    ]);
    expect(separation).toEqual([0.9, 0.9, null, 0.9, 0.9, 0.9, 0.9]);
  });

  test("a report says that nothing was wrong, or nothing where nobody looked", () => {
    expect(words(report({ records: records.slice(0, 1) }))).toContain("1 look: nothing was wrong.");
    expect(words(report())).not.toContain("Watchdog");
  });
});

describe("a report needs nothing but itself", () => {
  test("and refers to nothing outside, whatever its input", () => {
    const html = report({ title: hostile });
    const references = [...markup(html).matchAll(/\b(?:src|srcset|href|action|poster|data)\s*=\s*["']?([^"'\s>]*)/g)];
    expect(references.length).toBe(3);
    for (const [, target] of references) expect(target).toMatch(/^data:/);
    expect(html).not.toMatch(/@import|url\(|<(?:iframe|object|embed|base|form)\b/);
    for (const script of scripts(html)) {
      expect(script).not.toMatch(
        /\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\b|\bimport\s*\(/,
      );
    }
  });

  test("and forbids the browser to load anything", () => {
    expect(report()).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">`,
    );
  });

  test("and carries uPlot with its licence, and scripts that parse", () => {
    const [plot, page, ...rest] = scripts(report());
    expect(rest).toEqual([]);
    expect(plot).toContain("Copyright (c) 2022 Leon Sorokin");
    expect(plot).toContain("var uPlot=");
    for (const script of [plot!, page!]) expect(() => new Script(script)).not.toThrow();
  });

  test("and finds every element that its script looks for", () => {
    const quality = { distance: 3, modes: 2, histogram: [0.25, 0.75], diversity: 0.9 };
    const html = report({
      records: [record(50, { length: 0.5, predicted: 0.2, realised: 0.1, quality, watch: watch() }), record(100)],
    });
    const ids = [...scripts(html)[1]!.matchAll(/(?:find|chart)\("(\w+)"/g)].map((match) => match[1]!);
    expect(ids.length).toBeGreaterThan(6);
    for (const id of ids) expect(html).toContain(`id="${id}"`);
  });
});

describe("which block moved is drawn", () => {
  const names = ["generator/dense1", "generator/dense2", "generator/dense3"];
  const cells = (html: string) =>
    [...html.matchAll(/<rect x="(\d+)" y="(\d+)"[^>]*fill-opacity="([\d.]+)"/g)].map(([, x, y, share]) =>
      [x, y, share].map(Number),
    );

  test("with the part of the moves that each block had", () => {
    const html = movesSection([record(50, { visits: [1, 0, 3] }), record(100, { visits: [0, 4, 0] })], names);
    expect(cells(html)).toEqual([
      [0, 0, 0.25],
      [0, 2, 0.75],
      [1, 1, 1],
    ]);
  });

  test("in as many cells as can be told apart, which lose no move", () => {
    const many = Array.from({ length: 200 }, (_, i) => `generator/dense1[${i}]`);
    const visits = many.map((_, i) => (i === 77 ? 10 : 0));
    const drawn = cells(
      movesSection(
        Array.from({ length: 500 }, (_, i) => record(i + 1, { visits })),
        many,
      ),
    );
    expect(drawn.every(([x, y, share]) => x! < 120 && y! < 64 && share === 1)).toBe(true);
    expect(new Set(drawn.map(([x]) => x)).size).toBe(120);
  });

  test("only where there is a choice and a count", () => {
    expect(movesSection([record(50, { visits: [50] })], names.slice(0, 1))).toBe("");
    const { visits: _, ...uncounted } = record(50);
    expect(movesSection([uncounted], names)).toBe("");
  });
});

describe("a report says", () => {
  test("what was run, in one sentence", () => {
    const sentence = (summary: Record<string, unknown>) =>
      />([^<]*)<\/p>\n/.exec(report({ summary }).split("lead")[2]!)![1];
    const run = { dataName: "mnist", step: 4200, steps: 10_000, elapsedMs: 63_000 };
    expect([
      sentence({ ...run, state: "finished", step: 10_000, elapsedMs: 3_725_000 }),
      sentence({ ...run, state: "interrupted" }),
      sentence({ ...run, state: "diverged" }),
      sentence({ ...run, state: "running", elapsedMs: 4210 }),
      sentence({}),
    ]).toMatchInlineSnapshot(`
      [
        "A GAN trained on mnist by coordinate descent over 2 blocks of weights for 10,000 steps in 1 h 2 min.",
        "A GAN trained on mnist by coordinate descent over 2 blocks of weights: stopped at step 4,200 of 10,000 after 1 min 3 s; it can be resumed.",
        "A GAN trained on mnist by coordinate descent over 2 blocks of weights: it diverged at step 4,200 of 10,000 after 1 min 3 s.",
        "A GAN in training on mnist by coordinate descent over 2 blocks of weights: now at step 4,200 of 10,000 after 4.2 s.",
        "A GAN trained by coordinate descent over 2 blocks of weights.",
      ]
    `);
  });

  test("the key figures", () => {
    expect(words(report())).toContain(
      "State finished Data strokes Steps 10,000 Time 4 min 12 s Images per second 12,346 Discriminator loss 1.25 Generator loss 0.8125",
    );
    expect(words(report({ summary: { step: 3, steps: 9, lossG: Number.NaN } }))).toContain(
      "Steps 3 of 9 Generator loss not finite",
    );
  });

  test("what each block costs and its share of the moves", () => {
    expect(words(report())).toContain(
      "generator/dense1 12,928 781,000 30 75.0% generator/dense2 33,024 768,200 10 25.0% All 45,952 40",
    );
    const unmoved = [{ name: "generator", parameters: 5, macsPerSample: 7, steps: 0 }];
    expect(words(report({ blocks: unmoved }))).toContain("generator 5 7 0 0.0%");
  });

  test("the configuration with dotted keys, and results it has no other place for", () => {
    const text = words(report({ summary: { state: "finished", quality: { fid: 12.5 }, runtime: null } }));
    expect(text).toContain("Results quality.fid 12.5 runtime none");
    expect(text).toContain(
      "Configuration version 0.1.0 seed 1 descent.select cyclic descent.learningRate 0.0002 hidden 128, 256",
    );
    const nested = { layers: [{ units: 3 }, { units: 4 }], empty: [], text: "" };
    expect(words(report({ config: nested }))).toContain("layers.0.units 3 layers.1.units 4 empty none text none");
  });

  test("the version that wrote it", () => {
    expect(words(report())).toContain("Written by coordescent 0.1.0.");
    expect(words(report({ config: { coordescent: "0.2.0" } }))).toContain("Written by coordescent 0.2.0.");
    expect(words(report({ config: undefined }))).toContain("Written by coordescent.");
  });

  test("where the data came from, if there is something to note", () => {
    expect(words(report({ summary: { dataNote: "MNIST is not at hand." } }))).toContain("MNIST is not at hand.");
  });
});

describe("a report is safe against", () => {
  test("markup in the title, the configuration, the summary and the blocks", () => {
    const html = report({
      title: hostile,
      config: { version: hostile, [hostile]: { [hostile]: hostile } },
      summary: { state: hostile, dataName: hostile, dataNote: hostile, [hostile]: hostile },
      blocks: [{ name: hostile, parameters: 1, macsPerSample: 1, steps: 1 }],
    });
    expect(html.match(/<script\b/g)?.length).toBe(3);
    expect(html.match(/<\/script>/g)?.length).toBe(3);
    expect(html.match(/<\/(?:title|style)>/g)).toEqual(["</title>", "</style>"]);
    expect(markup(html)).not.toContain("<!-- ");
    expect(html).toContain(
      "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;!-- &lt;/title&gt;&lt;/style&gt;&amp;amp;",
    );
  });

  test("markup and line separators in the log", () => {
    const html = report({ records: [record(1, { block: hostile })] });
    expect(columns(html).block).toEqual([hostile]);
    expect(/id="records">(.*?)<\/script>/s.exec(html)![1]).not.toMatch(/[<>&\u2028\u2029]/);
    expect(html.match(/<\/script>/g)?.length).toBe(3);
  });

  test("numbers that are not finite, which become gaps", () => {
    const broken = record(2, { lossD: Number.NaN, lossG: Infinity, probabilityFake: -Infinity });
    const { step, lossD, lossG, probabilityFake } = columns(report({ records: [record(1), broken, record(3)] }));
    expect({ step, lossD, lossG, probabilityFake }).toEqual({
      step: [1, 2, 3],
      lossD: [1.3, null, 1.3],
      lossG: [0.7, null, 0.7],
      probabilityFake: [0.4, null, 0.4],
    });
  });

  test("a run of which nothing was logged, drawn or moved", () => {
    const html = report({ config: {}, summary: {}, records: [], samples: [], blocks: [] });
    expect(columns(html).step).toEqual([]);
    expect(words(html)).toContain("No samples were written. Curves Nothing was logged.");
    expect(markup(html)).not.toMatch(/<img|class="chart"|<input|<table|undefined|NaN/);
  });
});

describe("the log in a report", () => {
  test("is thinned to 2000 records, the first and the last among them", () => {
    const records = Array.from({ length: 5001 }, (_, i) => record(i + 1, { lossD: i }));
    const { step, lossD } = columns(report({ records }));
    expect(step!.length).toBe(2000);
    expect([step![0], step!.at(-1), lossD![0], lossD!.at(-1)]).toEqual([1, 5001, 0, 5000]);
    const strides = step!.slice(1).map((at, i) => Number(at) - Number(step![i]));
    expect(new Set(strides)).toEqual(new Set([2, 3]));
  });

  test("is whole up to that", () => {
    const records = Array.from({ length: 2000 }, (_, i) => record(i));
    expect(columns(report({ records })).step).toEqual(records.map(({ step }) => step));
  });

  test("has each step once: what a resumed run did again replaces what it had done", () => {
    const records = [record(1), record(2), record(3, { lossD: 9 }), record(4), record(3, { lossD: 5 })];
    const { step, lossD } = columns(report({ records }));
    expect([step, lossD]).toEqual([
      [1, 2, 3],
      [1.3, 1.3, 5],
    ]);
  });
});

describe("the samples in a report", () => {
  const images = (html: string) => [...html.matchAll(/<img src="data:image\/png;base64,([^"]*)" ([^>]*)>/g)];

  test("are the PNG files, byte for byte, in the order of their steps", () => {
    const pngs = [3, 1, 2].map((step) => ({ step, png: Uint8Array.of(0, step, 255, 0).subarray(1) }));
    const found = images(report({ samples: pngs }));
    expect(found.map(([, base64]) => [...Buffer.from(base64!, "base64")])).toEqual([1, 2, 3].map((n) => [n, 255, 0]));
  });

  test("show the newest, with a text for who cannot see it and a labelled slider", () => {
    const html = report();
    const attributes = images(html).map((match) => match[2]!);
    expect(attributes.map((text) => text.includes("hidden"))).toEqual([true, false]);
    expect(attributes[1]).toContain('alt="Samples of the generator at step 1,500" data-step="1500"');
    expect(html).toMatch(/<input type="range" id="slider" min="0" max="1" value="1" aria-label="[^"]+">/);
  });

  test("need no slider where there is one", () => {
    const html = report({ samples: [{ step: 7, png: imageGrid(new Float32Array(1), [1, 1, 1]) }] });
    expect(markup(html)).not.toContain("<input");
    expect(words(html)).toContain("Samples At step 7.");
  });

  test("are thinned to 120, the first and the last among them", () => {
    const png = Uint8Array.of(1);
    const samples = Array.from({ length: 1000 }, (_, step) => ({ step, png }));
    const steps = [...report({ samples }).matchAll(/data-step="(\d+)"/g)].map((match) => Number(match[1]));
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([120, 0, 999]);
  });
});
