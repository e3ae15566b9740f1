/** What the learning rate is multiplied with at a step, counted from 0, of a training of so many steps: 1 at the first, and 0 at the one after the last. */
export type Schedule = (step: number, steps: number) => number;

/** The same learning rate all along. */
export const constantRate: Schedule = () => 1;

/** Straight down: 1 - step / steps. */
export const linear: Schedule = (step, steps) => 1 - part(step, steps);

/** Half a cosine (Loshchilov and Hutter 2017, without restarts): (1 + cos(pi step / steps)) / 2. */
export const cosine: Schedule = (step, steps) => (1 + sine(Math.PI * (0.5 - part(step, steps)))) / 2;

/** The full rate for the first half, then straight down: min(1, 2 (1 - step / steps)) (Hägele et al. 2024, "cooldown"). */
export const cooldown: Schedule = (step, steps) => Math.min(1, 2 * (1 - part(step, steps)));

/** Every schedule, by its name in configurations. */
export const schedules = { constant: constantRate, linear, cosine, cooldown } as const satisfies Record<
  string,
  Schedule
>;

/** A key of `schedules`. */
export type ScheduleName = keyof typeof schedules;

function part(step: number, steps: number): number {
  return Math.min(step / steps, 1);
}

/** sin x for |x| <= pi/2 to 1e-16 by its series: the same bits everywhere, which ECMAScript does not promise of `Math.sin`. */
function sine(x: number): number {
  let sum = 0;
  for (let n = 23; n > 1; n -= 2) sum = (-x * x * (1 + sum)) / (n * (n - 1));
  return x * (1 + sum);
}
