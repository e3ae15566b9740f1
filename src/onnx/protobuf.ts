/** A writer of protocol buffers into one growing buffer: the wire types that ONNX models need. */
export interface ProtobufWriter {
  /** A signed or unsigned integer field (wire type 0). */
  integer(field: number, value: number): void;
  /** A float32 field (wire type 5). */
  float(field: number, value: number): void;
  /** A bytes field (wire type 2). */
  bytes(field: number, value: Uint8Array): void;
  /** A string field in UTF-8. */
  string(field: number, value: string): void;
  /** A nested message: what `write` writes. */
  message(field: number, write: (writer: ProtobufWriter) => void): void;
  /** What has been written. */
  finish(): Uint8Array;
}

const utf8 = new TextEncoder();

/** A writer with nothing written. */
export function protobufWriter(): ProtobufWriter {
  let buffer = new Uint8Array(256);
  let length = 0;

  const reserve = (more: number) => {
    if (length + more <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, length + more));
    larger.set(buffer.subarray(0, length));
    buffer = larger;
  };
  const varint = (value: bigint) => {
    reserve(10);
    let rest = BigInt.asUintN(64, value);
    for (; rest > 127n; rest >>= 7n) buffer[length++] = Number(rest & 127n) | 128;
    buffer[length++] = Number(rest);
  };
  const tag = (field: number, wireType: number) => varint(BigInt(field * 8 + wireType));
  const bytes = (field: number, value: Uint8Array) => {
    tag(field, 2);
    varint(BigInt(value.length));
    reserve(value.length);
    buffer.set(value, length);
    length += value.length;
  };

  return {
    integer(field, value) {
      tag(field, 0);
      varint(BigInt(value));
    },
    float(field, value) {
      tag(field, 5);
      reserve(4);
      new DataView(buffer.buffer).setFloat32(length, value, true);
      length += 4;
    },
    bytes,
    string: (field, value) => bytes(field, utf8.encode(value)),
    message(field, write) {
      const inner = protobufWriter();
      write(inner);
      bytes(field, inner.finish());
    },
    finish: () => buffer.slice(0, length),
  };
}
