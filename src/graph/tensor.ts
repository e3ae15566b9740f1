import { ShapeError } from "../errors.ts";
import { type InputRole, sizeOf } from "../program.ts";

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** `float` is float32 in programs that train, float64 in programs that check; `bool` is the result of a comparison, `index` the numbers of slices. */
export type ElementType = "float" | "bool" | "index";

/** What an application of an operator is told beside its inputs, by the names that ONNX uses where it has one. */
export type Attributes = Readonly<Record<string, number | readonly number[]>>;

/** How an application is spelt in ONNX beyond its tensor inputs. */
export interface OnnxSpelling {
  readonly ints?: Readonly<Record<string, number | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number>>;
  /** int64 vectors that ONNX wants as further inputs, for example the axes of `ReduceSum`. */
  readonly operands?: readonly (readonly number[])[];
  /** Results behind the first that nobody reads. */
  readonly spareResults?: number;
}

/** One operator: everything the compiler knows about it. */
export interface Operator {
  /** The name in ONNX. */
  readonly type: string;
  /** Element type of the result where it is not `float`. */
  readonly result?: ElementType;
  /** Types of the leading inputs; the rest are `float`. */
  readonly takes?: readonly ElementType[];
  /** Shape of the result. Throws ShapeError. */
  shape(inputs: readonly Shape[], attributes: Attributes): Shape;
  /** Gradient with respect to input `index`, as more graph, from the gradient `upstream` of the result; absent where the result counts as constant. */
  gradient?(node: Application, upstream: Tensor, index: number): Tensor;
  /** ONNX attributes and integer operands; absent where there are none. */
  onnx?(attributes: Attributes): OnnxSpelling;
  /** Multiply-accumulates of one application, where there are any worth counting. */
  macs?(node: Application): number;
  /** How WebAssembly spells it on four numbers at a time, where it goes element by element or adds up all elements. */
  readonly simd?: SimdSpelling;
}

/** An instruction of WebAssembly's 128-bit SIMD (opcode behind 0xfd). */
export interface SimdSpelling {
  readonly opcode: number;
  /** The order in which it takes the inputs where that is not theirs. */
  readonly operands?: readonly number[];
  /** Whether it takes what came before and one more element of the only input: a sum over all of them. */
  readonly isTotal?: boolean;
}

interface Value {
  readonly shape: Shape;
  readonly type: ElementType;
}

/** A tensor that the runner supplies. */
export interface Input extends Value {
  readonly kind: "input";
  readonly name: string;
  readonly role: InputRole;
}

/** A number, or the same few numbers every time. */
export interface Constant extends Value {
  readonly kind: "constant";
  readonly values: readonly number[];
}

/** An operator applied to tensors. */
export interface Application extends Value {
  readonly kind: "application";
  readonly operator: Operator;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
}

/** An immutable node of a graph; its shape is static. */
export type Tensor = Input | Constant | Application;

/** A named tensor that the runner supplies. */
export function input(name: string, shape: Shape, role: InputRole): Input {
  checkShape(`input ${name}`, shape);
  return { kind: "input", name, role, shape, type: "float" };
}

/** A constant: one number for a scalar, or as many as the shape holds. */
export function constant(values: number | readonly number[], shape?: Shape): Constant {
  const list = typeof values === "number" ? [values] : values;
  const dims = shape ?? (typeof values === "number" ? [] : [values.length]);
  checkShape("constant", dims);
  if (list.length !== sizeOf(dims)) {
    throw new ShapeError(`constant: shape ${show(dims)} holds ${sizeOf(dims)} values, got ${list.length}.`);
  }
  return { kind: "constant", values: list, shape: dims, type: "float" };
}

/** `operator` applied to `inputs`; the shape is inferred and checked here. */
export function apply(operator: Operator, inputs: readonly Tensor[], attributes: Attributes = {}): Application {
  checkTypes(operator, inputs);
  const shape = operator.shape(
    inputs.map((t) => t.shape),
    attributes,
  );
  checkShape(functionName(operator.type), shape);
  return { kind: "application", operator, inputs, attributes, shape, type: operator.result ?? "float" };
}

/** Whether a tensor is the application of an operator. */
export function isApplication(tensor: Tensor, operator: Operator): tensor is Application {
  return tensor.kind === "application" && tensor.operator === operator;
}

/** Whether a tensor is a one-element constant, of the given value if one is given. */
export function isScalarConstant(tensor: Tensor, value?: number): tensor is Constant {
  return (
    tensor.kind === "constant" && tensor.values.length === 1 && (value === undefined || tensor.values[0] === value)
  );
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** The function of an operator, as messages name it: `leakyRelu` of `LeakyRelu`. */
export function functionName(type: string): string {
  return type[0]!.toLowerCase() + type.slice(1);
}

/** A shape in messages: `[2, 3]`. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

function checkTypes({ type, takes = [] }: Operator, inputs: readonly Tensor[]): void {
  inputs.forEach((source, index) => {
    const expected = takes[index] ?? "float";
    if (source.type === expected) return;
    throw new ShapeError(
      `${functionName(type)}: expected input ${index} of type ${expected}, got ${source.type}. ${advice[expected]}`,
    );
  });
}

const advice: Readonly<Record<ElementType, string>> = {
  float: "Make numbers of it with where().",
  bool: "Compare it with something first.",
  index: "Use take(), which makes one.",
};

function checkShape(where: string, shape: Shape): void {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(sizeOf(shape))) {
    throw new ShapeError(`${where}: sizes are whole numbers from 0 on, got ${show(shape)}.`);
  }
}
