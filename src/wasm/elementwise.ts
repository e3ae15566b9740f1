import type { Graph } from "../graph/graph.ts";
import { type Application, sameShape, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import { add, type Bytes, get, i32, load, moduleOf, set, signed, simd, store, unsigned, v128 } from "./binary.ts";

/**
 * A graph that goes element by element as a WebAssembly module: one pass over memory for each set of tensors that depend on each other, where a runtime of
 * operators makes one for each operator. It may add up all elements of a tensor, in an order of its own. Every tensor is float32, aligned to 16 bytes with
 * room up to the next multiple of 16. `run(table)` reads the addresses of the inputs, then those of the outputs from a table of int32, both in the order of
 * the graph. Undefined where an operator needs more than the element at hand, or a tensor is stretched, or needs a sum before it.
 */
export function elementwiseModule({ inputs, tensors, outputs }: Graph): Uint8Array | undefined {
  const late = followingTotals(tensors);
  if (!tensors.every((tensor) => isElementwise(tensor) && (isScalar(tensor) || !late.has(tensor)))) return undefined;
  const parts = connected(tensors);
  const local = new Map(tensors.map((tensor, i) => [tensor, firstVector + i]));
  const addresses = [...inputs, ...outputs].map((_, i) => firstVector + tensors.length + i);
  const addressOf = new Map<Tensor, number>(inputs.map((tensor, i) => [tensor, addresses[i]!]));
  const evaluated = (tensor: Tensor, isInLoop: boolean): Bytes => {
    const to = local.get(tensor)!;
    if (tensor.kind === "constant") return [constantVector(tensor.values[0]!), set(to)];
    if (tensor.kind === "input") {
      const at = get(addressOf.get(tensor)!);
      return [isInLoop ? [at, get(offset), add, load(0)] : [at, loadAll], set(to)];
    }
    if (isTotal(tensor)) return isScalar(tensor.inputs[0]!) ? [get(local.get(tensor.inputs[0]!)!), set(to)] : total(to);
    const { opcode, operands = [...tensor.inputs.keys()] } = tensor.operator.simd!;
    return [operands.map((i) => get(local.get(tensor.inputs[i]!)!)), simd(opcode), set(to)];
  };
  const stored = (members: ReadonlySet<Tensor>, isInLoop: boolean): Bytes =>
    outputs.flatMap(({ tensor }, i) => {
      if (!members.has(tensor)) return [];
      const at = get(addresses[inputs.length + i]!);
      return [isInLoop ? [at, get(offset), add] : at, get(local.get(tensor)!), store];
    });
  const ofScalars = (isLate: boolean): Bytes => {
    const scalars = tensors.filter((tensor) => isScalar(tensor) && late.has(tensor) === isLate);
    return [scalars.map((tensor) => evaluated(tensor, false)), stored(new Set(scalars), false)];
  };
  const totals = tensors.filter(isTotal) as Application[];
  const ofVectors = (members: readonly Tensor[]): Bytes => {
    const sums = totals.filter(({ inputs: [source] }) => members.includes(source!));
    const inside = [members.map((tensor) => evaluated(tensor, true)), stored(new Set(members), true)];
    const summed = (mask: Bytes) =>
      sums.map((sum) => [
        get(local.get(sum)!),
        get(local.get(sum.inputs[0]!)!),
        mask,
        simd(0xe4),
        set(local.get(sum)!),
      ]);
    const size = sizeOf(members[0]!.shape);
    const rest = size % 4;
    if (sums.length === 0 || rest === 0) return loopOver(16 * Math.ceil(size / 4), [inside, summed([])]);
    // behind the last element there is room that is not to be counted
    const whole = size < 4 ? rewind : loopOver(4 * (size - rest), [inside, summed([])]);
    return [whole, inside, summed([firstPlaces(rest), simd(0x4e)])];
  };
  const code: Bytes = [
    addresses.map((address, i) => [get(table), loadAddress(4 * i), set(address)]),
    ofScalars(false),
    parts.map(ofVectors),
    ofScalars(true),
  ];
  const locals = [i32, ...tensors.map(() => v128), ...addresses.map(() => i32)];
  return moduleOf([i32], locals, code);
}

/** Locals of the function: its parameter, how far the loop is, then a vector for each tensor and an address for each input and output. */
const table = 0;
const offset = 1;
const firstVector = 2;

const isScalar = ({ shape }: Tensor) => sizeOf(shape) === 1;

const isTotal = (tensor: Tensor): boolean => tensor.kind === "application" && tensor.operator.simd?.isTotal === true;

function isElementwise(tensor: Tensor): boolean {
  if (tensor.type === "index") return false;
  if (tensor.kind === "constant") return tensor.values.length === 1;
  if (tensor.kind === "input") return true;
  if (isTotal(tensor)) return isScalar(tensor);
  const isWhole = (source: Tensor) => isScalar(source) || sameShape(source.shape, tensor.shape);
  return tensor.operator.simd !== undefined && tensor.inputs.every(isWhole);
}

/** What is known only when a sum is complete, the sums among it. */
function followingTotals(tensors: readonly Tensor[]): Set<Tensor> {
  const late = new Set<Tensor>();
  for (const tensor of tensors) {
    if (isTotal(tensor) || (tensor.kind === "application" && tensor.inputs.some((source) => late.has(source))))
      late.add(tensor);
  }
  return late;
}

/** The tensors that are not scalars, in sets that have nothing to do with each other, each in the order of the graph. */
function connected(tensors: readonly Tensor[]): Tensor[][] {
  const sets = new Map<Tensor, Tensor[]>();
  for (const tensor of tensors) {
    if (isScalar(tensor)) continue;
    const sources = tensor.kind === "application" ? (tensor as Application).inputs.filter((x) => !isScalar(x)) : [];
    const joined = [...new Set(sources.map((source) => sets.get(source)!))];
    const all = [...joined.flat(), tensor];
    for (const member of all) sets.set(member, all);
  }
  const position = new Map(tensors.map((tensor, i) => [tensor, i]));
  return [...new Set(sets.values())].map((set) => set.sort((a, b) => position.get(a)! - position.get(b)!));
}

const loadAddress = (at: number): Bytes => [0x28, 2, ...unsigned(at)];
/** One number to all four places. */
const loadAll: Bytes = [simd(0x09), 2, 0];
const constantVector = (value: number): Bytes => [
  simd(0x0c),
  ...new Uint8Array(new Float32Array(4).fill(value).buffer),
];

/** The sum of the four places of a vector, in all of them. */
function total(local: number): Bytes {
  const place = (i: number): Bytes => [get(local), simd(0x1f), i];
  const sum: Bytes = [0x92];
  return [place(0), place(1), sum, place(2), place(3), sum, sum, simd(0x13), set(local)];
}

/** A mask of the first places of a vector. */
const firstPlaces = (count: number): Bytes => [
  simd(0x0c),
  ...new Uint8Array(Int32Array.from([0, 1, 2, 3], (i) => (i < count ? -1 : 0)).buffer),
];

const rewind: Bytes = [0x41, 0, set(offset)];

/** Runs `inside` with `offset` at 0, 16, ... below `sizeBytes`, at least once. */
function loopOver(sizeBytes: number, inside: Bytes): Bytes {
  const number = (value: number): Bytes => [0x41, ...signed(value)];
  const next = [get(offset), number(16), add, 0x22, offset, number(sizeBytes), 0x49];
  return [rewind, [0x03, 0x40], inside, next, [0x0d, 0], 0x0b];
}
