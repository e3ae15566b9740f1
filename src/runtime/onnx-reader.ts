/** A reader of the ONNX models that this project writes: an independent second opinion on the bytes. */

/** An application of an operator. */
export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, number | readonly number[]>>;
}

/** A constant, integers as numbers. */
export interface OnnxInitializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The nodes of a model in their order, and its constants. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
}

type Field = { readonly number: number; readonly value: number | Uint8Array };

/** The graph of a model. Throws Error where the bytes are not one. */
export function readOnnx(model: Uint8Array): OnnxGraph {
  const graph = fieldsOf(messageOf(fieldsOf(model), 7));
  return {
    nodes: all(graph, 1).map((field) => readNode(fieldsOf(field.value as Uint8Array))),
    initializers: all(graph, 5).map((field) => readTensor(fieldsOf(field.value as Uint8Array))),
  };
}

function readNode(fields: readonly Field[]): OnnxNode {
  const attributes = all(fields, 5).map((field) => readAttribute(fieldsOf(field.value as Uint8Array)));
  return {
    type: text(fields, 4),
    inputs: all(fields, 1).map((field) => decoder.decode(field.value as Uint8Array)),
    output: text(fields, 2),
    attributes: Object.fromEntries(attributes),
  };
}

function readAttribute(fields: readonly Field[]): [string, number | number[]] {
  const [float, int] = [all(fields, 2)[0], all(fields, 3)[0]];
  if (float) return [text(fields, 1), viewOf(float.value as Uint8Array).getFloat32(0, true)];
  if (int) return [text(fields, 1), int.value as number];
  return [text(fields, 1), all(fields, 8).map((field) => field.value as number)];
}

function readTensor(fields: readonly Field[]): OnnxInitializer {
  const raw = messageOf(fields, 9);
  const view = viewOf(raw);
  const type = all(fields, 2)[0]!.value;
  const width = type === 1 ? 4 : 8;
  const read = (i: number) =>
    type === 1
      ? view.getFloat32(4 * i, true)
      : type === 11
        ? view.getFloat64(8 * i, true)
        : Number(view.getBigInt64(8 * i, true));
  return {
    name: text(fields, 8),
    shape: all(fields, 1).map((field) => field.value as number),
    values: Float64Array.from({ length: raw.length / width }, (_, i) => read(i)),
  };
}

const decoder = new TextDecoder();
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const all = (fields: readonly Field[], number: number) => fields.filter((field) => field.number === number);
const text = (fields: readonly Field[], number: number) => decoder.decode(messageOf(fields, number));

function messageOf(fields: readonly Field[], number: number): Uint8Array {
  const field = all(fields, number)[0];
  if (!(field?.value instanceof Uint8Array)) throw new Error(`internal: the ONNX model has no field ${number}.`);
  return field.value;
}

function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) {
      fields.push({ number: tag >> 3, value: varint() });
      continue;
    }
    const length = wireType === 5 ? 4 : varint();
    fields.push({ number: tag >> 3, value: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}
