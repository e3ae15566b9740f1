import fc from "fast-check";
import { expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { parseIdx } from "./idx.ts";

function encodeIdx(dimensions: readonly number[], values: readonly number[], type = 8): Uint8Array {
  const sizes = dimensions.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
  return Uint8Array.of(0, 0, type, dimensions.length, ...sizes, ...values);
}

const valid = encodeIdx([2, 2, 3], [...Array(12).keys()]);

/** The `InputError` that reading throws. */
function refusal(bytes: Uint8Array): InputError {
  try {
    parseIdx(bytes, "a.idx");
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

const changed = (place: number, value: number) => valid.with(place, value);

test("reads back what was written, for every rank", () => {
  const arrays = fc
    .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
    .chain((dimensions) =>
      fc.tuple(
        fc.constant(dimensions),
        fc.uint8Array({ minLength: product(dimensions), maxLength: product(dimensions) }),
      ),
    );
  fc.assert(
    fc.property(arrays, ([dimensions, values]) => {
      const read = parseIdx(encodeIdx(dimensions, [...values]), "a.idx");
      expect(read).toEqual({ dimensions, values });
    }),
  );
});

const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);

test("gives a view of the bytes it was given, also where these are a view themselves", () => {
  const larger = new Uint8Array(valid.length + 10);
  larger.set(valid, 5);
  const { values } = parseIdx(larger.subarray(5, 5 + valid.length), "a.idx");
  expect(values.buffer).toBe(larger.buffer);
  expect([...values]).toEqual([...Array(12).keys()]);
});

test("refuses every truncation, at the byte where the file ends", () => {
  for (let length = 0; length < valid.length; length++) {
    expect(refusal(valid.subarray(0, length))).toMatchObject({ file: "a.idx", offset: length });
  }
  expect(refusal(valid.subarray(0, 20)).message).toMatchInlineSnapshot(
    `"a.idx: at byte 20: expected 28 bytes for dimensions [2, 2, 3], got 20. The file is truncated: fetch it again."`,
  );
});

test("refuses trailing data, at the first byte of it", () => {
  const error = refusal(Uint8Array.of(...valid, 0));
  expect(error.offset).toBe(valid.length);
  expect(error.message).toMatchInlineSnapshot(
    `"a.idx: at byte 28: expected 28 bytes for dimensions [2, 2, 3], got 29. Remove the trailing data, or fetch the file again."`,
  );
});

test("refuses a magic number that is not that of IDX", () => {
  expect(refusal(changed(0, 0x1f).with(1, 0x8b)).message).toMatchInlineSnapshot(
    `"a.idx: at byte 0: expected the two zero bytes that open an IDX file, got 1f 8b. Unpack the file with gunzip."`,
  );
  expect(refusal(changed(1, 1)).message).toMatchInlineSnapshot(
    `"a.idx: at byte 1: expected the two zero bytes that open an IDX file, got 00 01. Is this another kind of file?"`,
  );
});

test.each([
  [0x09, "signed bytes"],
  [0x0b, "16-bit integers"],
  [0x0c, "32-bit integers"],
  [0x0d, "32-bit floats"],
  [0x0e, "64-bit floats"],
  [0x0a, "which is none of the format"],
  [0x00, "which is none of the format"],
])("refuses type %i by its name, %s", (type, name) => {
  expect(refusal(changed(2, type))).toMatchObject({ offset: 2, message: expect.stringContaining(name) });
});

test("refuses ranks other than 1 to 4", () => {
  for (const rank of [0, 5, 255]) expect(refusal(changed(3, rank)).offset).toBe(3);
  expect(refusal(changed(3, 5)).message).toMatchInlineSnapshot(
    `"a.idx: at byte 3: expected 1 to 4 dimensions, got 5. Reshape the array."`,
  );
});

test("refuses an axis of size zero", () => {
  expect(refusal(encodeIdx([2, 0, 3], [])).message).toMatchInlineSnapshot(
    `"a.idx: at byte 8: expected a positive size of axis 1, got 0. Is the data set empty?"`,
  );
});

test("refuses sizes whose product leaves the exact integers, or wraps round to the length of the file", () => {
  const huge = 0xffffffff;
  expect(refusal(encodeIdx([huge, huge, huge, huge], [])).offset).toBe(4);
  expect(refusal(encodeIdx([65536, 65536], [])).message).toMatchInlineSnapshot(
    `"a.idx: at byte 8: expected at most 2147483648 values, got dimensions [65536, 65536, ...]. Split the file, or fetch it again."`,
  ); // 2^32 is 0 in 32 bits
  expect(refusal(encodeIdx([2, 0x80000001], [0, 0])).offset).toBe(8); // 2^32 + 2 is 2 in 32 bits
});
