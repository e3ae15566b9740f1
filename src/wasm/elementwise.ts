import type { Graph } from "../graph/graph.ts";
import { type Application, sameShape, type Tensor } from "../graph/tensor.ts";
import { sizeOf } from "../program.ts";
import {
  add,
  addFour,
  type Bytes,
  fourOf,
  get,
  i32,
  integer,
  load,
  moduleOf,
  multiply,
  repeat,
  set,
  simd,
  store,
  storeAt,
  unsigned,
  v128,
  when,
} from "./binary.ts";

/**
 * A graph that goes element by element as a WebAssembly module: one pass over memory for each set of tensors that depend on each other, where a runtime of
 * operators makes one for each operator. It may add up all elements of a tensor, in an order of its own. Every tensor is float32, aligned to 16 bytes with
 * room up to the next multiple of 16. `run(table)` reads the addresses of the inputs, then those of the outputs from a table of int32, both in the order of
 * the graph. Undefined where an operator needs more than the element at hand, or a tensor is stretched, or needs a sum before it.
 *
 * The work is divided into equal parts: `run(table, part)` for each of them, in any order and by any thread, and then `run(table, parts)` once, which adds up
 * what the parts have left behind the addresses, and stores the tensors of one element.
 */
export function elementwiseModule({ inputs, tensors, outputs }: Graph, parts: number): Uint8Array | undefined {
  const late = followingTotals(tensors);
  if (!tensors.every((tensor) => isElementwise(tensor) && (isScalar(tensor) || !late.has(tensor)))) return undefined;
  const sets = connected(tensors);
  const local = new Map(tensors.map((tensor, i) => [tensor, firstVector + i]));
  const addresses = [...inputs, ...outputs].map((_, i) => firstVector + tensors.length + i);
  const addressOf = new Map<Tensor, number>(inputs.map((tensor, i) => [tensor, addresses[i]!]));
  const evaluated = (tensor: Tensor, isInLoop: boolean): Bytes => {
    const to = local.get(tensor)!;
    if (tensor.kind === "constant") return [fourOf(tensor.values[0]!), set(to)];
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
  const scalars = tensors.filter(isScalar);
  const early = scalars.filter((tensor) => !late.has(tensor)).map((tensor) => evaluated(tensor, false));
  const totals = tensors.filter(isTotal) as Application[];
  const divided = totals.filter(({ inputs: [source] }) => !isScalar(source!));
  const left = 16 * Math.ceil((4 * addresses.length) / 16); // bytes behind which the parts leave their sums
  const leaving: Bytes = [
    divided.map((sum, i) => [placeOfPart(left, divided.length), get(local.get(sum)!), storeAt(16 * i)]),
  ];
  const collected = divided.map((sum, i): Bytes => {
    const ofPart = (part: number): Bytes => [get(table), load(left + 16 * (part * divided.length + i))];
    const rest = Array.from({ length: parts - 1 }, (_, part): Bytes => [ofPart(part + 1), addFour]);
    return [ofPart(0), rest, set(local.get(sum)!)];
  });
  const ofVectors = (members: readonly Tensor[]): Bytes => {
    const sums = totals.filter(({ inputs: [source] }) => members.includes(source!));
    const inside = [members.map((tensor) => evaluated(tensor, true)), stored(new Set(members), true)];
    const summed = (mask: Bytes) =>
      sums.map((sum) => [get(local.get(sum)!), get(local.get(sum.inputs[0]!)!), mask, addFour, set(local.get(sum)!)]);
    const size = sizeOf(members[0]!.shape);
    const rest = size % 4;
    if (sums.length === 0 || rest === 0) return loopOver(Math.ceil(size / 4), parts, [inside, summed([])]);
    // behind the last element there is room that is not to be counted
    const whole = Math.floor(size / 4);
    const last = [integer(16 * whole), set(offset), inside, summed([firstPlaces(rest), simd(0x4e)])];
    return [loopOver(whole, parts, [inside, summed([])]), when([get(part), integer(parts - 1), isEqual], last)];
  };
  const following = scalars.filter((tensor) => late.has(tensor)).map((tensor) => evaluated(tensor, false));
  const code: Bytes = [
    addresses.map((address, i) => [get(table), loadAddress(4 * i), set(address)]),
    early,
    when([get(part), integer(parts), isBelow], [sets.map(ofVectors), leaving]),
    when([get(part), integer(parts), isEqual], [collected, following, stored(new Set(scalars), false)]),
  ];
  const locals = [i32, i32, ...tensors.map(() => v128), ...addresses.map(() => i32)];
  return moduleOf([i32, i32], locals, code);
}

/** Locals of the function: its parameters, how far the loop is and has to go, then a vector for each tensor and an address for each input and output. */
const table = 0;
const part = 1;
const offset = 2;
const end = 3;
const firstVector = 4;

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

const over: Bytes = [0x6e];
const isEqual: Bytes = [0x46];
const isBelow: Bytes = [0x49];

/** Where a part leaves its sums, of which there are so many. */
const placeOfPart = (left: number, sums: number): Bytes => [
  get(table),
  integer(left),
  add,
  [get(part), integer(16 * sums), multiply],
  add,
];

/** Runs `inside` with `offset` at the bytes 0, 16, ... of this part of so many vectors. */
function loopOver(vectors: number, parts: number, inside: Bytes): Bytes {
  const share = (which: Bytes): Bytes => [
    which,
    integer(vectors),
    multiply,
    integer(parts),
    over,
    integer(16),
    multiply,
  ];
  const bounds = [share(get(part)), set(offset), share([get(part), integer(1), add]), set(end)];
  const isInside = [get(offset), get(end), isBelow];
  const next = [get(offset), integer(16), add, set(offset)];
  return [bounds, when(isInside, repeat([inside, next], isInside))];
}
