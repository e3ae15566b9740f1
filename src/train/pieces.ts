import { type Awaitable, after } from "../awaitable.ts";
import type { Block, Fading, Move } from "../plan.ts";
import { type Reals, stream, uniform } from "../random.ts";
import type { DeviceTensor } from "../runtime/runtime.ts";
import { forEachRun, type Memory } from "./memory.ts";

/** Tells the programs of a move which of its blocks is to move at a visit. */
export function place(memory: Memory, block: Block, { numberInput }: Move, visit: number, seed: number): void {
  if (block.slices) placeSlices(memory, block, visit, seed);
  // a rule without numbers of its own does not read it
  if (numberInput !== undefined && memory.inputs[numberInput]) placeNumber(memory.inputs[numberInput], block);
}

const placeSlices = (memory: Memory, block: Block, visit: number, seed: number) =>
  memory.inputs[block.slices!.input]!.write((values) => fillSlices(values, block, visit, seed));

const placeNumber = (tensor: DeviceTensor, { number }: Block) => tensor.write((values) => values.fill(number));

function fillSlices(values: Reals, { slices }: Block, visit: number, seed: number): void {
  if (slices!.kind === "fixed") {
    values.set(slices!.numbers);
    return;
  }
  // Floyd 1987: a uniformly random subset, one number for each element
  const { size, from, input } = slices!;
  const draws = stream(seed, input);
  const chosen = new Set<number>();
  for (let last = from - size; last < from; last++) {
    const drawn = Math.floor(uniform(draws, visit, last - from + size) * (last + 1));
    chosen.add(chosen.has(drawn) ? last : drawn);
  }
  values.set([...chosen]);
}

/** Takes a state a part of the way back to its start. */
export function fadeState(memory: Memory, { name, initial, factor, slices }: Fading): Awaitable<undefined> {
  return after(slices && memory.inputs[slices.index]!.read(), (index) => {
    memory.inputs[name]!.write((values) => {
      const fade = (i: number) => {
        values[i] = initial + factor * (values[i]! - initial);
      };
      if (!slices) for (let i = 0; i < values.length; i++) fade(i);
      else
        forEachRun(slices, index!, (_, at) => {
          for (let k = 0; k < slices.inner; k++) fade(at + k);
        });
    });
    return undefined;
  });
}
