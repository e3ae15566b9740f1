import { expect, test } from "vitest";
import type { ProgramOutput } from "../program.ts";
import { hostTensor } from "../runtime/host.ts";
import { openJournal } from "./journal.ts";
import type { Memory } from "./memory.ts";

const tensor = (...values: number[]) => hostTensor([values.length], Float32Array.from(values));

test("takes back the last first, where two results replace one tensor, and the numbers that only the runner knows", async () => {
  const memory: Memory = {
    inputs: { w: tensor(0, 0), numbers: tensor(5, 6) },
    outputs: { a: tensor(1, 1), b: tensor(2, 2) },
    spares: {},
  };
  const journal = openJournal(memory);
  const output = (name: string): ProgramOutput => ({ name, shape: [2], role: "parameter", replaces: "w" });
  await journal.put(output("a"));
  await journal.put(output("b"));
  journal.set(memory.inputs.numbers!, 1, 7);
  journal.set(memory.inputs.numbers!, 1, 8);
  expect([...(await memory.inputs.w!.read())]).toEqual([2, 2]);
  expect([...(await memory.inputs.numbers!.read())]).toEqual([5, 8]);
  await journal.takeBack();
  expect([...(await memory.inputs.w!.read())]).toEqual([0, 0]);
  expect([...(await memory.inputs.numbers!.read())]).toEqual([5, 6]);
});
