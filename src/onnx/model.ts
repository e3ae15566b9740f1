import type { Graph } from "../graph/graph.ts";
import type { Application, ElementType, OnnxSpelling, Shape, Tensor } from "../graph/tensor.ts";
import { type ProtobufWriter, protobufWriter } from "./protobuf.ts";

/** Element type of every number in a model: float32 to train, float64 to check. */
export type Precision = "float32" | "float64";

const irVersion = 9;
const opset = 19;

// Field and enumeration numbers of onnx.proto (ONNX 1.14).
const model = { irVersion: 1, producer: 2, graph: 7, opsetImport: 8 };
const graphField = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const nodeField = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 };
const attributeField = { name: 1, f: 2, i: 3, ints: 8, type: 20 };
const attributeType = { float: 1, int: 2, ints: 7 };
const tensorField = { dims: 1, dataType: 2, name: 8, rawData: 9 };
const dataType = { float32: 1, int64: 7, bool: 9, float64: 11 };

/** ONNX model bytes of a graph, in standard operators; equal graphs give equal bytes. */
export function encodeModel(name: string, graph: Graph, precision: Precision = "float32"): Uint8Array {
  const writer = protobufWriter();
  writer.integer(model.irVersion, irVersion);
  writer.string(model.producer, "coordescent");
  writer.message(model.graph, (w) => writeGraph(w, name, graph, precision));
  writer.message(model.opsetImport, (w) => {
    w.string(1, "");
    w.integer(2, opset);
  });
  return writer.finish();
}

function writeGraph(w: ProtobufWriter, name: string, graph: Graph, precision: Precision): void {
  const names = nameTensors(graph);
  const operands = new Map<string, readonly number[]>();
  for (const tensor of graph.tensors) {
    if (tensor.kind === "application") w.message(graphField.node, (n) => writeNode(n, tensor, names, operands));
  }
  for (const { name: output, tensor } of graph.outputs) {
    if (names.get(tensor) !== output) w.message(graphField.node, (n) => writeIdentity(n, names.get(tensor)!, output));
  }
  w.string(graphField.name, name);
  for (const tensor of graph.tensors) {
    if (tensor.kind === "constant") {
      const raw = encode(precision, tensor.values);
      w.message(graphField.initializer, (t) =>
        writeTensor(t, names.get(tensor)!, tensor.shape, dataType[precision], raw),
      );
    }
  }
  for (const [operand, values] of operands) {
    const raw = encode("int64", values);
    w.message(graphField.initializer, (t) => writeTensor(t, operand, [values.length], dataType.int64, raw));
  }
  for (const input of graph.inputs) {
    w.message(graphField.input, (v) => writeValueInfo(v, input.name, input.shape, input.type, precision));
  }
  for (const { name: output, tensor } of graph.outputs) {
    w.message(graphField.output, (v) => writeValueInfo(v, output, tensor.shape, tensor.type, precision));
  }
}

/**
 * An input keeps its name, a tensor that is an output takes the first output's, the rest are numbered by operator behind a `#`, which no name of
 * an input or output begins with.
 */
function nameTensors(graph: Graph): Map<Tensor, string> {
  const names = new Map<Tensor, string>();
  for (const { name, tensor } of graph.outputs) {
    if (tensor.kind === "application" && !names.has(tensor)) names.set(tensor, name);
  }
  graph.tensors.forEach((tensor, index) => {
    if (tensor.kind === "input") names.set(tensor, tensor.name);
    if (tensor.kind === "constant") names.set(tensor, `#${index}`);
    if (tensor.kind === "application" && !names.has(tensor)) names.set(tensor, `#${index}/${tensor.operator.type}`);
  });
  return names;
}

function writeNode(
  w: ProtobufWriter,
  tensor: Application,
  names: ReadonlyMap<Tensor, string>,
  operands: Map<string, readonly number[]>,
): void {
  const {
    ints = {},
    floats = {},
    operands: own = [],
    spareResults = 0,
  }: OnnxSpelling = tensor.operator.onnx?.(tensor.attributes) ?? {};
  for (const source of tensor.inputs) w.string(nodeField.input, names.get(source)!);
  for (const values of own) {
    const operand = `#int64/${values.join(",")}`;
    operands.set(operand, values);
    w.string(nodeField.input, operand);
  }
  const name = names.get(tensor)!;
  w.string(nodeField.output, name);
  for (let i = 1; i <= spareResults; i++) w.string(nodeField.output, `#spare${i}/${name}`);
  w.string(nodeField.name, name);
  w.string(nodeField.opType, tensor.operator.type);
  for (const [key, value] of Object.entries(ints)) w.message(nodeField.attribute, (a) => writeInts(a, key, value));
  for (const [key, value] of Object.entries(floats)) w.message(nodeField.attribute, (a) => writeFloat(a, key, value));
}

function writeIdentity(w: ProtobufWriter, source: string, target: string): void {
  w.string(nodeField.input, source);
  w.string(nodeField.output, target);
  w.string(nodeField.name, target);
  w.string(nodeField.opType, "Identity");
}

function writeInts(w: ProtobufWriter, name: string, value: number | readonly number[]): void {
  w.string(attributeField.name, name);
  if (typeof value === "number") w.integer(attributeField.i, value);
  else for (const item of value) w.integer(attributeField.ints, item);
  w.integer(attributeField.type, typeof value === "number" ? attributeType.int : attributeType.ints);
}

function writeFloat(w: ProtobufWriter, name: string, value: number): void {
  w.string(attributeField.name, name);
  w.float(attributeField.f, value);
  w.integer(attributeField.type, attributeType.float);
}

function writeTensor(w: ProtobufWriter, name: string, shape: Shape, type: number, raw: Uint8Array): void {
  for (const size of shape) w.integer(tensorField.dims, size);
  w.integer(tensorField.dataType, type);
  w.string(tensorField.name, name);
  w.bytes(tensorField.rawData, raw);
}

function writeValueInfo(w: ProtobufWriter, name: string, shape: Shape, type: ElementType, precision: Precision): void {
  w.string(1, name);
  w.message(2, (typeProto) => {
    typeProto.message(1, (tensorType) => {
      tensorType.integer(1, type === "bool" ? dataType.bool : dataType[precision]);
      tensorType.message(2, (shapeProto) => {
        for (const size of shape) shapeProto.message(1, (dimension) => dimension.integer(1, size));
      });
    });
  });
}

function encode(type: Precision | "int64", values: readonly number[]): Uint8Array {
  const width = type === "float32" ? 4 : 8;
  const view = new DataView(new ArrayBuffer(width * values.length));
  values.forEach((value, i) => {
    if (type === "float32") view.setFloat32(4 * i, value, true);
    else if (type === "float64") view.setFloat64(8 * i, value, true);
    else view.setBigInt64(8 * i, BigInt(value), true);
  });
  return new Uint8Array(view.buffer);
}
