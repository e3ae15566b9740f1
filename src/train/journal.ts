import { type Awaitable, after } from "../awaitable.ts";
import type { ProgramOutput } from "../program.ts";
import { sizeOf } from "../program.ts";
import type { DeviceTensor } from "../runtime/runtime.ts";
import { commit, forEachRun, type Memory, scatter } from "./memory.ts";

/** What a round has put in place, so that it can be taken back. */
export interface Journal {
  /** Puts a result of a program in the place of what it replaces. */
  put(output: ProgramOutput): Awaitable<undefined>;
  /** Sets a number of a tensor that only the runner knows. */
  set(tensor: DeviceTensor, index: number, value: number): void;
  /** Everything that was put in place since the last round is what it was. */
  takeBack(): Promise<void>;
  /** What was put in place stays. */
  close(): void;
}

/**
 * A journal of a memory. What is replaced whole is still there after it, in the place of the result that replaced it - or of its spare, where a round
 * replaces it more than once. Slices are copied.
 */
export function openJournal(memory: Memory): Journal {
  const { inputs, spares } = memory;
  const entries: ProgramOutput[] = []; // the first `count`; the rest is room, which an emptied array would give away
  let count = 0;
  const copies = new Map<string, Float64Array>();
  const numbers: { readonly tensor: DeviceTensor; readonly index: number; readonly before: number }[] = [];

  const putSlices = (output: ProgramOutput, isFirst: boolean) =>
    isFirst ? after(copySlices(output), () => commit(memory, output)) : commit(memory, output);
  const copySlices = ({ name, replaces, slices, shape }: ProgramOutput) => {
    const copy = copies.get(name) ?? new Float64Array(sizeOf(shape));
    copies.set(name, copy);
    return after(inputs[replaces!]!.read(), (values) =>
      after(inputs[slices!.index]!.read(), (index) =>
        forEachRun(slices!, index, (from, at) => {
          for (let k = 0; k < slices!.inner; k++) copy[from + k] = values[at + k]!;
        }),
      ),
    );
  };

  const close = () => {
    count = 0;
    numbers.length = 0;
  };

  return {
    put(output) {
      const at = entries.indexOf(output);
      const isFirst = at < 0 || at >= count;
      if (isFirst) entries[count++] = output;
      if (output.slices) return putSlices(output, isFirst);
      commit(memory, output);
      if (isFirst && spares[output.name]) exchange(memory.outputs, spares, output.name, output.name);
      return undefined;
    },
    set(tensor, index, value) {
      tensor.write((values) => {
        numbers.push({ tensor, index, before: values[index]! });
        values[index] = value;
      });
    },
    async takeBack() {
      for (const { tensor, index, before } of numbers.toReversed()) {
        tensor.write((values) => {
          values[index] = before;
        });
      }
      for (const output of entries.slice(0, count).toReversed()) {
        const { name, replaces, slices } = output;
        if (slices) await scatter(memory, inputs[replaces!]!, copies.get(name)!, slices);
        else if (spares[name]) exchange(inputs, spares, replaces!, name);
        else commit(memory, output);
      }
      close();
    },
    close,
  };
}

function exchange<T>(a: Record<string, T>, b: Record<string, T>, ofA: string, ofB: string): void {
  const old = a[ofA]!;
  a[ofA] = b[ofB]!;
  b[ofB] = old;
}
