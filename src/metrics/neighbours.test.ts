import { expect, test } from "vitest";
import { gaussian } from "../../test/support/samples.ts";
import { pointsOf } from "./distances.ts";
import { nearestAcross, nearestWithin } from "./neighbours.ts";

const squares = (values: readonly number[], of: number) => values.map((v) => (v - of) ** 2).sort((a, b) => a - b);

test("the nearest others are the first of all sorted distances", () => {
  const x = gaussian(200, 1, 1);
  const nearest = nearestWithin(pointsOf(x), 3);
  for (let i = 0; i < 200; i++) {
    const others = squares([...x.values].toSpliced(i, 1), x.values[i]!);
    for (let k = 0; k < 3; k++) expect(nearest[3 * i + k]).toBeCloseTo(others[k]!, 13);
  }
});

test("the nearest of another set is found from both sides", () => {
  const [a, b] = [gaussian(150, 1, 1), gaussian(170, 1, 2)];
  const { ofA, ofB } = nearestAcross(pointsOf(a), pointsOf(b));
  for (let i = 0; i < 150; i++) expect(ofA[i]).toBeCloseTo(squares([...b.values], a.values[i]!)[0]!, 13);
  for (let j = 0; j < 170; j++) expect(ofB[j]).toBeCloseTo(squares([...a.values], b.values[j]!)[0]!, 13);
});

test("who has no others has them at infinity", () => {
  expect([...nearestWithin(pointsOf({ rows: 2, columns: 1, values: Float64Array.of(1, 4) }), 2)]).toEqual([
    9,
    Number.POSITIVE_INFINITY,
    9,
    Number.POSITIVE_INFINITY,
  ]);
});
