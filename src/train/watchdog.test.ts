import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { diagnose, latest, type Signals } from "./watchdog.ts";

/** Looks every 50 iterations; number i of them changes what a healthy training shows. */
function looks(change: (i: number) => Partial<Signals>, count = 20, every = 50): Signals[] {
  return Array.from({ length: count }, (_, i) => ({
    step: every * (i + 1),
    real: 0.6,
    fake: -0.4,
    heldOut: 0.55,
    spread: 0.5,
    separation: 0.85 + 0.05 * Math.sin(i),
    memory: 0.52,
    diversity: 0.9 + 0.01 * Math.sin(2 * i),
    repeats: 0.02,
    slope: 0.7,
    ...change(i),
  }));
}

const stateOf = (history: readonly Signals[]) => diagnose(history).state;

/** The first look at which a history is not healthy, counted from 0. */
function namedAt(history: readonly Signals[]): number {
  return history.findIndex((_, i) => stateOf(history.slice(0, i + 1)) !== "healthy");
}

/** Units and zero of the logits are nobody's business but the loss's. */
const rescaled = (history: readonly Signals[]) =>
  history.map((look) => ({
    ...look,
    real: 30 * look.real + 7,
    fake: 30 * look.fake + 7,
    heldOut: 30 * look.heldOut! + 7,
    spread: 30 * look.spread,
  }));

describe("healthy is a training", () => {
  test("whose players are a match for each other", () => {
    expect(diagnose(looks(() => ({})))).toMatchObject({ state: "healthy", advice: "" });
  });

  test("of which too little has been seen", () => {
    const ill = looks(() => ({ separation: 1, real: 9, repeats: 1, diversity: 0.1, memory: 1 }));
    expect(stateOf([])).toBe("healthy");
    expect(stateOf(ill.slice(0, 10))).toBe("healthy");
    expect(stateOf(ill.slice(0, 11))).not.toBe("healthy");
  });

  test("whose D is sure and whose samples are alike, as long as they become more diverse", () => {
    const early = looks((i) => ({ separation: 1, real: 3, repeats: 0.9, diversity: 0.1 * 1.03 ** i }));
    expect(namedAt(early)).toBe(-1);
  });

  test("with one bad look among good ones, whatever is bad", () => {
    const bad = { real: 20, fake: -20, separation: 1, memory: 1, repeats: 1, diversity: 0, classes: 0.1 };
    for (const [key, value] of Object.entries(bad)) {
      expect(
        namedAt(looks((i) => (i === 12 ? { [key]: value } : key === "classes" ? { classes: 0.9 } : {}))),
        key,
      ).toBe(-1);
    }
  });

  test("that goes one way, from the worst to the best, by itself or after a fall", () => {
    expect(namedAt(looks((i) => ({ diversity: Math.min(0.9, 0.01 * 1.5 ** i), separation: 1 - 0.01 * i })))).toBe(-1);
    expect(namedAt(looks((i) => ({ diversity: Math.abs(i - 8) < 2 ? 0.2 : 0.9, separation: i < 8 ? 1 : 0.3 })))).toBe(
      -1,
    );
  });

  test("that ends: its last steps are small but move the samples", () => {
    expect(namedAt(looks((i) => ({ diversity: 0.9 + 1e-4 * (i % 3) })))).toBe(-1);
  });
});

