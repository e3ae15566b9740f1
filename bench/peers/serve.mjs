import { createInterface } from "node:readline";

/** Says what it is, and answers each line `TASK BATCH ITERATIONS` with the milliseconds of an iteration. `open` makes a task: a function that iterates. */
export async function serve(name, open) {
  const tasks = new Map();
  console.log(name);
  for await (const line of createInterface({ input: process.stdin })) {
    const [task, batch, iterations] = line.split(" ");
    const key = `${task} ${batch}`;
    if (!tasks.has(key)) tasks.set(key, await open(task, Number(batch)));
    const begun = performance.now();
    await tasks.get(key)(Number(iterations));
    console.log((performance.now() - begun) / Number(iterations));
  }
  process.exit(0);
}

/** Numbers of a standard normal distribution. */
export function fillNormal(values) {
  for (let i = 0; i < values.length; i += 2) {
    const [r, t] = [Math.sqrt(-2 * Math.log(1 - Math.random())), 2 * Math.PI * Math.random()];
    values[i] = r * Math.cos(t);
    values[i + 1] = r * Math.sin(t);
  }
}
