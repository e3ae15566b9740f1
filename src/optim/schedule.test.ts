import { describe, expect, test } from "vitest";
import { cooldown, cosine, linear, schedules } from "./schedule.ts";

describe.each(Object.entries(schedules))("the schedule %s", (_, schedule) => {
  test("starts with the whole learning rate, never rises, and stays within 0 and 1", () => {
    for (const steps of [1, 2, 7, 1000]) {
      const factors = Array.from({ length: steps + 3 }, (_, step) => schedule(step, steps));
      expect(factors[0]).toBe(1);
      expect(factors.every((factor, i) => factor >= 0 && factor <= (factors[i - 1] ?? 1))).toBe(true);
    }
  });
});

test("linear and cosine are half way down in the middle, and down at the end", () => {
  for (const schedule of [linear, cosine]) {
    expect(schedule(50, 100)).toBe(0.5);
    expect(schedule(100, 100)).toBeCloseTo(0, 15);
    expect(schedule(99, 100)).toBeGreaterThan(0);
  }
});

test("cosine is the cosine", () => {
  for (let step = 0; step <= 1000; step++) {
    expect(Math.abs(cosine(step, 1000) - (1 + Math.cos((Math.PI * step) / 1000)) / 2)).toBeLessThan(4e-16);
  }
});

test("cooldown keeps the rate for the first half and goes straight down in the second", () => {
  expect([0, 25, 50, 75, 99, 100].map((step) => cooldown(step, 100))).toEqual([1, 1, 1, 0.5, expect.closeTo(0.02), 0]);
});