describe("a training is named", () => {
  const saturated = looks((i) => ({ separation: 0.995, real: 2 + 0.1 * i, fake: -2, diversity: 0.3 }));
  const moving = (i: number) => 1 + 1e-3 * Math.sin(i);
  const cases: [string, Signals[]][] = [
    ["saturated", saturated.map((look, i) => ({ ...look, diversity: 0.3 * moving(i) }))],
    ["saturated", looks(() => ({ separation: 1, diversity: 0.3, slope: 1e-4 }))],
    ["frozen", looks(() => ({ diversity: 0.3 }))],
    ["collapsed", looks((i) => ({ repeats: 0.4, diversity: 0.5 * moving(i) }))],
    ["collapsed", looks(() => ({ repeats: 1, diversity: 0 }))],
    ["collapsed", looks((i) => ({ repeats: i < 5 ? 0.02 : 0.9, diversity: 0.9 * 0.9 ** i }))],
    ["collapsed", looks((i) => (i % 10 === 9 ? { classes: 0.15 } : {}))],
    ["oscillating", looks((i) => ({ separation: i % 2 === 0 ? 0.2 : 0.98 }))],
    ["oscillating", looks((i) => ({ diversity: i % 2 === 0 ? 0.9 : 0.2 }))],
    ["memorising", looks((i) => ({ memory: Math.min(1, 0.5 + 0.05 * i), separation: 1 }))],
  ];

  test.each(cases)("%s (%#)", (state, history) => {
    const { why, advice, ...found } = diagnose(history);
    expect(found.state).toBe(state);
    expect(why).not.toBe("");
    expect(advice).toMatch(/\.$/);
  });

  test.each(cases)("%s whatever the units of the logits and the interval of the looks (%#)", (state, history) => {
    expect(stateOf(rescaled(history))).toBe(state);
    expect(stateOf(history.map((look) => ({ ...look, step: 20 * look.step })))).toBe(state);
  });

  test("as soon as it has lasted for 500 iterations and six looks, and no longer than that after it ends", () => {
    const ill = looks((i) => ({ memory: i >= 5 && i < 18 ? 0.95 : 0.5 }), 40);
    expect(namedAt(ill)).toBe(15);
    expect(stateOf(ill.slice(0, 18))).toBe("memorising");
    expect(stateOf(ill.slice(0, 19))).toBe("healthy");
    const rare = looks(() => ({ memory: 0.95 }), 10, 1000);
    expect(namedAt(rare)).toBe(5);
  });

  test("memorising before what that brings about", () => {
    expect(stateOf(looks(() => ({ memory: 0.99, separation: 1, real: 9, repeats: 0.9, diversity: 0.2 })))).toBe(
      "memorising",
    );
  });

  test("memorising only where there are held-out examples", () => {
    expect(stateOf(looks(() => ({ memory: undefined, heldOut: undefined })))).toBe("healthy");
  });
});

/** Looks of real trainings, from their logs: `command` with the `options` of each. */
const recorded = JSON.parse(readFileSync("test/support/recorded-looks.json", "utf8")) as {
  keys: (keyof Signals)[];
  runs: { options: string; state: string; step: number | null; looks: (number | null)[][] }[];
};

test.each(recorded.runs)("a training with $options is $state", ({ state, step, looks: rows }) => {
  const history = rows.map((row) => {
    const known = row.flatMap((value, i) => (value === null ? [] : [[recorded.keys[i]!, value]]));
    return Object.fromEntries(known) as Signals;
  });
  const at = namedAt(history);
  expect(history[at]?.step ?? null).toBe(step);
  expect(at < 0 ? "healthy" : stateOf(history.slice(0, at + 1))).toBe(state);
});

test("a diagnosis depends on the latest looks alone", () => {
  const history = looks((i) => ({ repeats: i < 8 ? 0.9 : 0.02, diversity: i < 8 ? 0.3 : 0.9 }), 40);
  for (let end = 1; end <= history.length; end++) {
    const seen = history.slice(0, end);
    const kept = latest(seen);
    if (kept.length > 0) expect(diagnose(kept)).toEqual(diagnose(seen));
  }
});

test("what is seen and what to try is said in one sentence each", () => {
  const { why, advice } = diagnose(looks(() => ({ memory: 0.94 })));
  expect(why).toBe(
    "D prefers examples that it has learnt to held-out ones in 94 % of the pairs (mean logits 0.6 and 0.55; generated ones get -0.4)",
  );
  expect(advice).toContain("discriminator.r1");
});
