import { input, type Shape, type Tensor } from "../graph/tensor.ts";
import { add } from "../ops/arithmetic.ts";
import { reshape } from "../ops/broadcasting.ts";
import { addAt, take, takeElements } from "../ops/indexing.ts";
import type { BlockSpec, StateSpec } from "../optim/update-rule.ts";
import type { Block } from "../plan.ts";
import { type Slices, sizeOf, type TensorSpec } from "../program.ts";
import type { BlockGroup } from "./partition.ts";

/** How the tensors of a group look from one of its blocks. */
export interface View {
  /** The weights of a block, each of the shape of its part. */
  readonly block: BlockSpec;
  /** The part of a tensor that has the shape of a weight: the weight, its gradient, a state like it. */
  part(parameter: string, whole: Tensor): Tensor;
  /** A tensor of the shape of a weight with something added to the block's part. */
  raised(parameter: string, whole: Tensor, delta: Tensor): Tensor;
  /** Where the part of a weight lies; undefined where it is the whole. */
  slices(parameter: string): Slices | undefined;
  /** How a state of the block is kept: its full shape, its part, and where that lies. */
  state(spec: StateSpec): StateView;
  /** The blocks of the group, given the index of its move. */
  blocks(move: number): Block[];
  /** Input of the number of a block, where the group has many. */
  readonly numberInput: string | undefined;
}

/** How one block sees a state. */
export interface StateView {
  /** As it is kept, for all blocks of the group. */
  readonly spec: TensorSpec;
  part(whole: Tensor): Tensor;
  readonly slices: Slices | undefined;
}

const whole = (spec: StateSpec): StateView => ({ spec, part: (tensor) => tensor, slices: undefined });

/** The view of a group that is one block, of slices, or of elements. */
export function viewOf(group: BlockGroup): View {
  if (group.pieces === undefined) return wholeView(group);
  return group.pieces.kind === "slices" ? sliceView(group, group.pieces) : elementView(group, group.pieces.size);
}

/** All axes in one: [outer, count, inner] of an axis of a shape. */
function along(shape: Shape, axis: number, index: string): Slices {
  return { outer: sizeOf(shape.slice(0, axis)), count: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)), index };
}

const sizeOfBlock = ({ parameters }: BlockSpec) => parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

function wholeView(group: BlockGroup): View {
  return {
    block: group,
    part: (_, whole) => whole,
    raised: (_, whole, delta) => add(whole, delta),
    slices: () => undefined,
    state: whole,
    blocks: (move) => [{ name: group.name, move, number: 0, size: sizeOfBlock(group) }],
    numberInput: undefined,
  };
}

function sliceView(group: BlockGroup, { axes, table }: Extract<BlockGroup["pieces"], { kind: "slices" }>): View {
  const [indexName, numberInput] = [`${group.name}/slices`, `${group.name}/number`];
  const width = table[0]!.length;
  const index = input(indexName, [width], "index");
  const shapes = new Map(group.parameters.map(({ name, shape }) => [name, shape]));
  const axisOf = new Map(group.parameters.map(({ name }, i) => [name, axes[i]!]));
  const slices = (name: string) => along(shapes.get(name)!, axisOf.get(name)!, indexName);
  const part = (name: string, whole: Tensor) => take(whole, index, axisOf.get(name)!);
  const parameters = group.parameters.map((spec) => ({
    ...spec,
    shape: spec.shape.with(axisOf.get(spec.name)!, width),
  }));
  const block = { name: group.name, parameters };
  return {
    block,
    part,
    raised: (name, whole, delta) => addAt(whole, index, delta, axisOf.get(name)!),
    slices,
    state(spec) {
      const { like } = spec;
      if (spec.shared) return whole(spec);
      if (like !== undefined) {
        return {
          spec: { ...spec, shape: shapes.get(like)! },
          part: (whole) => part(like, whole),
          slices: slices(like),
        };
      }
      const number = input(numberInput, [1], "index");
      return {
        spec: { ...spec, shape: [table.length] },
        part: (whole) => reshape(take(whole, number, 0), []),
        slices: along([table.length], 0, numberInput),
      };
    },
    blocks: (move) =>
      table.map((numbers, number) => ({
        name: `${group.name}[${numbers.length > 4 ? `${numbers.slice(0, 3)},...` : numbers}]`,
        move,
        number,
        slices: { kind: "fixed", input: indexName, numbers },
        size: sizeOfBlock(block),
      })),
    numberInput,
  };
}

function elementView(group: BlockGroup, size: number): View {
  const [parameter] = group.parameters;
  const { name, shape } = parameter!;
  const inputName = `${name}/elements`;
  const index = input(inputName, [size], "index");
  const from = sizeOf(shape);
  const flat = along([from], 0, inputName);
  return {
    block: { name: group.name, parameters: [{ ...parameter!, shape: [size] }] },
    part: (_, whole) => takeElements(whole, index),
    raised: (_, whole, delta) => reshape(addAt(reshape(whole, [from]), index, delta, 0), shape),
    slices: () => flat,
    // a number of the block becomes one of each element
    state: (spec) =>
      spec.shared
        ? whole(spec)
        : {
            spec: { ...spec, shape: spec.like === undefined ? [from] : shape },
            part: (whole) => takeElements(whole, index),
            slices: flat,
          },
    blocks: (move) => [
      { name: group.name, move, number: 0, slices: { kind: "drawn", input: inputName, size, from }, size },
    ],
    numberInput: undefined,
  };
}
