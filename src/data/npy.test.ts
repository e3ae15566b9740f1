import { expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { stream, word } from "../random.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";

/** A file with a header of one's own. */
function forged(header: string, { version = 1, numbers = 0, length = header.length } = {}): Uint8Array {
  const sizes = version === 1 ? [length & 255, length >> 8] : [length & 255, (length >> 8) & 255, length >> 16, 0];
  return Buffer.concat([
    Buffer.from("\x93NUMPY", "latin1"),
    Uint8Array.of(version, 0, ...sizes),
    Buffer.from(header, "latin1"),
    new Uint8Array(numbers),
  ]);
}

const header = (descr = "'<f4'", order = "False", shape = "(2,)") =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

/** The `InputError` that reading throws. */
function refusal(bytes: Uint8Array): InputError {
  try {
    decodeNpy(bytes, "a.npy");
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

const arrays = [
  { shape: [2, 3], dtype: "<f4", values: Float32Array.of(0, 1.5, -3, Number.MIN_VALUE, Infinity, 7.5) },
  { shape: [2, 1, 3], dtype: "<f8", values: Float64Array.of(0, Math.PI, 3, Number.MIN_VALUE, -6, 7.5) },
  { shape: [3], dtype: "|u1", values: Uint8Array.of(0, 128, 255) },
  { shape: [], dtype: "<f8", values: Float64Array.of(3) },
  { shape: [0, 28, 28], dtype: "<f4", values: new Float32Array() },
] as const;

test.each(arrays)("reads back what was written, $dtype $shape, from wherever it lies in memory", (array) => {
  const file = encodeNpy(array.shape, array.values);
  expect(file.length).toBe(128 + array.values.byteLength);
  const larger = new Uint8Array(file.length + 20);
  larger.set(file, 7);
  for (const bytes of [file, larger.subarray(7, 7 + file.length)]) {
    const read = decodeNpy(bytes, "a.npy");
    expect(read).toEqual(array);
    expect(read.values.buffer === bytes.buffer).toBe(true); // memory has them once
  }
});

test("writes what NumPy 2.4.6 writes, and reads its version 2.0", () => {
  // numpy.save(file, numpy.array([[0, 1, 2], [3, 4, 255]], "|u1"))
  const saved = `{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }${" ".repeat(58)}\n`;
  const bytes = Buffer.concat([forged(saved), Uint8Array.of(0, 1, 2, 3, 4, 255)]);
  expect(Buffer.from(encodeNpy([2, 3], Uint8Array.of(0, 1, 2, 3, 4, 255)))).toEqual(bytes);
  // numpy.lib.format.write_array(file, numpy.array([0, 1.5], "<f4"), version=(2, 0))
  const second = `{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }${" ".repeat(58)}\n`;
  const numbers = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xc0, 0x3f);
  const read = decodeNpy(Buffer.concat([forged(second, { version: 2 }), numbers]), "a.npy");
  expect(read).toEqual({ shape: [2], dtype: "<f4", values: Float32Array.of(0, 1.5) });
});

test("reads the keys of a header in any order, in either quotes, with or without a last comma", () => {
  const shuffled = `{"shape":(2 ,1),"fortran_order":False , "descr":"|u1"}`;
  expect(decodeNpy(forged(shuffled, { version: 3, numbers: 2 }), "a.npy").shape).toEqual([2, 1]);
});

test("refuses every truncation, and a byte too many", () => {
  const file = encodeNpy([2, 3], new Float32Array(6));
  for (let length = 0; length < file.length; length++) {
    expect(refusal(file.subarray(0, length)).offset, `${length} bytes`).toBeLessThanOrEqual(length);
  }
  expect(refusal(file.subarray(0, 140)).message).toMatchInlineSnapshot(
    `"a.npy: at byte 140: expected 24 bytes of numbers for shape [2, 3] of type <f4, got 12. Truncated or damaged: save it again."`,
  );
  expect(refusal(Uint8Array.of(...file, 0)).offset).toBe(file.length);
});

test("gives an array or an InputError for 2,000 files with changed bytes", () => {
  const file = encodeNpy([2, 3], new Float32Array(6));
  const noise = stream(1, "mutations");
  let accepted = 0;
  for (let i = 0; i < 2000; i++) {
    const changed = Uint8Array.from(file);
    for (let k = 0; k <= i % 4; k++) changed[word(noise, i, 2 * k) % 70] = word(noise, i, 2 * k + 1) % 256;
    try {
      const { shape, values } = decodeNpy(changed, "a.npy");
      expect(values.length).toBe(shape.reduce((a, b) => a * b, 1));
      accepted++;
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
    }
  }
  expect(accepted).toBeLessThan(400); // spaces can become other spaces
});

test.each([
  ["another kind of file", Buffer.from("\x93NUMPZ, or so", "latin1"), /byte 5: expected an NPY file, .* numpy.save\./],
  ["an unknown version", forged(header(), { version: 4 }), /byte 6: expected version 1.0, 2.0 or 3.0.*, got 4.0\./],
  ["a long header", forged(header().padEnd(10_001), { version: 2 }), /byte 8: expected a header .*, got 10001\./],
  ["a header beyond the end", forged(header(), { version: 2, length: 2 ** 23 }), /byte 8: .* file's 70, got 8388608\./],
  ["big-endian numbers", forged(header("'>f4'")), /byte 10: expected .*, got >f4\. .*astype\(numpy.float32\)/],
  ["pickled objects", forged(header("'|O'")), /byte 10: .*Python objects \(\|O\), which are never read\./],
  ["structured types", forged(header("[('a', '<f4')]")), /byte 20: expected a name in quotes, got \[\('a'/],
  ["Fortran order", forged(header("'<f4'", "True")), /byte 10: .*Fortran order\. .*ascontiguousarray\(array\)/],
  ["a program", forged(header("'<f4'", "False", "__import__('os')")), /byte 60: expected \(, got __import__\('os'\)/],
  ["a negative size", forged(header("'<f4'", "False", "(-2,)")), /byte 61: expected a whole number, got -2/],
  [
    "sizes too large to be exact",
    forged(header("'<f4'", "False", "(4294967296, 4294967296, 0)")),
    /product below 2\^53/,
  ],
  ["nine sizes", forged(header("'<f4'", "False", `(${"1, ".repeat(9)})`)), /byte 10: expected at most 8 sizes/],
  ["a key twice", forged("{'descr': '<f4', 'descr': '<f4'}"), /byte 27: expected each key once, got descr again/],
  ["an unknown key", forged("{'__proto__': '<f4'}"), /byte 11: expected the keys .*, got __proto__/],
  ["a key too few", forged("{'descr': '<f4', 'shape': (1,)}"), /byte 41: expected descr, fortran_order and shape/],
  ["more behind the header", forged(`${header().trim()} + 1`), /byte 68: .* and nothing else/],
  ["a header cut short", forged("{'descr': '<f4',"), /byte 26: expected a name in quotes, got the end of the header/],
])("refuses %s, and says where and what to do", (_, bytes, pattern) => {
  expect(refusal(bytes).message).toMatch(pattern);
});
