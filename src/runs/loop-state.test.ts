import { expect, test } from "vitest";
import { parseLoopState } from "./loop-state.ts";

test("a state is saved again as it was read, in whatever order it came to be", () => {
  const look = { ...{ step: 20, slope: 1, repeats: 0, classes: 1, diversity: 1 }, separation: 1 };
  const guard = { rollbacks: 0, state: "healthy", looks: [{ ...look, spread: 1, fake: 0, real: 1 }] };
  const metrics = { gradientG: 1, probabilityFake: 0.5, probabilityReal: 0.5, lossG: 1, lossD: 1 };
  const text = JSON.stringify({ guard, best: { distance: 1, step: 40 }, skips: { recent: [3], unlogged: 0 }, metrics });
  expect(JSON.stringify(parseLoopState(JSON.parse(text)))).toBe(text);
});
