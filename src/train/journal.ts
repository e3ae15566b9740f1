import type { ProgramOutput } from "../program.ts";
import { sizeOf } from "../program.ts";
import type { DeviceTensor } from "../runtime/runtime.ts";
import { commit, forEachRun, type Memory, scatter } from "./memory.ts";

/** What a round has put in place, so that it can be taken back. */
export interface Journal {
  /** Puts a result of a program in the place of what it replaces. */
  put(output: ProgramOutput): Promise<void> | undefined;
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
  const entries: ProgramOutput[] = [];
  const copies = new Map<string, Float64Array>();
  const numbers: { readonly tensor: DeviceTensor; readonly index: number; readonly before: number }[] = [];

  const putSlices = async (output: ProgramOutput, isFirst: boolean) => {
    if (isFirst) await copySlices(output);
    await commit(memory, output);
  };
  const copySlices = async ({ name, replaces, slices, shape }: ProgramOutput) => {
    const copy = copies.get(name) ?? new Float64Array(sizeOf(shape));
    copies.set(name, copy);
    const [values, index] = [await inputs[replaces!]!.read(), await inputs[slices!.index]!.read()];
    forEachRun(slices!, index, (from, at) => {
      for (let k = 0; k < slices!.inner; k++) copy[from + k] = values[at + k]!;
    });
  };

  const close = () => {
    entries.length = 0;
    numbers.length = 0;
  };

  return {
    put(output) {
      const isFirst = !entries.includes(output);
      if (isFirst) entries.push(output);
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
      for (const output of entries.toReversed()) {
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
