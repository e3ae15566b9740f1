import { describe, expect, test } from "vitest";
import type { SelectionContext, SelectionRule } from "../plan.ts";
import type { Reals } from "../random.ts";
import { stream, uniform } from "../random.ts";
import { type SelectionName, selectionRules } from "./selection.ts";
import type { SelectionSettings } from "./selection-settings.ts";

/** What a rule chose at a visit, and why. */
interface Visit {
  readonly selected: number;
  readonly score: number | undefined;
}

/** A world without a model: its norms, constants and decreases are numbers of the visit and the block, and steps change nothing. */
const number = (name: string, visit: number, block: number) => uniform(stream(5, name), visit, block);

interface Game {
  readonly make: () => SelectionRule;
  readonly blockCount: number;
  readonly seed: number;
  readonly memory: Reals;
}

/** One visit of two steps, by a rule made for it alone: nothing can be kept but in the memory, and nothing is known but what is needed. */
function visitOf({ make, blockCount, seed, memory }: Game, visit: number): Visit {
  const rule = make();
  const blocks = [...Array(blockCount).keys()];
  const known = (name: string) => blocks.map((block) => number(name, visit, block));
  const hasNorms = rule.needs.includes("norms") && (rule.wantsNorms?.(visit, blockCount) ?? true);
  const context: SelectionContext = {
    visit,
    blockCount,
    seed,
    player: "generator",
    macs: blocks.map((block) => 100 + block),
    sizes: blocks.map((block) => 10 + block),
    norms: hasNorms ? known("norms") : undefined,
    lipschitz: rule.needs.includes("lipschitz") ? known("lipschitz") : undefined,
    memory,
  };
  const selected = rule.select(context);
  const score = rule.score?.(context, selected);
  for (const step of [0, 1]) rule.observe?.(context, selected, number("decrease", 2 * visit + step, selected) - 0.3);
  return { selected, score };
}

function memoryOf(make: () => SelectionRule, blockCount: number): Float64Array {
  return new Float64Array(make().memorySize?.(blockCount) ?? 0);
}

function visitsOf(make: () => SelectionRule, blockCount: number, { count = 200, seed = 1 } = {}): Visit[] {
  const game = { make, blockCount, seed, memory: memoryOf(make, blockCount) };
  return Array.from({ length: count }, (_, visit) => visitOf(game, visit));
}

const settings: SelectionSettings = { refresh: 7 };
const rules = Object.entries(selectionRules).map(([name, make]) => [name, () => make(settings)] as const);

const random: readonly SelectionName[] = [
  "permutation",
  "uniform",
  "importance",
  "cost-aware",
  "bandit",
  "layerwise-importance",
];

describe.each(rules)("the selection rule %s", (key, make) => {
  test("is named as in the registry", () => {
    expect(make().name).toBe(key);
  });

  test.each([1, 2, 3, 7])(
    "selects one of what there is among %i blocks, and says why in a finite number",
    (blockCount) => {
      const choices = make().sets?.(blockCount).length ?? blockCount;
      for (const { selected, score } of visitsOf(make, blockCount)) {
        expect(Number.isInteger(selected) && selected >= 0 && selected < choices).toBe(true);
        expect(score === undefined || Number.isFinite(score)).toBe(true);
      }
    },
  );

  test("has sets of different blocks in order, and every block in one", () => {
    for (const blockCount of [1, 2, 3, 7]) {
      const sets = make().sets?.(blockCount) ?? [];
      for (const set of sets) expect(set).toEqual([...new Set(set)].sort((a, b) => a - b));
      if (make().sets) expect(new Set(sets.flat()).size).toBe(blockCount);
      expect(sets.flat().every((block) => block >= 0 && block < blockCount)).toBe(true);
    }
  });

  test("selects the same with the same seed, and with another if it is random", () => {
    const visits = visitsOf(make, 7);
    expect(visitsOf(make, 7)).toEqual(visits);
    const other = visitsOf(make, 7, { seed: 2 });
    if (random.some((name) => name === key)) expect(other).not.toEqual(visits);
    else expect(other).toEqual(visits);
  });

  test("goes on from its memory as if it had not stopped", () => {
    const game = { make, blockCount: 5, seed: 3, memory: memoryOf(make, 5) };
    for (let visit = 0; visit < 40; visit++) visitOf(game, visit);
    const resumed = { ...game, memory: game.memory.slice() };
    for (let visit = 40; visit < 90; visit++) expect(visitOf(resumed, visit)).toEqual(visitOf(game, visit));
    expect(resumed.memory).toEqual(game.memory);
  });

  test("lets the players choose independently if it is random", () => {
    const chosenBy = (player: string) =>
      Array.from({ length: 50 }, (_, visit) => {
        const memory = memoryOf(make, 6).fill(1);
        const known = { norms: [1, 2, 3, 4, 5, 6], lipschitz: [1, 1, 1, 1, 1, 1], macs: [1, 1, 1, 1, 1, 1] };
        return make().select({ visit, blockCount: 6, seed: 1, player, sizes: [], memory, ...known });
      });
    const isSame = `${chosenBy("generator")}` === `${chosenBy("discriminator")}`;
    expect(isSame).toBe(!random.some((name) => name === key));
  });
});

test("a setting out of range is an error that names it", () => {
  const wrong: [SelectionName, SelectionSettings][] = [
    ["importance", { exponent: -1 }],
    ["importance", { floor: 1.5 }],
    ["bandit", { epsilon: Number.NaN }],
    ["bandit", { refresh: 0 }],
    ["bandit", { discount: 0 }],
    ["cost-aware", { discount: 1.1 }],
    ["stale-greedy", { staleness: 1 }],
    ["layerwise-importance", { active: 1.5 }],
  ];
  const messages = wrong.map(([name, value]) => {
    try {
      selectionRules[name](value);
      return "none";
    } catch (error) {
      return `${error}`;
    }
  });
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "ConfigError: exponent: expected a number of at least 0, got -1.
    ConfigError: floor: expected a number from 0 to 1, got 1.5.
    ConfigError: epsilon: expected a number from 0 to 1, got NaN.
    ConfigError: refresh: expected a whole number of at least 1, got 0.
    ConfigError: discount: expected a number more than 0 and at most 1, got 0.
    ConfigError: discount: expected a number more than 0 and at most 1, got 1.1.
    ConfigError: staleness: expected a number between 0 and 1, got 1.
    ConfigError: active: expected a whole number of at least 0, got 1.5."
  `);
});
